import { warmUpTranslation } from "#hart/translator/translation-warm-up.ts";
import type { PageMessage } from "#protocol/messages.ts";
import { GuestRunner } from "./guest-runner.ts";
import { makeMachine, prepareHart } from "./make-machine.ts";

/** A browser's worker: one guest. */
declare const self: DedicatedWorkerGlobalScope;

/** A worker that has not been spoken to for so long is a spare one. */
const SPARE_MS = 50;

/** A turn of the event loop in 7 µs, where a timer would take 4 ms. */
const turns = new MessageChannel();

const runner = new GuestRunner({
  post: (message, transfer = []) => self.postMessage(message, [...transfer]),
  now: () => performance.now(),
  // Not by performance.now(), which stands still while the host sleeps and does not follow when its clock is set.
  epoch: () => Date.now(),
  random: fillRandom,
  soon: (callback) => {
    turns.port1.onmessage = callback;
    turns.port2.postMessage(0);
  },
  prepare: prepareHart,
  makeMachine,
});

/** No guest wants this worker yet: it gets ready for one. */
const gettingReady = setTimeout(warmUpTranslation, SPARE_MS);

self.onmessage = ({ data }: MessageEvent<PageMessage>) => {
  clearTimeout(gettingReady);
  runner.receive(data);
};

/** getRandomValues takes neither shared memory nor more than 64 KiB at once. */
function fillRandom(bytes: Uint8Array): void {
  for (let start = 0; start < bytes.length; start += 0x1_0000) {
    const piece = new Uint8Array(Math.min(0x1_0000, bytes.length - start));
    bytes.set(crypto.getRandomValues(piece), start);
  }
}
