import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { RingReader, RingWriter } from "#base/byte-ring.ts";
import { packPages } from "#base/page-set.ts";
import type { ImageManifest } from "#protocol/image.ts";
import type { BootMessage, PageMessage } from "#protocol/messages.ts";
import { chunkReader } from "./chunk-reader.ts";
import type { FetchFile, GuestWorker, HypervisorHost, SharedGuestMemory } from "./host.ts";

const RING_BYTES = 4096;
const OUT = 1024;
const IN = OUT + 64 + RING_BYTES;
const PAGE_FLAGS = IN + 64 + RING_BYTES;

/** A worker played by a test: it answers as a good one does, unless told otherwise. */
export class PlayedWorker implements GuestWorker {
  /** All but the first, which says what to prepare. */
  readonly messages: PageMessage[] = [];
  prepared = false;
  terminated = false;
  /** Answers nothing more, not even pings. */
  silent = false;
  /** Instead of the good answers, by message type. */
  readonly answers: Partial<Record<PageMessage["type"], (message: PageMessage) => unknown>> = {};
  output: RingWriter | undefined;
  input: RingReader | undefined;
  #listeners: ((message: unknown) => void)[] = [];
  #errorListeners: ((message: string) => void)[] = [];

  post(posted: PageMessage): void {
    const message = structuredClone(posted);
    if (message.type === "prepare") {
      this.prepared = true;
      return;
    }
    this.messages.push(message);
    if (message.type === "boot") this.#connect(message);
    queueMicrotask(() => {
      const answer = (this.answers[message.type] ?? goodAnswer)(message);
      if (answer !== undefined && !this.silent) this.say(answer);
    });
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#listeners.push(listener);
  }

  onError(listener: (message: string) => void): void {
    this.#errorListeners.push(listener);
  }

  terminate(): void {
    this.terminated = true;
  }

  say(message: unknown): void {
    const said = structuredClone(message);
    for (const listener of this.#listeners) listener(said);
  }

  fail(message: string): void {
    for (const listener of this.#errorListeners) listener(message);
  }

  print(text: string): void {
    this.output?.write(new TextEncoder().encode(text));
    this.say({ type: "output" });
  }

  /** What was typed into the guest so far and not read before. */
  typed(): string {
    return new TextDecoder().decode(this.input?.read(RING_BYTES));
  }

  #connect({ memory }: BootMessage): void {
    const buffer = memory as SharedArrayBuffer;
    this.output = new RingWriter(buffer, OUT, RING_BYTES);
    this.input = new RingReader(buffer, IN, RING_BYTES);
    this.input.askForData();
  }
}

/** What a good worker says to a message. */
export function goodAnswer(message: PageMessage): unknown {
  switch (message.type) {
    case "boot":
      return { type: "ready" };
    case "ping":
      return { type: "pong" };
    case "pause":
      return { type: "paused", requestId: message.requestId };
    case "snapshot":
      return {
        type: "snapshotted",
        requestId: message.requestId,
        pages: packPages(new Uint8Array(4096).fill(1), [0]),
        parts: {},
      };
    case "restore":
      return { type: "restored", requestId: message.requestId, milliseconds: 1, outputPosition: 0 };
    case "hash":
      return { type: "hashed", requestId: message.requestId, hash: "0123456789abcdef" };
    case "prepare":
    case "run":
    case "wake":
    case "skipInput":
    case "resize":
    case "forget":
      return undefined;
  }
}

export const kernel = new TextEncoder().encode("a kernel, ".repeat(100));

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export const manifest: ImageManifest = {
  formatVersion: 2,
  id: "tiny",
  title: "Tiny",
  description: "A guest that a test plays.",
  kind: "system",
  os: "None",
  memoryMiB: 1,
  minimumMemoryMiB: 1,
  firmware: "sbi",
  commandLine: "console=ttyS0",
  commandLines: { loud: "console=ttyS0 debug" },
  files: [
    {
      role: "kernel",
      byteLength: kernel.length,
      sha256: sha256(kernel),
      chunks: [
        { sha256: sha256(kernel), byteLength: kernel.length, storedBytes: gzipSync(kernel).length, encoding: "gzip" },
      ],
    },
  ],
  prompt: "# ",
  crashText: "Kernel panic - not syncing",
  licences: [],
  packages: [],
};

/** A host whose clock, files and workers a test holds in its hands. */
export function playedHost() {
  const workers: PlayedWorker[] = [];
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>();
  const files = new Map<string, Uint8Array<ArrayBuffer>>([
    ["index.json", json({ formatVersion: 1, images: ["tiny"] })],
    ["tiny.json", json(manifest)],
    [`chunks/${sha256(kernel)}`, new Uint8Array(gzipSync(kernel))],
  ]);
  const time = { now: 0 };
  const reported: unknown[] = [];
  const fetchFile: FetchFile = async (path) => {
    const body = files.get(path);
    return { status: body ? 200 : 404, body: body ?? new Uint8Array(0) };
  };
  const host: HypervisorHost = {
    now: () => time.now,
    epoch: () => time.now,
    after: (ms, callback) => {
      const timer = { at: time.now + ms, callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    fetchFile,
    readChunk: chunkReader({
      fetchFile,
      sha256: async (bytes) => sha256(bytes),
      gunzip: async (bytes, mostBytes) => new Uint8Array(gunzipSync(bytes, { maxOutputLength: mostBytes })),
    }),
    report: (error) => void reported.push(error),
    startWorker: () => {
      const worker = new PlayedWorker();
      workers.push(worker);
      return worker;
    },
    createMemory: sharedMemory,
    unsupported: undefined,
    limits: { guests: 3, memoryMiB: 8 },
    engine: "translator",
  };
  /** Lets so many milliseconds pass, in small steps, with everything that falls due. */
  const pass = async (ms: number): Promise<void> => {
    const end = time.now + ms;
    while (time.now < end) {
      time.now += 50;
      for (const timer of timers) {
        if (timer.at > time.now) continue;
        timers.delete(timer);
        timer.callback();
      }
      await settle();
    }
  };
  return { host, workers, files, time, reported, pass };
}

/** Lets promises that are due run. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

export function json(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}

function sharedMemory(memoryMiB: number): SharedGuestMemory {
  const pageCount = memoryMiB * 256;
  const buffer = new SharedArrayBuffer(PAGE_FLAGS + pageCount);
  return {
    memory: buffer,
    buffer,
    consoleOut: OUT,
    consoleIn: IN,
    ringBytes: RING_BYTES,
    ticks: 0,
    counters: { heartbeat: 8, busyMicroseconds: 16 },
    pageFlags: PAGE_FLAGS,
    pageCount,
    dirtyFlag: 1,
  };
}
