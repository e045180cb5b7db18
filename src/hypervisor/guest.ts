import type { ImageManifest } from "#protocol/image.ts";
import {
  TabvisorError,
  type Guest as GuestFace,
  type GuestStats,
  type LogEntry,
  type RunState,
  type SnapshotSummary,
} from "#protocol/tabvisor.ts";
import { Acts } from "./acts.ts";
import type { GuestConsole } from "./guest-console.ts";
import { GuestLife, type LifeOptions } from "./guest-life.ts";
import type { ImageFiles } from "./image-store.ts";
import { summaryOf, type SnapshotNode } from "./snapshot-tree.ts";

/** What a guest is told when it is made. */
export interface GuestOptions extends LifeOptions {
  readonly name: string;
  readonly fork: (name: string | undefined) => Promise<Guest>;
  readonly removed: () => void;
}

/** A guest's state at one moment, with all that it rests on: another guest can start from it. */
export interface ForkPoint {
  readonly chain: readonly SnapshotNode[];
  readonly files: ImageFiles | undefined;
}

/** One guest: what may be done with it and when. What becomes of it is `GuestLife`'s. */
export class Guest implements GuestFace {
  readonly id: string;
  readonly image: string;
  readonly memoryMiB: number;
  readonly manifest: ImageManifest;
  readonly commandLine: string;
  readonly console: GuestConsole;
  readonly #options: GuestOptions;
  readonly #life: GuestLife;
  readonly #acts = new Acts();
  #name: string;
  #destroyed = false;

  constructor(options: GuestOptions) {
    const { id, name, manifest, memoryMiB, commandLine } = options;
    this.#options = options;
    this.id = id;
    this.#name = name;
    this.image = manifest.id;
    this.manifest = manifest;
    this.memoryMiB = memoryMiB;
    this.commandLine = commandLine;
    this.#life = new GuestLife(options, {
      name: () => this.#name,
      prompted: () => this.#acts.run((turn) => this.#life.snapshotFirstPrompt(turn)),
    });
    this.console = this.#life.console;
  }

  get name(): string {
    return this.#name;
  }

  get clock(): "wall" | "virtual" {
    return this.#options.clock;
  }

  get runState(): RunState {
    return this.#life.lifecycle.runState;
  }

  get reason(): string | undefined {
    return this.#life.lifecycle.reason;
  }

  get progress(): { readonly doneBytes: number; readonly totalBytes: number } | undefined {
    return this.#life.progress;
  }

  get log(): readonly LogEntry[] {
    return this.#life.log.entries;
  }

  get standsOn(): string | undefined {
    return this.#life.snapshots.standsOn;
  }

  rename(name: string): void {
    const trimmed = name.trim().slice(0, 100);
    if (trimmed === "") throw new TabvisorError("A guest's name cannot be empty.");
    this.#name = trimmed;
    this.#life.changed();
  }

  async pause(): Promise<void> {
    this.#checkAlive();
    return this.#acts.run(async (turn) => {
      if (this.runState === "paused") return;
      if (this.runState !== "running") throw this.#not("paused");
      await this.#life.pause(turn);
    });
  }

  async resume(): Promise<void> {
    this.#checkAlive();
    return this.#acts.run(async () => {
      if (this.runState === "running") return;
      if (this.runState !== "paused") throw this.#not("resumed");
      this.#life.goOn("running");
    });
  }

  /** At once, whatever is pending. */
  async powerOff(): Promise<void> {
    this.#checkAlive();
    this.#acts.cutOff(new TabvisorError(`${this.name} was powered off.`));
    this.#life.powerOff();
  }

  /** Boots a new, stopped or crashed guest from its image. */
  async start(): Promise<void> {
    this.#checkAlive();
    return this.#acts.run(async (turn) => {
      if (this.runState === "running" || this.runState === "paused") throw this.#not("started");
      await this.#life.boot(turn, undefined, "running");
    });
  }

  /** Starts a new guest where another one was. */
  startFrom({ chain, files }: ForkPoint): Promise<void> {
    return this.#acts.run((turn) => this.#life.bootFrom(turn, chain, files));
  }

  async snapshot(label?: string): Promise<SnapshotSummary> {
    this.#checkAlive();
    return this.#acts.run(async (turn) => {
      this.#checkStanding("snapshotted");
      return summaryOf(await this.#life.snapshot(turn, label ?? this.#life.snapshots.freeLabel(), false));
    });
  }

  snapshots(): readonly SnapshotSummary[] {
    return this.#life.snapshots.summaries();
  }

  async reset(
    snapshotId?: string,
    options: { readonly paused?: boolean } = {},
  ): Promise<{ readonly milliseconds: number }> {
    this.#checkAlive();
    const then = options.paused ? "paused" : "running";
    const { now } = this.#options.host;
    return this.#acts.run(async (turn) => {
      if (this.runState === "loading") throw this.#not("reset");
      const began = now();
      const id = snapshotId ?? this.standsOn;
      const node = id === undefined ? undefined : this.#life.snapshots.get(id);
      this.console.holdInput();
      if (!node || !(await this.#life.restore(turn, node, then))) await this.#life.boot(turn, node, then);
      const milliseconds = now() - began;
      this.#life.log.add(
        "info",
        node ? `Reset to “${node.label}” in ${milliseconds.toFixed(1)} ms.` : "Booted anew: there is no snapshot.",
      );
      return { milliseconds };
    });
  }

  renameSnapshot(snapshotId: string, label: string): void {
    const { snapshots } = this.#life;
    snapshots.rename(snapshotId, label.trim().slice(0, 100) || snapshots.get(snapshotId).label);
    this.#life.changed();
  }

  async deleteSnapshot(snapshotId: string): Promise<void> {
    this.#checkAlive();
    return this.#acts.run(async () => this.#life.deleteSnapshot(snapshotId));
  }

  fork(name?: string): Promise<GuestFace> {
    return this.#options.fork(name);
  }

  /** What `fork` starts from; the guest itself goes on as it was. */
  async forkPoint(): Promise<ForkPoint> {
    this.#checkAlive();
    return this.#acts.run(async (turn) => {
      this.#checkStanding("forked");
      const { snapshots, machine, files } = this.#life;
      const node = await snapshots.takeApart(turn, machine, `Fork of ${this.name}`);
      return { chain: [...snapshots.chain(), node], files };
    });
  }

  /** At once, whatever is pending. */
  async destroy(): Promise<void> {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#acts.cutOff(this.#gone());
    this.#life.destroy();
    this.#options.removed();
  }

  async stats(): Promise<GuestStats> {
    return this.#life.stats();
  }

  async stateHash(): Promise<string> {
    this.#checkAlive();
    return this.#acts.run(() => this.#life.machine.stateHash());
  }

  #checkAlive(): void {
    if (this.#destroyed) throw this.#gone();
  }

  #checkStanding(what: string): void {
    if (this.runState !== "running" && this.runState !== "paused") throw this.#not(what);
  }

  #gone(): TabvisorError {
    return new TabvisorError(`${this.name} was destroyed.`);
  }

  #not(what: string): TabvisorError {
    return new TabvisorError(`${this.name} is ${this.runState} and cannot be ${what} now.`);
  }
}
