import { createHash, randomFillSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { root } from "#cli/bundle.mjs";
import { chunkReader } from "#hypervisor/chunk-reader.ts";
import type { FetchFile, GuestWorker } from "#hypervisor/host.ts";
import { Hypervisor } from "#hypervisor/hypervisor.ts";
import type { PageMessage } from "#protocol/messages.ts";
import { createSharedGuestMemory } from "#workers/guest-buffers.ts";
import { GuestRunner } from "#workers/guest-runner.ts";
import { makeMachine, prepareHart } from "#workers/make-machine.ts";

/** The clocks that guests' workers see: the process's own, moved. */
export class MockedTime {
  #now = 0;
  #epoch = 0;

  /** Milliseconds on the clock that only goes forward. */
  readonly now = (): number => performance.now() + this.#now;
  /** Milliseconds since 1970. */
  readonly epoch = (): number => Date.now() + this.#epoch;

  /** So much time goes by at once. */
  pass(milliseconds: number): void {
    this.#now += milliseconds;
    this.#epoch += milliseconds;
  }

  /** The time of day alone: the host slept, or someone set its clock. */
  setForward(milliseconds: number): void {
    this.#epoch += milliseconds;
  }
}

const fetchFile: FetchFile = async (path) => ({
  status: 200,
  body: new Uint8Array(await readFile(join(root, "public/guests", path))),
});

/** A hypervisor with the images that were built, whose guests run in this very thread, one after the other, by the time that the test says. */
export function tabvisorWithTime(time: MockedTime): Hypervisor {
  return new Hypervisor({
    now: () => performance.now(),
    epoch: time.epoch,
    report: (error) => console.error(error),
    after: (ms, callback) => {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
    fetchFile,
    readChunk: chunkReader({
      fetchFile,
      sha256: async (bytes) => createHash("sha256").update(bytes).digest("hex"),
      gunzip: (bytes, mostBytes) => promisify(gunzip)(bytes, { maxOutputLength: mostBytes }),
    }),
    startWorker: () => startHere(time),
    createMemory: createSharedGuestMemory,
    unsupported: undefined,
    limits: { guests: 10, memoryMiB: 4096 },
    engine: "translator",
  });
}

function startHere(time: MockedTime): GuestWorker {
  let isAlive = true;
  const listeners: ((message: unknown) => void)[] = [];
  const runner = new GuestRunner({
    post: (message) => setImmediate(() => isAlive && listeners.forEach((listener) => listener(message))),
    now: time.now,
    epoch: time.epoch,
    random: (bytes) => void randomFillSync(bytes),
    soon: (callback) => setImmediate(() => isAlive && callback()),
    prepare: prepareHart,
    makeMachine,
  });
  return {
    post: (message) => setImmediate(() => isAlive && runner.receive(message as PageMessage)),
    onMessage: (listener) => listeners.push(listener),
    onError: () => {},
    terminate: () => {
      isAlive = false;
    },
  };
}
