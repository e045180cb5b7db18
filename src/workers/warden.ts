import { MessageAllowance } from "#hypervisor/message-allowance.ts";
import { words } from "#base/words.ts";
import { parseWorkerMessage } from "#protocol/messages.ts";
import { newGuestWorker } from "./guest-worker-url.ts";
import { buffersOf, type WardenWord } from "./warden-link.ts";

/**
 * A worker that stands between the page and one guest's worker, which is its own. A browser makes a task of every message,
 * and lets a worker that never rests go on for seconds after it was ended: a corrupt one would hold the page by that
 * alone. Here it holds its warden, which ends it and tells the page. What passes has the form that it must have.
 */
declare const self: DedicatedWorkerGlobalScope;

const allowance = new MessageAllowance(() => performance.now());
const guest = newGuestWorker();
let isLost = false;

guest.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
  if (isLost) return;
  const refusal = allowance.refusal(data);
  if (refusal !== undefined) return lose(`it ${refusal}`);
  const message = parseWorkerMessage(data);
  if (!message) return say({ type: "wardenSawNonsense" });
  self.postMessage(message, message.type === "snapshotted" ? [message.pages] : []);
});
guest.addEventListener("error", (event) => {
  event.preventDefault();
  lose(event.message || "its code could not be loaded; reload the page");
});
guest.addEventListener("messageerror", () => lose("a message could not be read"));

self.onmessage = ({ data }: MessageEvent<unknown>) => {
  try {
    guest.postMessage(data, buffersOf(data));
  } catch (error) {
    lose(words(error));
  }
};

/** The guest's worker is ended, and its warden with it; the page is told why. */
function lose(reason: string): void {
  if (isLost) return;
  isLost = true;
  guest.terminate();
  say({ type: "wardenLostGuest", reason });
  // What still comes is not even dropped one by one.
  self.close();
}

function say(word: WardenWord): void {
  self.postMessage(word);
}
