import { Hypervisor } from "#hypervisor/hypervisor.ts";
import type { HypervisorHost, ReadChunk } from "#hypervisor/host.ts";
import type { GuestEngine } from "#protocol/messages.ts";
import type { Tabvisor } from "#protocol/tabvisor.ts";
import { createSharedGuestMemory } from "./guest-buffers.ts";
import { imageWorkerReader } from "./image-worker-link.ts";
import { SpareWorker } from "./spare-worker.ts";
import { asGuestWorker } from "./warden-link.ts";
import { fetchBelow } from "./web-platform.ts";
import { newImageWorker, newWarden } from "./worker-urls.ts";

/** Where the image catalogue stands, relative to the page. */
const GUESTS_FOLDER = "guests/";

/** The hypervisor of this page. It works (and says why no guest can run) even where the browser lacks what guests need. */
export function createBrowserTabvisor(): Tabvisor {
  const unsupported = missingFeature();
  const spare = unsupported === undefined ? new SpareWorker(newWarden) : undefined;
  const folder = new URL(GUESTS_FOLDER, location.href).href;
  const host: HypervisorHost = {
    now: () => performance.now(),
    epoch: () => Date.now(),
    report: (error) => reportError(error),
    after,
    fetchFile: fetchBelow(folder),
    readChunk: unsupported === undefined ? chunkReaderBelow(folder) : () => Promise.reject(new Error(unsupported)),
    startWorker: () => asGuestWorker(spare?.take() ?? newWarden()),
    createMemory: createSharedGuestMemory,
    unsupported,
    limits: { guests: 100, memoryMiB: deviceMemoryGiB() * 1024 },
    engine: chosenEngine(),
  };
  return new Hypervisor(host);
}

/** `?engine=interpreter` in the page's address: nothing is translated. */
function chosenEngine(): GuestEngine {
  return new URLSearchParams(location.search).get("engine") === "interpreter" ? "interpreter" : "translator";
}

/** What the browser says of the device: 8 at most, and where it says nothing. */
function deviceMemoryGiB(): number {
  return (navigator as { readonly deviceMemory?: number }).deviceMemory ?? 8;
}

function missingFeature(): string | undefined {
  if (typeof WebAssembly === "undefined") {
    return "This browser has WebAssembly switched off, and guests run on it. Switch it on, or open this page in another browser.";
  }
  if (typeof SharedArrayBuffer === "undefined" || !globalThis.crossOriginIsolated) {
    return "This page was served without the headers that give it shared memory. Serve it with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp over https or from localhost (npm start does so).";
  }
  try {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    if (memory.buffer instanceof SharedArrayBuffer) return undefined;
  } catch {
    // Said below.
  }
  return "This browser has no WebAssembly threads, and guests run on them. Open this page in a current Chromium, Firefox or Safari.";
}

function after(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}

function chunkReaderBelow(folder: string): ReadChunk {
  return imageWorkerReader(folder, newImageWorker);
}
