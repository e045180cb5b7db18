import { isOwnData } from "./own-data.ts";

/** What runs a guest's instructions; the same words as `machine/face` `EngineName`. */
export type GuestEngine = "translator" | "interpreter";

/** The machine that a worker is to make; the same words as `machine/face` `MachineConfig`. */
export interface MachineSettings {
  readonly memoryMiB: number;
  readonly firmware: "sbi" | "bare";
  readonly commandLine: string;
  readonly clock: "wall" | "virtual";
  readonly diskCount: number;
}

/** What of a machine is not in its RAM. The page keeps it and hands it back; only machines look inside. */
export type OpaqueParts = unknown;

/** One node of a snapshot tree as page and worker exchange it; `pages` is a `base/page-set`. */
export interface SnapshotRecord {
  readonly id: string;
  readonly parent: string | undefined;
  readonly pages: ArrayBuffer;
  readonly parts: OpaqueParts;
}

/** Comes before the boot message, while the image's files are fetched: what can be done without them is done now. No answer. */
export interface PrepareMessage {
  readonly type: "prepare";
  /** The WebAssembly.Memory of the boot message that will follow. */
  readonly memory: unknown;
  readonly memoryMiB: number;
  readonly engine: GuestEngine;
}

/** The first request of a worker: makes its machine, at power-on or as a snapshot has it, paused. Answered by `ready` or `bootFailed`. */
export interface BootMessage {
  readonly type: "boot";
  /** The WebAssembly.Memory made by the page. */
  readonly memory: unknown;
  readonly engine: GuestEngine;
  readonly settings: MachineSettings;
  readonly kernel: ArrayBuffer;
  readonly initrd?: ArrayBuffer;
  readonly disks: readonly ArrayBuffer[];
  /** Parents before children. */
  readonly snapshots: readonly SnapshotRecord[];
  readonly restoreTo?: string;
  /** Under the virtual clock: pauses by itself after so many instructions, and says `pausedItself`. */
  readonly pauseAtInstructions?: number;
}

/** What the page says to a guest's worker. Requests with a `requestId` are answered once, in order. */
export type PageMessage =
  | PrepareMessage
  | BootMessage
  | { readonly type: "run" }
  | { readonly type: "pause"; readonly requestId: number }
  /** There is input, or room for output, that the worker asked to be told of. */
  | { readonly type: "wake" }
  /** What was typed before `position` (in bytes ever typed) and not taken yet is to be dropped. */
  | { readonly type: "skipInput"; readonly position: number }
  | { readonly type: "ping" }
  | { readonly type: "resize"; readonly columns: number; readonly rows: number }
  /** Packs what changed since the snapshot the machine stands on. With `adopt`, it stands on the new one afterwards. */
  | { readonly type: "snapshot"; readonly requestId: number; readonly id: string; readonly adopt: boolean }
  /** Goes back to a snapshot and pauses there. */
  | { readonly type: "restore"; readonly requestId: number; readonly id: string }
  /** A snapshot was deleted; its children come with new parents and pages. */
  | { readonly type: "forget"; readonly id: string; readonly children: readonly SnapshotRecord[] }
  | { readonly type: "hash"; readonly requestId: number };

/** What a guest's worker says to the page, after `parseWorkerMessage`. */
export type WorkerMessage =
  /** The machine stands, paused. */
  | { readonly type: "ready" }
  | { readonly type: "bootFailed"; readonly message: string }
  /** The output ring has something again. */
  | { readonly type: "output" }
  /** The input ring has room again. */
  | { readonly type: "room" }
  | { readonly type: "pong" }
  | { readonly type: "log"; readonly level: "info" | "warning" | "error"; readonly message: string }
  /** The guest switched itself off or ended: code is undefined after a poweroff. */
  | { readonly type: "stopped"; readonly code: number | undefined }
  | { readonly type: "rebooted" }
  | { readonly type: "pausedItself" }
  /** The engine or a device failed; the machine does not run any more. */
  | { readonly type: "failed"; readonly message: string }
  | WorkerReply;

/** Answers to requests. */
export type WorkerReply =
  | { readonly type: "paused"; readonly requestId: number }
  | {
      readonly type: "snapshotted";
      readonly requestId: number;
      readonly pages: ArrayBuffer;
      readonly parts: OpaqueParts;
    }
  /** `outputPosition`: what stands in the output ring before it was printed before. `milliseconds` of the worker's own time. */
  | {
      readonly type: "restored";
      readonly requestId: number;
      readonly milliseconds: number;
      readonly outputPosition: number;
    }
  | { readonly type: "hashed"; readonly requestId: number; readonly hash: string }
  | { readonly type: "refused"; readonly requestId: number; readonly message: string };

/** Longest text of a worker that the page takes: workers cut theirs. */
export const MESSAGE_CHARACTERS = 2000;

/** Checks a message from a worker, which may be anything; undefined where it is none of ours. */
export function parseWorkerMessage(message: unknown): WorkerMessage | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  const fields = message as Readonly<Record<string, unknown>>;
  switch (fields["type"]) {
    case "ready":
    case "output":
    case "room":
    case "pong":
    case "rebooted":
    case "pausedItself":
      return { type: fields["type"] };
    case "bootFailed":
    case "failed":
      return { type: fields["type"], message: text(fields["message"]) };
    case "log":
      return { type: "log", level: level(fields["level"]), message: text(fields["message"]) };
    case "stopped":
      return { type: "stopped", code: isCount(fields["code"]) ? fields["code"] : undefined };
    default:
      return parseReply(fields);
  }
}

function parseReply(fields: Readonly<Record<string, unknown>>): WorkerReply | undefined {
  const { requestId } = fields;
  if (!isCount(requestId)) return undefined;
  switch (fields["type"]) {
    case "paused":
      return { type: "paused", requestId };
    case "snapshotted": {
      const { pages, parts } = fields;
      if (!(pages instanceof ArrayBuffer) || !isOwnData(parts)) return undefined;
      return { type: "snapshotted", requestId, pages, parts };
    }
    case "restored": {
      const { milliseconds, outputPosition } = fields;
      if (typeof milliseconds !== "number" || !(milliseconds >= 0) || !isCount(outputPosition)) return undefined;
      return { type: "restored", requestId, milliseconds, outputPosition };
    }
    case "hashed": {
      const { hash } = fields;
      return typeof hash === "string" && /^[0-9a-f]{16,128}$/.test(hash)
        ? { type: "hashed", requestId, hash }
        : undefined;
    }
    case "refused":
      return { type: "refused", requestId, message: text(fields["message"]) };
    default:
      return undefined;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function level(value: unknown): "info" | "warning" | "error" {
  return value === "warning" || value === "error" ? value : "info";
}

/** Text without control characters, of bounded length. */
function text(value: unknown): string {
  // oxlint-disable-next-line no-control-regex -- they are what is to go
  return typeof value === "string"
    ? value
        .slice(0, MESSAGE_CHARACTERS)
        .replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ")
        .trim()
    : "";
}
