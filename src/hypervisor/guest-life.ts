import type { ImageManifest } from "#protocol/image.ts";
import { TabvisorError, type GuestStats, type TabvisorEvent } from "#protocol/tabvisor.ts";
import type { Turn } from "./acts.ts";
import { ConsoleWatch } from "./console-watch.ts";
import { GuestConsole } from "./guest-console.ts";
import { GuestLog } from "./guest-log.ts";
import { GuestMachine, type BootOptions } from "./guest-machine.ts";
import { GuestSnapshots } from "./guest-snapshots.ts";
import type { HypervisorHost } from "./host.ts";
import type { ImageFiles, ImageStore } from "./image-store.ts";
import { Lifecycle } from "./lifecycle.ts";
import type { SnapshotNode } from "./snapshot-tree.ts";
import type { WorkerEvent } from "./worker-link.ts";

/** What a guest is made of and with. */
export interface LifeOptions {
  readonly id: string;
  readonly manifest: ImageManifest;
  readonly memoryMiB: number;
  readonly commandLine: string;
  readonly clock: "wall" | "virtual";
  readonly pauseAtInstructions: number | undefined;
  readonly host: HypervisorHost;
  readonly images: ImageStore;
  readonly emit: (event: TabvisorEvent) => void;
}

/** What a life asks of its guest. */
export interface LifeOwner {
  readonly name: () => string;
  /** The first prompt has shown: it is time for `snapshotFirstPrompt`. */
  readonly prompted: () => Promise<void>;
}

/** A dying kernel gets this long to print the rest of its last words. */
const LAST_WORDS_MS = 250;
/** A guest that has printed nothing for so long since power-on is pointed out. */
const MUTE_MS = 15_000;
const FIRST_PROMPT = "First prompt";

/**
 * What becomes of a guest: its machines one after the other, what they print, and how they end. Acts that wait take the
 * turn that they are done in (`acts.ts`), and do not overlap. See `lifecycle.ts` for the states.
 */
export class GuestLife {
  readonly lifecycle: Lifecycle;
  readonly log: GuestLog;
  readonly console: GuestConsole;
  readonly snapshots: GuestSnapshots;
  readonly #options: LifeOptions;
  readonly #owner: LifeOwner;
  readonly #watch: ConsoleWatch;
  #progress: { readonly doneBytes: number; readonly totalBytes: number } | undefined;
  #files: ImageFiles | undefined;
  #machine: GuestMachine | undefined;
  #awaitsPrompt = false;
  #destroyed = false;

  constructor(options: LifeOptions, owner: LifeOwner) {
    const { id, manifest, memoryMiB, host, emit } = options;
    this.#options = options;
    this.#owner = owner;
    this.#watch = new ConsoleWatch(manifest);
    this.lifecycle = new Lifecycle(() => this.changed());
    this.log = new GuestLog(host.epoch, (entry) => emit({ type: "logged", guestId: id, entry }));
    this.console = new GuestConsole(
      host,
      () => this.#whyNothingComes(),
      (text) => this.#printed(text),
    );
    this.snapshots = new GuestSnapshots({ guestId: id, memoryMiB, console: this.console, epoch: host.epoch });
  }

  get progress(): { readonly doneBytes: number; readonly totalBytes: number } | undefined {
    return this.#progress;
  }

  /** What the guest is made from, once it was loaded. */
  get files(): ImageFiles | undefined {
    return this.#files;
  }

  /** The machine that there is; throws a TabvisorError where there is none. */
  get machine(): GuestMachine {
    const machine = this.#machine;
    if (!machine || machine.ended) throw new TabvisorError(`${this.#name} has no machine now. Start or reset it.`);
    return machine;
  }

  stats(): GuestStats {
    const snapshotBytes = this.snapshots.bytes;
    if (this.#machine) return this.#machine.stats(snapshotBytes);
    return {
      instructions: 0,
      mips: 0,
      cpuPercent: 0,
      memoryBytes: snapshotBytes,
      dirtyPages: 0,
      uptimeMs: 0,
      counters: {},
    };
  }

  /** Starts where another guest was. */
  bootFrom(turn: Turn, chain: readonly SnapshotNode[], files: ImageFiles | undefined): Promise<void> {
    this.#files = files;
    for (const node of chain) this.snapshots.add(node);
    return this.boot(turn, chain.at(-1), "running");
  }

  /** Makes a machine, fetches files, and runs: from power-on, or from a snapshot. */
  async boot(turn: Turn, node: SnapshotNode | undefined, then: "running" | "paused"): Promise<void> {
    this.#unplug();
    this.lifecycle.become("loading");
    try {
      // The worker comes up while files are fetched.
      const machine = this.#makeMachine();
      this.#files ??= await this.#load(turn);
      turn.check();
      await machine.boot(this.#bootOptions(this.#files, node));
      turn.check();
    } catch (error) {
      turn.check();
      this.#unplug();
      this.#crash(words(error));
      throw error;
    }
    this.#progress = undefined;
    this.snapshots.standsOn = node?.id;
    this.#awaitsPrompt = node === undefined;
    this.console.rewind(node?.screen ?? new Uint8Array(0));
    const { manifest, memoryMiB } = this.#options;
    this.log.add("info", node ? `Started from “${node.label}”.` : `Booted ${manifest.title} with ${memoryMiB} MiB.`);
    this.goOn(then);
    if (!node) this.#watchForSilence();
  }

  /** Goes back in the machine that there is; false where that cannot be. */
  async restore(turn: Turn, node: SnapshotNode, then: "running" | "paused"): Promise<boolean> {
    const machine = this.#machine;
    if (!machine || machine.ended) return false;
    try {
      const outputPosition = await machine.restore(node.id);
      turn.check();
      this.console.rewind(node.screen, outputPosition);
    } catch (error) {
      turn.check();
      this.log.add("warning", `The worker could not reset (${words(error)}); it is replaced.`);
      return false;
    }
    this.snapshots.standsOn = node.id;
    this.#awaitsPrompt = false;
    this.goOn(then);
    return true;
  }

  async pause(turn: Turn): Promise<void> {
    await this.machine.pause();
    turn.check();
    // It may have stopped or crashed before the request reached it.
    if (this.lifecycle.runState === "running") this.lifecycle.become("paused");
  }

  async snapshot(turn: Turn, label: string, automatic: boolean): Promise<SnapshotNode> {
    const node = await this.snapshots.take(turn, this.machine, label, automatic);
    this.log.add("info", `Snapshot “${node.label}”: ${(node.pages.dataBytes / 2 ** 20).toFixed(1)} MiB.`);
    this.changed();
    return node;
  }

  async snapshotFirstPrompt(turn: Turn): Promise<void> {
    if (this.lifecycle.runState !== "running" || this.snapshots.standsOn !== undefined) return;
    this.snapshots.deleteStale(this.#machine);
    await this.snapshot(turn, FIRST_PROMPT, true);
  }

  deleteSnapshot(id: string): void {
    this.snapshots.delete(id, this.#machine);
    this.changed();
  }

  /** The machine stands; it runs, or is left standing. */
  goOn(then: "running" | "paused"): void {
    if (then === "running") this.#machine?.run();
    this.lifecycle.become(then);
    this.console.feed();
  }

  /** As pulling the plug. Pending acts must have been cut off. */
  powerOff(): void {
    this.#unplug();
    if (this.lifecycle.runState !== "stopped") this.#stop("Powered off.");
  }

  /** Nothing comes after this. Pending acts must have been cut off. */
  destroy(): void {
    this.#destroyed = true;
    this.#unplug();
    this.console.end(`${this.#name} was destroyed.`);
  }

  changed(): void {
    const { id, emit } = this.#options;
    if (!this.#destroyed) emit({ type: "guestChanged", guestId: id });
  }

  get #name(): string {
    return this.#owner.name();
  }

  #makeMachine(): GuestMachine {
    const { host, memoryMiB } = this.#options;
    const machine = new GuestMachine({
      host,
      name: this.#name,
      memoryMiB,
      console: this.console,
      receive: (event) => this.#receive(event),
      lost: (reason) => this.#lost(reason),
    });
    this.#machine = machine;
    return machine;
  }

  #load(turn: Turn): Promise<ImageFiles> {
    const { images, manifest } = this.#options;
    return images.load(manifest, {
      onProgress: (doneBytes, totalBytes) => {
        if (turn.isCut) return;
        this.#progress = { doneBytes, totalBytes };
        this.changed();
      },
      isCancelled: () => turn.isCut,
    });
  }

  #bootOptions(files: ImageFiles, node: SnapshotNode | undefined): BootOptions {
    const { memoryMiB, commandLine, clock, pauseAtInstructions, manifest } = this.#options;
    const { firmware } = manifest;
    return {
      settings: { memoryMiB, firmware, commandLine, clock, diskCount: files.disks.length },
      ...files,
      snapshots: this.snapshots.records(),
      ...(node && { restoreTo: node.id }),
      ...(pauseAtInstructions !== undefined && { pauseAtInstructions }),
    };
  }

  /** A kernel that is damaged where no checksum tells may wait or spin without a word. */
  #watchForSilence(): void {
    const machine = this.#machine;
    this.#options.host.after(MUTE_MS, () => {
      if (machine !== this.#machine || this.snapshots.standsOn !== undefined) return;
      if (this.lifecycle.runState !== "running" || this.console.text() !== "") return;
      this.log.add(
        "warning",
        `Nothing has been printed since power-on, ${MUTE_MS / 1000} seconds ago. If nothing comes, the kernel or its initrd is damaged, made for another machine, or has its console elsewhere.`,
      );
    });
  }

  /** What the worker of the machine of now says. */
  #receive(event: WorkerEvent): void {
    switch (event.type) {
      case "output":
        return this.console.drain();
      case "room":
        return this.console.feed();
      case "log":
        return this.log.addLimited(event.level, event.message);
      case "rebooted":
        this.console.drain();
        return this.log.addLimited("info", "The guest rebooted.");
      case "pausedItself":
        if (this.lifecycle.runState === "running") this.lifecycle.become("paused");
        return;
      case "stopped": {
        const { code } = event;
        return this.#stop(code === undefined ? "The guest switched itself off." : `The guest ended with code ${code}.`);
      }
      case "failed":
        return this.#crash(`The machine stopped: ${event.message}`);
    }
  }

  /** The guest printed; `text` ends with it. */
  #printed(text: string): void {
    if (this.lifecycle.runState !== "running") return;
    const death = this.#watch.death(text);
    if (death !== undefined) return this.#panicked(death);
    if (!this.#awaitsPrompt || !this.#watch.prompts(text)) return;
    this.#awaitsPrompt = false;
    // Whoever waited for the prompt types at once, and the snapshot is to be of the prompt alone.
    this.console.pauseInput();
    this.#owner
      .prompted()
      .catch((error: unknown) => {
        this.log.add("warning", `No snapshot of the first prompt could be taken: ${words(error)}`);
      })
      .finally(() => this.console.resumeInput());
  }

  #panicked(line: string): void {
    const machine = this.#machine;
    this.#crash(`The guest's kernel died: ${line}`);
    this.#options.host.after(LAST_WORDS_MS, () => {
      if (this.lifecycle.runState === "crashed" && machine === this.#machine) machine?.pause().catch(() => {});
    });
  }

  #stop(reason: string): void {
    this.console.drain();
    this.lifecycle.become("stopped", reason);
    this.log.add("info", reason);
    this.console.end(`${this.#name} has stopped: ${reason}`);
  }

  #crash(reason: string): void {
    if (this.lifecycle.runState === "crashed") return;
    this.lifecycle.become("crashed", reason);
    this.log.add("error", reason);
    this.console.end(`${this.#name} has crashed: ${reason}`);
  }

  /** The worker is gone, and with it the machine; snapshots are not. */
  #lost(reason: string): void {
    this.console.disconnect();
    if (this.lifecycle.runState !== "stopped") this.#crash(reason);
  }

  /** The guest has no machine any more. */
  #unplug(): void {
    this.#progress = undefined;
    this.#machine?.end();
    this.#machine = undefined;
  }

  #whyNothingComes(): string | undefined {
    const { runState, reason } = this.lifecycle;
    if (this.#destroyed) return `${this.#name} was destroyed.`;
    if (runState !== "stopped" && runState !== "crashed") return undefined;
    return `${this.#name} has ${runState}: ${reason ?? "no reason is known"}`;
  }
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
