import { versioned } from "#base/checks.ts";
import type { VirtioDevice } from "./virtio-device.ts";
import type { Virtqueue } from "./virtqueue.ts";

/** Bytes given to one request; a driver that wants more asks again. */
const REQUEST_BYTES_MAX = 4096;

/** Entropy device, virtio 1.2 §5.4. */
export class VirtioEntropy implements VirtioDevice {
  readonly name = "virtio-rng";
  readonly deviceId = 4;
  readonly features = 0n;
  readonly queueSizes = [64];
  readonly config = new Uint8Array(0);
  readonly #random: (bytes: Uint8Array) => void;
  readonly #bytes = new Uint8Array(REQUEST_BYTES_MAX);
  #queue: Virtqueue | undefined;

  /** `random` fills with entropy. */
  constructor(random: (bytes: Uint8Array) => void) {
    this.#random = random;
  }

  activate([queue]: readonly (Virtqueue | undefined)[]): void {
    this.#queue = queue;
  }

  notify(): void {
    const queue = this.#queue;
    if (queue === undefined) return;
    for (const chain of queue.requests()) {
      const bytes = this.#bytes.subarray(0, Math.min(chain.writableBytes, REQUEST_BYTES_MAX));
      this.#random(bytes);
      queue.complete(chain, chain.write(0, bytes));
    }
    queue.flush();
  }

  reset(): void {
    this.#queue = undefined;
  }

  save(): unknown {
    return { version: 1 };
  }

  restore(state: unknown): void {
    versioned(state, "virtio-rng's state", 1);
  }
}
