import { unsigned, versioned } from "#base/checks.ts";
import type { GuestMemory } from "#memory/guest-memory.ts";
import { type DescriptorChain, readChain } from "./descriptor-chain.ts";
import { VirtioError } from "./virtio-error.ts";

/** Where the driver put a queue's three parts, guest physical. */
export interface QueueLayout {
  readonly size: number;
  readonly descriptorArea: number;
  readonly driverArea: number;
  readonly deviceArea: number;
}

/** Which of the ring's features were negotiated. */
export interface RingFeatures {
  readonly indirect: boolean;
  readonly eventIndex: boolean;
}

const AVAIL_NO_INTERRUPT = 1;

/**
 * Split virtqueue, device side (virtio 1.2 §2.7). Whatever the driver wrote is checked where it is used; a violation
 * throws VirtioError and leaves guest memory alone.
 */
export class Virtqueue {
  readonly size: number;
  readonly #memory: GuestMemory;
  readonly #layout: QueueLayout;
  readonly #features: RingFeatures;
  readonly #interrupt: () => void;
  /** Free-running, modulo 2^16. */
  #nextAvailable = 0;
  #nextUsed = 0;
  /** Where #nextUsed stood when the driver was last considered for an interrupt. */
  #signalledUsed = 0;

  /** Throws VirtioError where the layout is not possible. `interrupt`: used buffers want the driver's attention. */
  constructor(memory: GuestMemory, layout: QueueLayout, features: RingFeatures, interrupt: () => void) {
    checkLayout(memory, layout);
    this.size = layout.size;
    this.#memory = memory;
    this.#layout = layout;
    this.#features = features;
    this.#interrupt = interrupt;
  }

  /** Whether the driver made a request available that was not completed. */
  get hasRequest(): boolean {
    const available = this.#memory.load16(this.#layout.driverArea + 2);
    const count = (available - this.#nextAvailable) & 0xffff;
    if (count > this.size) throw new VirtioError(`the available index runs ${count} ahead in a queue of ${this.size}`);
    return count > 0;
  }

  /** The oldest request, which stays until it is completed; undefined when there is none. */
  peek(): DescriptorChain | undefined {
    if (!this.hasRequest) return undefined;
    const slot = this.#nextAvailable & (this.size - 1);
    const head = this.#memory.load16(this.#layout.driverArea + 4 + slot * 2);
    return readChain(this.#memory, this.#layout.descriptorArea, this.size, head, this.#features.indirect);
  }

  /** Every request that is available now, each to be completed before the next is asked for; at most as many as the queue holds. */
  *requests(): Generator<DescriptorChain, void, undefined> {
    // The bound matters: a request may be made to write the available ring itself.
    for (let count = 0; count < this.size; count++) {
      const chain = this.peek();
      if (chain === undefined) return;
      yield chain;
    }
  }

  /** Gives the oldest request back, with how many bytes the device wrote into it. */
  complete(chain: DescriptorChain, writtenBytes: number): void {
    const { deviceArea } = this.#layout;
    const element = deviceArea + 4 + (this.#nextUsed & (this.size - 1)) * 8;
    this.#memory.store32(element, chain.head);
    this.#memory.store32(element + 4, writtenBytes);
    this.#nextAvailable = (this.#nextAvailable + 1) & 0xffff;
    this.#nextUsed = (this.#nextUsed + 1) & 0xffff;
    this.#memory.store16(deviceArea + 2, this.#nextUsed);
  }

  /** After a batch: interrupts the driver if it wants to know, and asks to be notified of the next request. */
  flush(): void {
    const { driverArea, deviceArea } = this.#layout;
    const availableEvent = deviceArea + 4 + this.size * 8;
    // Looked at first: a poll that did nothing must not make a page dirty.
    if (this.#features.eventIndex && this.#memory.load16(availableEvent) !== this.#nextAvailable) {
      this.#memory.store16(availableEvent, this.#nextAvailable);
    }
    if (this.#signalledUsed === this.#nextUsed) return;
    const wanted = this.#features.eventIndex
      ? this.#passed(this.#memory.load16(driverArea + 4 + this.size * 2))
      : (this.#memory.load16(driverArea) & AVAIL_NO_INTERRUPT) === 0;
    this.#signalledUsed = this.#nextUsed;
    if (wanted) this.#interrupt();
  }

  save(): unknown {
    return {
      version: 1,
      nextAvailable: this.#nextAvailable,
      nextUsed: this.#nextUsed,
      signalledUsed: this.#signalledUsed,
    };
  }

  restore(state: unknown): void {
    const saved = versioned(state, "a virtqueue's state", 1);
    const nextAvailable = unsigned(saved["nextAvailable"], "a virtqueue's nextAvailable", 16);
    const nextUsed = unsigned(saved["nextUsed"], "a virtqueue's nextUsed", 16);
    const signalledUsed = unsigned(saved["signalledUsed"], "a virtqueue's signalledUsed", 16);
    this.#nextAvailable = nextAvailable;
    this.#nextUsed = nextUsed;
    this.#signalledUsed = signalledUsed;
  }

  /** virtio 1.2 §2.7.10: whether the used index went past what the driver named since it was last considered. */
  #passed(usedEvent: number): boolean {
    return ((this.#nextUsed - usedEvent - 1) & 0xffff) < ((this.#nextUsed - this.#signalledUsed) & 0xffff);
  }
}

function checkLayout(memory: GuestMemory, layout: QueueLayout): void {
  const { size } = layout;
  if (size < 1 || size > 0x8000 || (size & (size - 1)) !== 0)
    throw new VirtioError(`a queue size of ${size} is not a power of 2`);
  const parts = [
    ["descriptor area", layout.descriptorArea, size * 16],
    ["driver area", layout.driverArea, 6 + size * 2],
    ["device area", layout.deviceArea, 6 + size * 8],
  ] as const;
  for (const [part, address, byteLength] of parts) {
    if (!memory.contains(address, byteLength))
      throw new VirtioError(`the ${part} at 0x${address.toString(16)} is outside RAM`);
  }
}
