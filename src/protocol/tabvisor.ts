export type RunState = "loading" | "running" | "paused" | "stopped" | "crashed";

export interface ImageSummary {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly os: string;
  readonly kind: "system" | "process";
  readonly memoryMiB: number;
  readonly minimumMemoryMiB: number;
  readonly downloadBytes: number;
  readonly instant: boolean;
  /** Names of alternative kernel command lines (`CreateOptions.commandLine`). */
  readonly commandLines: readonly string[];
  /** Why it cannot be booted, in words for a person: its manifest is missing or damaged, and nothing but `id` is known. */
  readonly problem?: string;
}

export interface SnapshotSummary {
  readonly id: string;
  readonly label: string;
  readonly parent: string | undefined;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Bytes of pages and disk blocks that differ from the parent. */
  readonly bytes: number;
}

export interface GuestStats {
  readonly instructions: number;
  readonly mips: number;
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly dirtyPages: number;
  readonly uptimeMs: number;
  /** Names as in `memory/layout` `Counter`. */
  readonly counters: Readonly<Record<string, number>>;
}

export interface CreateOptions {
  readonly image: string;
  readonly name?: string;
  readonly memoryMiB?: number;
  readonly boot?: "instant" | "cold";
  /** A name from `ImageSummary.commandLines`, else the image's own. */
  readonly commandLine?: string;
  /** `virtual`: guest time is instructions begun, and the same inputs leave the same state. Default `wall`. */
  readonly clock?: "wall" | "virtual";
  /** Under the virtual clock: the guest pauses itself once it has begun so many instructions; until then it is given no input. */
  readonly pauseAtInstructions?: number;
}

/** The one public face of the hypervisor: buttons, scripts, tests and embedding pages use it (`window.tabvisor`). */
export interface Tabvisor {
  readonly version: string;
  images(): Promise<readonly ImageSummary[]>;
  /** Fetches an image's files before a guest of it is created, which then starts sooner. Rejects with a TabvisorError. */
  prefetch(image: string): Promise<void>;
  guests(): readonly Guest[];
  /** Rejects with a TabvisorError that says what to do. Progress arrives as events of the guest, which `guests()` has at once. */
  create(options: CreateOptions): Promise<Guest>;
  /** Called after every change of any guest; returns how to stop it. */
  subscribe(listener: (event: TabvisorEvent) => void): () => void;
}

export interface GuestConsole {
  /** Types into the guest; kept until the guest takes it, however long. */
  send(text: string): void;
  sendBytes(bytes: Uint8Array): void;
  /** Everything the guest printed since it was created or reset, as plain text (the newest 4 MiB). */
  text(): string;
  /** Resolves with the text up to and including the match; rejects after timeoutMs (default 30 s), or if the guest stops. `from`: an offset into `text()`. */
  waitFor(pattern: string | RegExp, options?: { timeoutMs?: number; from?: number }): Promise<string>;
  /**
   * Raw output to a terminal: first what was printed (replay), then as it comes. `accept` returns a promise when it wants
   * the next bytes only later (credit-based flow control); nothing is ever lost. Returns how to detach.
   */
  attach(accept: (bytes: Uint8Array) => void | Promise<void>): () => void;
  /** Tells the guest the terminal's size in cells. */
  resize(columns: number, rows: number): void;
}

export interface LogEntry {
  readonly at: number;
  readonly level: "info" | "warning" | "error";
  readonly message: string;
}

export interface Guest {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly memoryMiB: number;
  readonly runState: RunState;
  /** Why it crashed or stopped, in words for a person; undefined while it runs. */
  readonly reason: string | undefined;
  /** While loading. */
  readonly progress: { readonly doneBytes: number; readonly totalBytes: number } | undefined;
  readonly console: GuestConsole;
  readonly log: readonly LogEntry[];
  /** The snapshot the guest stands on. */
  readonly standsOn: string | undefined;
  rename(name: string): void;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Stops the machine at once, as pulling the plug; `reset` or `start` brings it back. */
  powerOff(): Promise<void>;
  /** Boots a stopped or crashed guest anew from its image. */
  start(): Promise<void>;
  snapshot(label?: string): Promise<SnapshotSummary>;
  snapshots(): readonly SnapshotSummary[];
  /** Back to a snapshot; without an id, to the one the guest stands on. Resolves once it runs again (or with `paused`, once it stands there). */
  reset(snapshotId?: string, options?: { readonly paused?: boolean }): Promise<{ readonly milliseconds: number }>;
  renameSnapshot(snapshotId: string, label: string): void;
  /** Children are re-parented; the snapshot the guest stands on cannot be deleted. */
  deleteSnapshot(snapshotId: string): Promise<void>;
  fork(name?: string): Promise<Guest>;
  destroy(): Promise<void>;
  stats(): Promise<GuestStats>;
  /** Hash of RAM, hart and devices at an instruction boundary; equal states have equal hashes. */
  stateHash(): Promise<string>;
}

export type TabvisorEvent =
  | { readonly type: "guestAdded" | "guestChanged" | "guestRemoved"; readonly guestId: string }
  | { readonly type: "logged"; readonly guestId: string; readonly entry: LogEntry };

/** An error for a person: what happened and what to do about it. */
export class TabvisorError extends Error {
  override readonly name = "TabvisorError";
}
