/// <reference types="node" />
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { gunzip } from "node:zlib";
import { chunkReader } from "#hypervisor/chunk-reader.ts";
import { Hypervisor } from "#hypervisor/hypervisor.ts";
import type { FetchFile, GuestWorker, HypervisorHost } from "#hypervisor/host.ts";
import type { GuestEngine } from "#protocol/messages.ts";
import type { Tabvisor } from "#protocol/tabvisor.ts";
import { createSharedGuestMemory } from "./guest-buffers.ts";

export interface NodeTabvisorOptions {
  /** The folder that `tabvisor build` fills: `index.json`, manifests and chunks. */
  readonly guestsFolder: string;
  /** The bundled `guest-worker-node.ts`; beside this module's bundle unless said otherwise. */
  readonly workerUrl?: URL;
  readonly engine?: GuestEngine;
}

/** The same hypervisor in Node, its guests in worker threads. Guests keep the process alive until they are destroyed. */
export function createNodeTabvisor(options: NodeTabvisorOptions): Tabvisor {
  return new Hypervisor(nodeHost(options));
}

/** This Node process as a hypervisor's host. */
export function nodeHost({ guestsFolder, workerUrl, engine = "translator" }: NodeTabvisorOptions): HypervisorHost {
  const fetchFile = fileFetcher(guestsFolder);
  return {
    now: () => performance.now(),
    epoch: () => Date.now(),
    report: (error) => console.error(error),
    after,
    fetchFile,
    readChunk: chunkReader({
      fetchFile,
      sha256: async (bytes) => createHash("sha256").update(bytes).digest("hex"),
      gunzip: (bytes, mostBytes) => promisify(gunzip)(bytes, { maxOutputLength: mostBytes }),
    }),
    startWorker: (name) =>
      guestWorkerOf(new Worker(workerUrl ?? new URL("./guest-worker-node.js", import.meta.url), { name })),
    createMemory: createSharedGuestMemory,
    unsupported: undefined,
    limits: { guests: 100, memoryMiB: 16384 },
    engine,
  };
}

function after(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}

/** Reads files with HTTP's words for what may go wrong. */
function fileFetcher(folder: string): FetchFile {
  return async (path, { onBytes }) => {
    try {
      const body = new Uint8Array(await readFile(join(folder, path)));
      onBytes?.(body.length);
      return { status: 200, body };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return { status: 404, body: new Uint8Array(0) };
      throw error;
    }
  };
}

/** A worker thread as the hypervisor sees it. */
export function guestWorkerOf(worker: Worker): GuestWorker {
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (listener) => worker.on("message", listener),
    onError: (listener) => {
      worker.on("error", (error) => listener(error instanceof Error ? error.message : String(error)));
      worker.on("messageerror", () => listener("a message could not be read"));
      worker.on("exit", () => listener("its thread ended"));
    },
    terminate: () => void worker.terminate(),
  };
}
