import type { BootMessage, WorkerReply } from "#protocol/messages.ts";
import { TabvisorError, type GuestStats } from "#protocol/tabvisor.ts";
import type { GuestConsole } from "./guest-console.ts";
import { GuestMeter } from "./guest-meter.ts";
import type { HypervisorHost, SharedGuestMemory } from "./host.ts";
import { WorkerLink, type WorkerEvent } from "./worker-link.ts";

/** What a machine is made with. */
export interface GuestMachineOptions {
  readonly host: HypervisorHost;
  /** The guest's. */
  readonly name: string;
  readonly memoryMiB: number;
  readonly console: GuestConsole;
  /** What the worker says of itself. */
  readonly receive: (event: WorkerEvent) => void;
  /** The worker is gone, and with it the machine. */
  readonly lost: (reason: string) => void;
}

/** What a boot message says besides what the machine knows itself. */
export type BootOptions = Omit<BootMessage, "type" | "memory" | "engine">;

/**
 * One machine of a guest, as the page holds it: its memory, the worker that runs it, the console's rings and the meter.
 * A guest that boots anew gets another one.
 */
export class GuestMachine {
  readonly #host: HypervisorHost;
  readonly #console: GuestConsole;
  readonly #link: WorkerLink;
  readonly #meter: GuestMeter;

  /** Makes memory and starts a worker over it, which gets ready while files are fetched; throws a TabvisorError. */
  constructor({ host, name, memoryMiB, console, receive, lost }: GuestMachineOptions) {
    this.#host = host;
    this.#console = console;
    const memory = makeMemory(host, name, memoryMiB);
    this.#meter = new GuestMeter(memory, host.now);
    const link: WorkerLink = new WorkerLink(host, name, memory, {
      event: receive,
      lost,
      looked: () => this.#meter.sample(),
    });
    this.#link = link;
    console.connect(memory, {
      wake: () => link.post({ type: "wake" }),
      resize: (columns, rows) => link.post({ type: "resize", columns, rows }),
      corrupt: (error) => link.breakOff(`The guest's worker broke the console's rules (${error.message}).`),
    });
    link.post({ type: "prepare", memory: memory.memory, memoryMiB, engine: host.engine });
  }

  get ended(): boolean {
    return this.#link.ended;
  }

  /** Resolves once the machine stands, paused; rejects with a TabvisorError saying why it does not. */
  boot(options: BootOptions): Promise<void> {
    const { memory } = this.#link.memory;
    return this.#link.boot({ type: "boot", memory, engine: this.#host.engine, ...options });
  }

  run(): void {
    this.#link.post({ type: "run" });
  }

  /** Resolves once it stands between two instructions. */
  async pause(): Promise<void> {
    await this.#link.request<"pause">({ type: "pause" });
  }

  /** Packs what changed since the snapshot that it stands on. With `adopt`, it stands on the new one afterwards. */
  snapshot(id: string, adopt: boolean): Promise<Extract<WorkerReply, { type: "snapshotted" }>> {
    return this.#link.request<"snapshot">({ type: "snapshot", id, adopt });
  }

  /** Goes back to a snapshot and stands there; resolves with the place in the output ring where the past ends. */
  async restore(id: string): Promise<number> {
    return (await this.#link.request<"restore">({ type: "restore", id })).outputPosition;
  }

  /** A snapshot is no more; its children come with new parents and pages. */
  forget(id: string, children: BootMessage["snapshots"]): void {
    this.#link.post({ type: "forget", id, children });
  }

  async stateHash(): Promise<string> {
    return (await this.#link.request<"hash">({ type: "hash" })).hash;
  }

  stats(snapshotBytes: number): GuestStats {
    return this.#meter.stats(snapshotBytes);
  }

  /** The worker broke a rule: it is ended, and the guest told. */
  breakOff(reason: string): void {
    this.#link.breakOff(reason);
  }

  /** Ends the worker without a word. What it printed stays. */
  end(): void {
    this.#console.disconnect();
    this.#link.end();
  }
}

function makeMemory(host: HypervisorHost, name: string, memoryMiB: number): SharedGuestMemory {
  try {
    return host.createMemory(memoryMiB);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new TabvisorError(
      `The browser has no ${memoryMiB} MiB of shared memory left for ${name} (${detail}). Destroy a guest or close other tabs, then start it again.`,
    );
  }
}
