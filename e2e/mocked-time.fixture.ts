import { randomFillSync } from "node:crypto";
import { join } from "node:path";
import { root } from "#cli/bundle.mjs";
import type { GuestWorker } from "#hypervisor/host.ts";
import { Hypervisor } from "#hypervisor/hypervisor.ts";
import type { PageMessage } from "#protocol/messages.ts";
import { GuestRunner } from "#workers/guest-runner.ts";
import { makeMachine, prepareHart } from "#workers/make-machine.ts";
import { nodeHost } from "#workers/node-host.ts";

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

/** A hypervisor with the images that were built, whose guests run in this very thread, one after the other, by the time that the test says. */
export function tabvisorWithTime(time: MockedTime): Hypervisor {
  return new Hypervisor({
    ...nodeHost({ guestsFolder: join(root, "public/guests") }),
    epoch: time.epoch,
    startWorker: () => startHere(time),
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
