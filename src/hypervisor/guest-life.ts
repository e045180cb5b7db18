import { TabvisorError, type RunState } from "#protocol/tabvisor.ts";
import type { GuestConsole } from "#hypervisor/console/guest-console.ts";
import type { GuestLog } from "./guest-log.ts";
import { Lifecycle } from "./lifecycle.ts";

/** A guest's life as others hear of it: how it ends goes to its log, and to those who wait for its console. */
export class GuestLife {
  readonly #life: Lifecycle;
  readonly #name: () => string;
  readonly #log: GuestLog;
  readonly #console: () => GuestConsole;

  constructor(changed: () => void, name: () => string, log: GuestLog, console: () => GuestConsole) {
    this.#life = new Lifecycle(changed);
    this.#name = name;
    this.#log = log;
    this.#console = console;
  }

  get runState(): RunState {
    return this.#life.runState;
  }

  get reason(): string | undefined {
    return this.#life.reason;
  }

  /** Its machine stands: it runs, or is paused. */
  get hasMachine(): boolean {
    return this.runState === "running" || this.runState === "paused";
  }

  become(runState: "loading" | "running" | "paused"): void {
    this.#life.become(runState);
  }

  stop(reason: string): void {
    this.#console().drain();
    this.#life.become("stopped", reason);
    this.#log.add("info", reason);
    this.#console().end(`${this.#name()} has stopped: ${reason}`);
  }

  crash(reason: string): void {
    if (this.runState === "crashed") return;
    this.#life.become("crashed", reason);
    this.#log.add("error", reason);
    this.#console().end(`${this.#name()} has crashed: ${reason}`);
  }

  /** Why its console will say nothing more, if so. */
  get over(): string | undefined {
    if (this.runState !== "stopped" && this.runState !== "crashed") return undefined;
    return `${this.#name()} has ${this.runState}: ${this.reason ?? "no reason is known"}`;
  }

  not(what: string): TabvisorError {
    return new TabvisorError(`${this.#name()} is ${this.runState} and cannot be ${what} now.`);
  }
}
