import { words } from "#base/words.ts";
import type { BootMessage, SnapshotRecord } from "#protocol/messages.ts";
import { TabvisorError, type GuestStats } from "#protocol/tabvisor.ts";
import type { GuestConsole } from "#hypervisor/console/guest-console.ts";
import { GuestMeter } from "./guest-meter.ts";
import type { GuestOptions } from "./guest-options.ts";
import type { SharedGuestMemory } from "./host.ts";
import type { ImageFiles } from "./image-store.ts";
import { WorkerLink, type WorkerEvent } from "./worker-link.ts";

/** What a guest's machine tells its guest. */
export interface MachineListener {
  event(event: WorkerEvent): void;
  /** The worker is lost, and the machine with it. */
  lost(reason: string): void;
  /** How far its image has been fetched. */
  progressed(): void;
}

/** A guest's machine as the page has it: memory, worker, meter and image files. There is one at a time, or none. */
export class GuestMachine {
  readonly #options: GuestOptions;
  readonly #console: GuestConsole;
  readonly #listener: MachineListener;
  #link: WorkerLink | undefined;
  #meter: GuestMeter | undefined;
  #progress: { readonly doneBytes: number; readonly totalBytes: number } | undefined;
  #isWanted: () => boolean = () => true;
  files: ImageFiles | undefined;

  constructor(options: GuestOptions, console: GuestConsole, listener: MachineListener) {
    this.#options = options;
    this.#console = console;
    this.#listener = listener;
  }

  get link(): WorkerLink | undefined {
    return this.#link;
  }

  /** While its image is fetched. */
  get progress(): { readonly doneBytes: number; readonly totalBytes: number } | undefined {
    return this.#progress;
  }

  /** The worker of a machine that stands; throws a TabvisorError where there is none. */
  linked(name: string): WorkerLink {
    if (!this.#link || this.#link.ended) throw new TabvisorError(`${name} has no machine now. Start or reset it.`);
    return this.#link;
  }

  /**
   * Fetches files, makes memory and worker, and a machine at power-on or at a snapshot. Rejects with a TabvisorError.
   * `isWanted`: asked while files are fetched.
   */
  async boot(
    snapshots: readonly SnapshotRecord[],
    restoreTo: string | undefined,
    isWanted: () => boolean,
  ): Promise<void> {
    this.end();
    this.#isWanted = isWanted;
    try {
      // The worker comes up while files are fetched.
      const link = this.#connect(this.#makeMemory());
      const { memoryMiB, host } = this.#options;
      link.post({ type: "prepare", memory: link.memory.memory, memoryMiB, engine: host.engine });
      this.files ??= await this.#load();
      await link.boot(this.#bootMessage(link.memory, this.files, snapshots, restoreTo));
    } finally {
      this.#progress = undefined;
    }
  }

  /** The worker goes, whatever it is doing: what was asked of it is rejected. */
  end(): void {
    this.#console.disconnect();
    this.#link?.end();
    this.#link = undefined;
    this.#meter = undefined;
  }

  stats(snapshotBytes: number): GuestStats {
    if (this.#meter) return this.#meter.stats(snapshotBytes);
    const rates = { instructions: 0, mips: 0, cpuPercent: 0, dirtyPages: 0, uptimeMs: 0 };
    return { ...rates, memoryBytes: snapshotBytes, counters: {} };
  }

  #load(): Promise<ImageFiles> {
    return this.#options.images.load(this.#options.manifest, {
      onProgress: (doneBytes, totalBytes) => {
        this.#progress = { doneBytes, totalBytes };
        this.#listener.progressed();
      },
      isCancelled: () => !this.#isWanted(),
    });
  }

  #makeMemory(): SharedGuestMemory {
    const { host, memoryMiB, name } = this.#options;
    try {
      return host.createMemory(memoryMiB);
    } catch (error) {
      const detail = words(error);
      throw new TabvisorError(
        `The browser has no ${memoryMiB} MiB of shared memory left for ${name} (${detail}). Destroy a guest or close other tabs, then start it again.`,
      );
    }
  }

  /** A new worker over `memory`, its machine not made yet. */
  #connect(memory: SharedGuestMemory): WorkerLink {
    const { host, name } = this.#options;
    const link: WorkerLink = new WorkerLink(host, name, memory, {
      event: (event) => link === this.#link && this.#listener.event(event),
      lost: (reason) => link === this.#link && this.#listener.lost(reason),
      looked: () => this.#meter?.sample(),
    });
    this.#link = link;
    this.#meter = new GuestMeter(memory, host.now);
    this.#console.connect(memory, {
      wake: () => link.post({ type: "wake" }),
      resize: (columns, rows) => link.post({ type: "resize", columns, rows }),
      skipInput: (position, byteLength) => {
        link.post({ type: "skipInput", position });
        const message = `The rest of what was pasted, ${Math.ceil(byteLength / 1024)} KiB, was dropped: Ctrl+C, Ctrl+\\ or Ctrl+Z came.`;
        this.#listener.event({ type: "log", level: "info", message });
      },
      corrupt: (error) => link.breakOff(`The guest's worker broke the console's rules (${error.message}).`),
    });
    return link;
  }

  #bootMessage(
    { memory }: SharedGuestMemory,
    files: ImageFiles,
    snapshots: readonly SnapshotRecord[],
    restoreTo: string | undefined,
  ): BootMessage {
    const { clock, pauseAtInstructions, memoryMiB, commandLine, manifest, host } = this.#options;
    return {
      type: "boot",
      memory,
      engine: host.engine,
      settings: { memoryMiB, firmware: manifest.firmware, commandLine, clock, diskCount: files.disks.length },
      ...files,
      snapshots,
      ...(restoreTo !== undefined && { restoreTo }),
      ...(pauseAtInstructions !== undefined && { pauseAtInstructions }),
    };
  }
}
