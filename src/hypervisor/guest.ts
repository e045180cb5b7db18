import { PageSet, PageSetError } from "#base/page-set.ts";
import type { ImageManifest } from "#protocol/image.ts";
import type { BootMessage } from "#protocol/messages.ts";
import {
  TabvisorError,
  type Guest as GuestFace,
  type GuestStats,
  type LogEntry,
  type RunState,
  type SnapshotSummary,
  type TabvisorEvent,
} from "#protocol/tabvisor.ts";
import { ConsoleWatch } from "./console-watch.ts";
import { GuestConsole } from "./guest-console.ts";
import { GuestLog } from "./guest-log.ts";
import { GuestMeter } from "./guest-meter.ts";
import type { HypervisorHost, SharedGuestMemory } from "./host.ts";
import type { ImageFiles, ImageStore } from "./image-store.ts";
import { Lifecycle } from "./lifecycle.ts";
import { recordOf, SnapshotTree, summaryOf, type SnapshotNode } from "./snapshot-tree.ts";
import { WorkerLink, type WorkerEvent } from "./worker-link.ts";

/** What a guest is told when it is made. */
export interface GuestOptions {
  readonly id: string;
  readonly name: string;
  readonly manifest: ImageManifest;
  readonly memoryMiB: number;
  readonly commandLine: string;
  readonly clock: "wall" | "virtual";
  readonly pauseAtInstructions: number | undefined;
  readonly host: HypervisorHost;
  readonly images: ImageStore;
  readonly emit: (event: TabvisorEvent) => void;
  readonly fork: (name: string | undefined) => Promise<Guest>;
  readonly removed: () => void;
}

/** A guest's state at one moment, with all that it rests on: another guest can start from it. */
export interface ForkPoint {
  readonly chain: readonly SnapshotNode[];
  readonly files: ImageFiles | undefined;
}

/** A dying kernel gets this long to print the rest of its last words. */
const LAST_WORDS_MS = 250;
/** A guest that has printed nothing for so long since power-on is pointed out. */
const MUTE_MS = 15_000;
const FIRST_PROMPT = "First prompt";

/** One guest: owns its worker, console, snapshots and log. See `lifecycle.ts` for its states. */
export class Guest implements GuestFace {
  readonly id: string;
  readonly image: string;
  readonly memoryMiB: number;
  readonly manifest: ImageManifest;
  readonly commandLine: string;
  readonly console: GuestConsole;
  readonly #options: GuestOptions;
  readonly #host: HypervisorHost;
  readonly #life: Lifecycle;
  readonly #log: GuestLog;
  readonly #tree: SnapshotTree;
  readonly #watch: ConsoleWatch;
  #name: string;
  #progress: { doneBytes: number; totalBytes: number } | undefined;
  #files: ImageFiles | undefined;
  #link: WorkerLink | undefined;
  #meter: GuestMeter | undefined;
  #standsOn: string | undefined;
  #awaitsPrompt = false;
  #snapshotsTaken = 0;
  #destroyed = false;
  /** The last of the acts that must not overlap. */
  #acts: Promise<unknown> = Promise.resolve();

  constructor(options: GuestOptions) {
    const { id, name, manifest, memoryMiB, commandLine, host, emit } = options;
    this.#options = options;
    this.#host = host;
    this.id = id;
    this.#name = name;
    this.image = manifest.id;
    this.manifest = manifest;
    this.memoryMiB = memoryMiB;
    this.commandLine = commandLine;
    this.#watch = new ConsoleWatch(manifest);
    this.#life = new Lifecycle(() => this.#changed());
    this.#log = new GuestLog(host.epoch, (entry) => emit({ type: "logged", guestId: id, entry }));
    this.#tree = new SnapshotTree((memoryMiB * 2 ** 20) / 4096);
    this.console = new GuestConsole(
      host,
      () => this.#whyNothingComes(),
      (text) => this.#printed(text),
    );
  }

  get name(): string {
    return this.#name;
  }

  get clock(): "wall" | "virtual" {
    return this.#options.clock;
  }

  get runState(): RunState {
    return this.#life.runState;
  }

  get reason(): string | undefined {
    return this.#life.reason;
  }

  get progress(): { readonly doneBytes: number; readonly totalBytes: number } | undefined {
    return this.#progress;
  }

  get log(): readonly LogEntry[] {
    return this.#log.entries;
  }

  get standsOn(): string | undefined {
    return this.#standsOn;
  }

  rename(name: string): void {
    const trimmed = name.trim().slice(0, 100);
    if (trimmed === "") throw new TabvisorError("A guest's name cannot be empty.");
    this.#name = trimmed;
    this.#changed();
  }

  pause(): Promise<void> {
    return this.#exclusive(async () => {
      if (this.runState === "paused") return;
      if (this.runState !== "running") throw this.#not("paused");
      await this.#linked().request<"pause">({ type: "pause" });
      // It may have stopped or crashed before the request reached it.
      if (this.runState === "running") this.#life.become("paused");
    });
  }

  resume(): Promise<void> {
    return this.#exclusive(async () => {
      if (this.runState === "running") return;
      if (this.runState !== "paused") throw this.#not("resumed");
      this.#goOn("running");
    });
  }

  powerOff(): Promise<void> {
    return this.#exclusive(async () => {
      if (this.runState === "stopped") return;
      this.#unlink();
      this.#stop("Powered off.");
    });
  }

  /** Boots a new, stopped or crashed guest from its image. */
  start(): Promise<void> {
    return this.#exclusive(async () => {
      if (this.runState === "running" || this.runState === "paused") throw this.#not("started");
      await this.#boot(undefined, "running");
    });
  }

  /** Starts a new guest where another one was. */
  startFrom({ chain, files }: ForkPoint): Promise<void> {
    return this.#exclusive(async () => {
      this.#files = files;
      for (const node of chain) this.#tree.add(node);
      await this.#boot(chain.at(-1), "running");
    });
  }

  async snapshot(label?: string): Promise<SnapshotSummary> {
    return this.#exclusive(async () => summaryOf(await this.#snapshot(label ?? this.#freeLabel(), false)));
  }

  snapshots(): readonly SnapshotSummary[] {
    return this.#tree.summaries();
  }

  reset(snapshotId?: string, options: { readonly paused?: boolean } = {}): Promise<{ readonly milliseconds: number }> {
    const then = options.paused ? "paused" : "running";
    return this.#exclusive(async () => {
      if (this.runState === "loading") throw this.#not("reset");
      const began = this.#host.now();
      const id = snapshotId ?? this.#standsOn;
      const node = id === undefined ? undefined : this.#tree.get(id);
      this.console.holdInput();
      if (!node || !(await this.#restore(node, then))) await this.#boot(node, then);
      const milliseconds = this.#host.now() - began;
      this.#log.add(
        "info",
        node ? `Reset to “${node.label}” in ${milliseconds.toFixed(1)} ms.` : "Booted anew: there is no snapshot.",
      );
      return { milliseconds };
    });
  }

  renameSnapshot(snapshotId: string, label: string): void {
    this.#tree.rename(snapshotId, label.trim().slice(0, 100) || this.#tree.get(snapshotId).label);
    this.#changed();
  }

  deleteSnapshot(snapshotId: string): Promise<void> {
    return this.#exclusive(async () => this.#deleteSnapshot(snapshotId));
  }

  fork(name?: string): Promise<GuestFace> {
    return this.#options.fork(name);
  }

  /** What `fork` starts from; the guest itself goes on as it was. */
  forkPoint(): Promise<ForkPoint> {
    return this.#exclusive(async () => {
      if (this.runState !== "running" && this.runState !== "paused") throw this.#not("forked");
      const node = await this.#take(`Fork of ${this.name}`, { adopt: false, automatic: false });
      const chain = this.#standsOn === undefined ? [] : this.#tree.chainTo(this.#standsOn);
      return { chain: [...chain, node], files: this.#files };
    });
  }

  async destroy(): Promise<void> {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#unlink();
    this.console.end(`${this.name} was destroyed.`);
    this.#options.removed();
  }

  async stats(): Promise<GuestStats> {
    const snapshotBytes = this.#tree.summaries().reduce((sum, { bytes }) => sum + bytes, 0);
    if (this.#meter) return this.#meter.stats(snapshotBytes);
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

  stateHash(): Promise<string> {
    return this.#exclusive(async () => (await this.#linked().request<"hash">({ type: "hash" })).hash);
  }

  /** Fetches files, makes memory and worker, and runs: from power-on, or from a snapshot. */
  async #boot(node: SnapshotNode | undefined, then: "running" | "paused"): Promise<void> {
    this.#unlink();
    this.#life.become("loading");
    try {
      // The worker comes up while files are fetched.
      const link = this.#connect(this.#makeMemory());
      const { engine } = this.#host;
      link.post({ type: "prepare", memory: link.memory.memory, memoryMiB: this.memoryMiB, engine });
      this.#files ??= await this.#load();
      await link.boot(this.#bootMessage(link.memory, this.#files, node));
      this.#checkAlive();
    } catch (error) {
      this.#unlink();
      if (!this.#destroyed) this.#crash(words(error));
      throw error;
    } finally {
      this.#progress = undefined;
    }
    this.#standsOn = node?.id;
    this.#awaitsPrompt = node === undefined;
    this.console.rewind(node?.screen ?? new Uint8Array(0));
    this.#log.add(
      "info",
      node ? `Started from “${node.label}”.` : `Booted ${this.manifest.title} with ${this.memoryMiB} MiB.`,
    );
    this.#goOn(then);
    if (!node) this.#watchForSilence();
  }

  /** A kernel that is damaged where no checksum tells may wait or spin without a word. */
  #watchForSilence(): void {
    const link = this.#link;
    this.#host.after(MUTE_MS, () => {
      if (link !== this.#link || this.#standsOn !== undefined) return;
      if (this.runState !== "running" || this.console.text() !== "") return;
      this.#log.add(
        "warning",
        `Nothing has been printed since power-on, ${MUTE_MS / 1000} seconds ago. If nothing comes, the kernel or its initrd is damaged, made for another machine, or has its console elsewhere.`,
      );
    });
  }

  #load(): Promise<ImageFiles> {
    return this.#options.images.load(this.manifest, {
      onProgress: (doneBytes, totalBytes) => {
        this.#progress = { doneBytes, totalBytes };
        this.#changed();
      },
      isCancelled: () => this.#destroyed,
    });
  }

  #makeMemory(): SharedGuestMemory {
    try {
      return this.#host.createMemory(this.memoryMiB);
    } catch (error) {
      const detail = words(error);
      throw new TabvisorError(
        `The browser has no ${this.memoryMiB} MiB of shared memory left for ${this.name} (${detail}). Destroy a guest or close other tabs, then start it again.`,
      );
    }
  }

  /** A new worker over `memory`, its machine not made yet. */
  #connect(memory: SharedGuestMemory): WorkerLink {
    const link: WorkerLink = new WorkerLink(this.#host, this.name, memory, {
      event: (event) => link === this.#link && this.#receive(event),
      lost: (reason) => link === this.#link && this.#lost(reason),
      looked: () => this.#meter?.sample(),
    });
    this.#link = link;
    this.#meter = new GuestMeter(memory, this.#host.now);
    this.console.connect(memory, {
      wake: () => link.post({ type: "wake" }),
      resize: (columns, rows) => link.post({ type: "resize", columns, rows }),
      corrupt: (error) => link.breakOff(`The guest's worker broke the console's rules (${error.message}).`),
    });
    return link;
  }

  #bootMessage({ memory }: SharedGuestMemory, files: ImageFiles, node: SnapshotNode | undefined): BootMessage {
    const { clock, pauseAtInstructions } = this.#options;
    const { memoryMiB, commandLine } = this;
    const { firmware } = this.manifest;
    return {
      type: "boot",
      memory,
      engine: this.#host.engine,
      settings: { memoryMiB, firmware, commandLine, clock, diskCount: files.disks.length },
      ...files,
      snapshots: this.#tree.all().map(recordOf),
      ...(node && { restoreTo: node.id }),
      ...(pauseAtInstructions !== undefined && { pauseAtInstructions }),
    };
  }

  #receive(event: WorkerEvent): void {
    switch (event.type) {
      case "output":
        return this.console.drain();
      case "room":
        return this.console.feed();
      case "log":
        return this.#log.addLimited(event.level, event.message);
      case "rebooted":
        this.console.drain();
        return this.#log.addLimited("info", "The guest rebooted.");
      case "pausedItself":
        if (this.runState === "running") this.#life.become("paused");
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
    if (this.runState !== "running") return;
    const death = this.#watch.death(text);
    if (death !== undefined) return this.#panicked(death);
    if (!this.#awaitsPrompt || !this.#watch.prompts(text)) return;
    this.#awaitsPrompt = false;
    // Whoever waited for the prompt types at once, and the snapshot is to be of the prompt alone.
    this.console.pauseInput();
    this.#exclusive(() => this.#snapshotFirstPrompt())
      .catch((error: unknown) => {
        this.#log.add("warning", `No snapshot of the first prompt could be taken: ${words(error)}`);
      })
      .finally(() => this.console.resumeInput());
  }

  #panicked(line: string): void {
    const link = this.#link;
    this.#crash(`The guest's kernel died: ${line}`);
    this.#host.after(LAST_WORDS_MS, () => {
      if (this.runState === "crashed" && link === this.#link) link?.request<"pause">({ type: "pause" }).catch(() => {});
    });
  }

  async #snapshotFirstPrompt(): Promise<void> {
    if (this.runState !== "running" || this.#standsOn !== undefined) return;
    const stale = this.#tree.all().filter(({ id, automatic }) => automatic && this.#tree.childrenOf(id).length === 0);
    for (const { id } of stale) this.#deleteSnapshot(id);
    await this.#snapshot(FIRST_PROMPT, true);
  }

  async #snapshot(label: string, automatic: boolean): Promise<SnapshotNode> {
    if (this.runState !== "running" && this.runState !== "paused") throw this.#not("snapshotted");
    const node = await this.#take(label, { adopt: true, automatic });
    this.#tree.add(node);
    this.#standsOn = node.id;
    this.#log.add("info", `Snapshot “${node.label}”: ${(node.pages.dataBytes / 2 ** 20).toFixed(1)} MiB.`);
    this.#changed();
    return node;
  }

  async #take(label: string, { adopt, automatic }: { adopt: boolean; automatic: boolean }): Promise<SnapshotNode> {
    const id = `${this.id}-${++this.#snapshotsTaken}`;
    const link = this.#linked();
    const parent = this.#standsOn;
    const { pages, parts } = await link.request<"snapshot">({ type: "snapshot", id, adopt });
    try {
      return {
        id,
        label,
        parent,
        automatic,
        parts,
        createdAt: this.#host.epoch(),
        pages: new PageSet(pages, this.#pageCount),
        screen: this.console.screen(),
      };
    } catch (error) {
      if (!(error instanceof PageSetError)) throw error;
      link.breakOff(`The guest's worker gave a snapshot that cannot be (${error.message}).`);
      throw new TabvisorError("The snapshot was not taken: the guest's worker is broken. Reset the guest.");
    }
  }

  /** Goes back in the worker that there is; false where that cannot be. */
  async #restore(node: SnapshotNode, then: "running" | "paused"): Promise<boolean> {
    const link = this.#link;
    if (!link || link.ended) return false;
    try {
      const { outputPosition } = await link.request<"restore">({ type: "restore", id: node.id });
      this.console.rewind(node.screen, outputPosition);
    } catch (error) {
      this.#log.add("warning", `The worker could not reset (${words(error)}); it is replaced.`);
      return false;
    }
    this.#standsOn = node.id;
    this.#awaitsPrompt = false;
    this.#goOn(then);
    return true;
  }

  #deleteSnapshot(snapshotId: string): void {
    if (snapshotId === this.#standsOn) {
      throw new TabvisorError("The guest stands on this snapshot. Reset it to another one first.");
    }
    const children = this.#tree.delete(snapshotId);
    this.#link?.post({ type: "forget", id: snapshotId, children: children.map(recordOf) });
    this.#changed();
  }

  /** The worker's machine stands; it runs, or is left standing. */
  #goOn(then: "running" | "paused"): void {
    if (then === "running") this.#link?.post({ type: "run" });
    this.#life.become(then);
    this.console.feed();
  }

  #stop(reason: string): void {
    this.console.drain();
    this.#life.become("stopped", reason);
    this.#log.add("info", reason);
    this.console.end(`${this.name} has stopped: ${reason}`);
  }

  #crash(reason: string): void {
    if (this.runState === "crashed") return;
    this.#life.become("crashed", reason);
    this.#log.add("error", reason);
    this.console.end(`${this.name} has crashed: ${reason}`);
  }

  /** The worker is gone, and with it the machine; snapshots are not. */
  #lost(reason: string): void {
    this.console.disconnect();
    if (this.runState !== "stopped") this.#crash(reason);
  }

  #unlink(): void {
    this.console.disconnect();
    this.#link?.end();
    this.#link = undefined;
    this.#meter = undefined;
  }

  #linked(): WorkerLink {
    if (!this.#link || this.#link.ended) throw new TabvisorError(`${this.name} has no machine now. Start or reset it.`);
    return this.#link;
  }

  get #pageCount(): number {
    return (this.memoryMiB * 2 ** 20) / 4096;
  }

  /** One at a time, in the order asked for. */
  #exclusive<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#acts.then(async () => {
      this.#checkAlive();
      return act();
    });
    this.#acts = done.catch(() => {});
    return done;
  }

  #checkAlive(): void {
    if (this.#destroyed) throw new TabvisorError(`${this.name} was destroyed.`);
  }

  #not(what: string): TabvisorError {
    return new TabvisorError(`${this.name} is ${this.runState} and cannot be ${what} now.`);
  }

  #whyNothingComes(): string | undefined {
    if (this.#destroyed) return `${this.name} was destroyed.`;
    if (this.runState !== "stopped" && this.runState !== "crashed") return undefined;
    return `${this.name} has ${this.runState}: ${this.reason ?? "no reason is known"}`;
  }

  #freeLabel(): string {
    const labels = new Set(this.#tree.summaries().map(({ label }) => label));
    for (let number = 1; ; number++) {
      if (!labels.has(`Snapshot ${number}`)) return `Snapshot ${number}`;
    }
  }

  #changed(): void {
    if (!this.#destroyed) this.#options.emit({ type: "guestChanged", guestId: this.id });
  }
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
