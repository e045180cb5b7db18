import type { RunState } from "#protocol/tabvisor.ts";

/**
 * A guest's life. Every change of `runState` is one of these, made by `Lifecycle.become`.
 *
 *                        pause
 *     loading ──► running ◄──► paused          loading: files are fetched, the machine is made
 *      │  ▲        │   │  resume  │            paused:  the machine stands between two instructions
 *      │  │        │   │          │            stopped: the guest switched itself off, or its plug was pulled
 *      │  │ start  │   └──────────┼──► stopped
 *      │  ├────────┼── stopped ◄──┘            crashed: the kernel died, or the worker did; `reason` says why
 *      │  └────────┼── crashed
 *      └───────────┴──► crashed
 *
 *     reset: running, paused, stopped, crashed ──► running or paused (through loading where the worker is gone)
 */
const ALLOWED: Readonly<Record<RunState, readonly RunState[]>> = {
  loading: ["running", "paused", "stopped", "crashed"],
  running: ["paused", "stopped", "crashed", "loading"],
  paused: ["running", "stopped", "crashed", "loading"],
  stopped: ["loading", "running", "paused", "crashed"],
  crashed: ["loading", "running", "paused", "stopped"],
};

/** Where a guest is in its life, and why. */
export class Lifecycle {
  readonly #changed: () => void;
  #runState: RunState = "loading";
  #reason: string | undefined;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get runState(): RunState {
    return this.#runState;
  }

  get reason(): string | undefined {
    return this.#reason;
  }

  /** `reason`: why it crashed or stopped, in words for a person. */
  become(runState: RunState, reason?: string): void {
    if (runState !== this.#runState && !ALLOWED[this.#runState].includes(runState)) {
      throw new Error(`a guest that is ${this.#runState} cannot become ${runState}`);
    }
    this.#runState = runState;
    this.#reason = reason;
    this.#changed();
  }
}
