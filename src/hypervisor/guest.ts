import { words } from "#base/words.ts";
import type { ImageManifest } from "#protocol/image.ts";
import type { Guest as GuestFace, GuestStats, LogEntry, RunState, SnapshotSummary } from "#protocol/tabvisor.ts";
import { line, optional, resetOptions, string } from "./arguments.ts";
import { GuestActs } from "./guest-acts.ts";
import { ConsoleWatch } from "#hypervisor/console/console-watch.ts";
import { GuestConsole } from "#hypervisor/console/guest-console.ts";
import { GuestLog } from "./guest-log.ts";
import { GuestMachine } from "./guest-machine.ts";
import type { ForkPoint, GuestOptions } from "./guest-options.ts";
import type { HypervisorHost } from "./host.ts";
import { GuestLife } from "./guest-life.ts";
import { GuestSnapshots } from "./guest-snapshots.ts";
import { watchForSilence } from "./silence-watch.ts";
import type { SnapshotNode } from "./snapshot-tree.ts";
import type { WorkerEvent } from "./worker-link.ts";

/** A dying kernel gets this long to print the rest of its last words. */
const LAST_WORDS_MS = 250;
const FIRST_PROMPT = "First prompt";
const PAGE_BYTES = 4096;

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
  readonly #life: GuestLife;
  readonly #log: GuestLog;
  readonly #snapshots: GuestSnapshots;
  readonly #watch: ConsoleWatch;
  readonly #machine: GuestMachine;
  #name: string;
  #awaitsPrompt = false;
  readonly #acts = new GuestActs(() => this.#name);

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
    this.#log = new GuestLog(host.epoch, (entry) => emit({ type: "logged", guestId: id, entry }));
    this.#life = new GuestLife(
      () => this.#changed(),
      () => this.#name,
      this.#log,
      () => this.console,
    );
    this.console = new GuestConsole(
      host,
      () => (this.#acts.destroyed ? `${this.#name} was destroyed.` : this.#life.over),
      (text) => this.#printed(text),
    );
    this.#machine = new GuestMachine(options, this.console, {
      event: (event) => this.#receive(event),
      lost: (reason) => this.#lost(reason),
      progressed: () => this.#changed(),
    });
    this.#snapshots = new GuestSnapshots({
      id,
      name: () => this.#name,
      pageCount: (memoryMiB * 2 ** 20) / PAGE_BYTES,
      epoch: host.epoch,
      machine: this.#machine,
      console: this.console,
      log: this.#log,
      changed: () => this.#changed(),
    });
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
    return this.#machine.progress;
  }

  get log(): readonly LogEntry[] {
    return this.#log.entries;
  }

  get standsOn(): string | undefined {
    return this.#snapshots.standsOn;
  }

  rename(name: string): void {
    this.#name = line(name, "A guest's name");
    this.#changed();
  }

  pause(): Promise<void> {
    return this.#acts.inTurn(async () => {
      if (this.runState === "paused") return;
      if (this.runState !== "running") throw this.#life.not("paused");
      await this.#machine.linked(this.name).request<"pause">({ type: "pause" });
      // It may have stopped or crashed before the request reached it.
      if (this.runState === "running") this.#life.become("paused");
    });
  }

  resume(): Promise<void> {
    return this.#acts.inTurn(async () => {
      if (this.runState === "running") return;
      if (this.runState !== "paused") throw this.#life.not("resumed");
      this.#goOn("running");
    });
  }

  /** At once, whatever is under way: that is rejected. */
  async powerOff(): Promise<void> {
    this.#acts.checkAlive();
    this.#acts.interrupt();
    if (this.runState === "stopped") return;
    this.#machine.end();
    this.#life.stop("Powered off.");
  }

  /** Boots a new, stopped or crashed guest from its image. */
  start(): Promise<void> {
    return this.#acts.inTurn(async () => {
      if (this.#life.hasMachine) throw this.#life.not("started");
      await this.#boot(undefined, "running");
    });
  }

  /** Starts a new guest where another one was. */
  startFrom({ chain, files }: ForkPoint): Promise<void> {
    return this.#acts.inTurn(async () => {
      this.#machine.files = files;
      this.#snapshots.addChain(chain);
      await this.#boot(chain.at(-1), "running");
    });
  }

  async snapshot(label?: string): Promise<SnapshotSummary> {
    const wanted = optional(label, "A snapshot's label", line);
    return this.#acts.inTurn(async () => {
      if (!this.#life.hasMachine) throw this.#life.not("snapshotted");
      return this.#snapshots.adopt(wanted ?? this.#snapshots.freeLabel(), false);
    });
  }

  snapshots(): readonly SnapshotSummary[] {
    return this.#snapshots.summaries();
  }

  async reset(
    snapshotId?: string,
    options: { readonly paused?: boolean } = {},
  ): Promise<{ readonly milliseconds: number }> {
    const then = resetOptions(options).paused ? "paused" : "running";
    optional(snapshotId, "A snapshot's id", string);
    return this.#acts.inTurn(async () => {
      if (this.runState === "loading") throw this.#life.not("reset");
      const began = this.#host.now();
      const id = snapshotId ?? this.#snapshots.standsOn;
      const node = id === undefined ? undefined : this.#snapshots.get(id);
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
    this.#snapshots.rename(string(snapshotId, "A snapshot's id"), line(label, "A snapshot's label"));
  }

  deleteSnapshot(snapshotId: string): Promise<void> {
    return this.#acts.inTurn(async () => this.#snapshots.delete(string(snapshotId, "A snapshot's id")));
  }

  async fork(name?: string): Promise<GuestFace> {
    return this.#options.fork(optional(name, "A guest's name", line));
  }

  /** What `fork` starts from; the guest itself goes on as it was. */
  forkPoint(): Promise<ForkPoint> {
    return this.#acts.inTurn(async () => {
      if (!this.#life.hasMachine) throw this.#life.not("forked");
      return { chain: await this.#snapshots.chainToNow(`Fork of ${this.name}`), files: this.#machine.files };
    });
  }

  async destroy(): Promise<void> {
    if (this.#acts.destroyed) return;
    this.#acts.destroy();
    this.#machine.end();
    this.console.end(`${this.name} was destroyed.`);
    this.#options.removed();
  }

  async stats(): Promise<GuestStats> {
    return this.#machine.stats(this.#snapshots.bytes);
  }

  stateHash(): Promise<string> {
    return this.#acts.inTurn(
      async () => (await this.#machine.linked(this.name).request<"hash">({ type: "hash" })).hash,
    );
  }

  /** A machine at power-on, or at a snapshot; it runs, or is left standing. */
  async #boot(node: SnapshotNode | undefined, then: "running" | "paused"): Promise<void> {
    this.#life.become("loading");
    const isWanted = this.#acts.underWay();
    try {
      await this.#machine.boot(this.#snapshots.records(), node?.id, isWanted);
    } catch (error) {
      if (!isWanted()) throw this.#acts.interrupted();
      this.#machine.end();
      this.#life.crash(words(error));
      throw error;
    }
    if (!isWanted()) throw this.#acts.interrupted();
    this.#snapshots.standsOn = node?.id;
    this.#awaitsPrompt = node === undefined;
    this.console.rewind(node?.screen ?? new Uint8Array(0));
    this.#log.add(
      "info",
      node ? `Started from “${node.label}”.` : `Booted ${this.manifest.title} with ${this.memoryMiB} MiB.`,
    );
    this.#goOn(then);
    const { link } = this.#machine;
    const isAsBooted = () => link === this.#machine.link && this.standsOn === undefined && this.runState === "running";
    if (!node) watchForSilence(this.#host, this.#log, () => isAsBooted() && this.console.text() === "");
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
        if (!this.#life.hasMachine) return;
        const { code } = event;
        return this.#life.stop(
          code === undefined ? "The guest switched itself off." : `The guest ended with code ${code}.`,
        );
      }
      case "failed":
        return this.#life.crash(`The machine stopped: ${event.message}`);
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
    this.#acts
      .inTurn(async () => {
        if (this.runState !== "running" || this.#snapshots.standsOn !== undefined) return;
        this.#snapshots.deleteStale();
        await this.#snapshots.adopt(FIRST_PROMPT, true);
      })
      .catch((error: unknown) => {
        this.#log.add("warning", `No snapshot of the first prompt could be taken: ${words(error)}`);
      })
      .finally(() => this.console.resumeInput());
  }

  #panicked(line: string): void {
    const { link } = this.#machine;
    this.#life.crash(`The guest's kernel died: ${line}`);
    this.#host.after(LAST_WORDS_MS, () => {
      if (this.runState === "crashed" && link === this.#machine.link)
        link?.request<"pause">({ type: "pause" }).catch(() => {});
    });
  }

  /** Goes back in the worker that there is; false where that cannot be. */
  async #restore(node: SnapshotNode, then: "running" | "paused"): Promise<boolean> {
    const { link } = this.#machine;
    const isWanted = this.#acts.underWay();
    if (!link || link.ended) return false;
    try {
      const { outputPosition } = await link.request<"restore">({ type: "restore", id: node.id });
      this.console.rewind(node.screen, outputPosition);
    } catch (error) {
      if (!isWanted()) throw this.#acts.interrupted();
      this.#log.add("warning", `The worker could not reset (${words(error)}); it is replaced.`);
      return false;
    }
    this.#snapshots.standsOn = node.id;
    this.#awaitsPrompt = false;
    this.#goOn(then);
    return true;
  }

  /** The worker's machine stands; it runs, or is left standing. */
  #goOn(then: "running" | "paused"): void {
    if (then === "running") this.#machine.link?.post({ type: "run" });
    this.#life.become(then);
    this.console.feed();
  }

  /** The worker is gone, and with it the machine; snapshots are not. */
  #lost(reason: string): void {
    this.console.disconnect();
    if (this.runState === "stopped") this.#log.add("warning", reason);
    else this.#life.crash(reason);
  }

  #changed(): void {
    if (!this.#acts.destroyed) this.#options.emit({ type: "guestChanged", guestId: this.id });
  }
}
