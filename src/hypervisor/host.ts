import type { ImageFile } from "#protocol/image.ts";
import type { GuestEngine } from "#protocol/messages.ts";

/** What the hypervisor asks of the page or the Node process that it runs in. Nothing else of the host is touched. */
export interface HypervisorHost {
  /** Milliseconds on a clock that only goes forward. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly epoch: () => number;
  /** Calls back once after `ms`; returns how to cancel. */
  readonly after: (ms: number, callback: () => void) => () => void;
  /** Reads one file of the image catalogue, such as `index.json`. */
  readonly fetchFile: FetchFile;
  readonly readChunk: ReadChunk;
  /** An error of a script's own, such as a listener's: where its writer will see it. */
  readonly report: (error: unknown) => void;
  /** Starts one guest's worker. */
  readonly startWorker: (name: string) => GuestWorker;
  /** Makes one guest's shared memory; throws RangeError where there is none to be had. */
  readonly createMemory: (memoryMiB: number) => SharedGuestMemory;
  /** Why guests cannot run here at all, in words for a person; undefined where they can. */
  readonly unsupported: string | undefined;
  readonly limits: HypervisorLimits;
  /** What runs guests' instructions. */
  readonly engine: GuestEngine;
}

/** How much all guests together may take. */
export interface HypervisorLimits {
  readonly guests: number;
  readonly memoryMiB: number;
}

export interface ReadOptions {
  /** Not from any cache: what it holds is damaged. */
  readonly fresh?: boolean;
  readonly onBytes?: (received: number) => void;
  readonly isCancelled?: () => boolean;
}

/** `status` is HTTP's; `body` is empty where it is not 200, and cut somewhere behind `mostBytes` where it is longer. */
export type FetchFile = (
  path: string,
  options: ReadOptions & { readonly mostBytes: number },
) => Promise<{ readonly status: number; readonly body: Uint8Array<ArrayBuffer> }>;

/** `status` is HTTP's. `bytes` are the chunk's, unpacked; undefined where they are not what its manifest says. */
export interface ChunkOutcome {
  readonly status: number;
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

/** Fetches one chunk of an image, unpacks it and checks it. */
export type ReadChunk = (chunk: ImageFile["chunks"][number], options: ReadOptions) => Promise<ChunkOutcome>;

/** One guest's worker as the hypervisor sees it. What it says is not to be trusted. */
export interface GuestWorker {
  post(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** It failed to start or threw; in the host's words. */
  onError(listener: (message: string) => void): void;
  terminate(): void;
}

/** Where in a guest's shared memory the page finds what it reads and writes by itself. */
export interface SharedGuestMemory {
  /** The WebAssembly.Memory, for the worker; the page only passes it on. */
  readonly memory: unknown;
  readonly buffer: SharedArrayBuffer;
  /** Byte offsets of the console rings (`base/byte-ring.ts`) and their capacity. */
  readonly consoleOut: number;
  readonly consoleIn: number;
  readonly ringBytes: number;
  /** Byte offset of the u64 that counts instructions. */
  readonly ticks: number;
  /** Byte offsets of u64 counters by name; `heartbeat` and `busyMicroseconds` are among them. */
  readonly counters: Readonly<Record<string, number>>;
  /** One byte a RAM page. */
  readonly pageFlags: number;
  readonly pageCount: number;
  readonly dirtyFlag: number;
}
