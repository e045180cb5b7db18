import type { MachineHost, RunOutcome } from "#machine/face.ts";
import type { BootMessage, GuestEngine, OpaqueParts, WorkerMessage } from "#protocol/messages.ts";
import type { GuestMemory } from "#memory/guest-memory.ts";

/** The machine as its runner uses it. */
export interface RunnableMachine {
  run(budget: number): RunOutcome;
  /** Input came, or output has room again. */
  wake(): void;
  /** Guest time stands still until the next `run`. */
  stopClock(): void;
  /** Back to power-on, its files loaded anew. */
  reset(): void;
  save(): OpaqueParts;
  /** RAM is already what it was; drops every cache of it and of the hart. */
  restore(parts: OpaqueParts): void;
  /** RAM was packed and its pages are clean: the next write to each must be seen. */
  pagesCleaned(): void;
  stateHash(): string;
  resizeConsole(columns: number, rows: number): void;
  /** Instructions begun since power-on. */
  readonly ticks: bigint;
}

/** What the runner gives a machine; disks come from whoever makes the machine. */
export type RunnerMachineHost = Omit<MachineHost, "disks">;

/** What differs between a browser's worker and Node's. */
export interface WorkerHost {
  /** Gives `transfer` away instead of copying it. */
  post(message: WorkerMessage, transfer?: readonly ArrayBuffer[]): void;
  /** Milliseconds on a clock that only goes forward, and since 1970. */
  readonly now: () => number;
  readonly epoch: () => number;
  readonly random: (bytes: Uint8Array) => void;
  /** Calls back soon, after the messages that came meanwhile. */
  readonly soon: (callback: () => void) => void;
  /** Does what of a machine can be done before its files are there. */
  readonly prepare: (memory: GuestMemory, engine: GuestEngine) => void;
  readonly makeMachine: (
    boot: BootMessage,
    memory: GuestMemory,
    host: RunnerMachineHost,
  ) => RunnableMachine | Promise<RunnableMachine>;
}
