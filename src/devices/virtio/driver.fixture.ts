import { TestLine } from "#devices/line.fixture.ts";
import { GuestMemory } from "#memory/guest-memory.ts";
import { RAM_BASE } from "#memory/layout.ts";
import { VirtioMmio } from "./mmio.ts";
import type { VirtioDevice } from "./virtio-device.ts";

export const VERSION_1 = 1n << 32n;
export const INDIRECT_DESC = 1n << 28n;
export const EVENT_IDX = 1n << 29n;

/** Status after a whole negotiation: ACKNOWLEDGE, DRIVER, FEATURES_OK, DRIVER_OK. */
export const ACTIVE = 15;
export const NEEDS_RESET = 64;

/** One descriptor as a test writes it; `next` defaults to the one after it in the same chain. */
export interface TestBuffer {
  readonly address: number;
  readonly byteLength: number;
  readonly write?: boolean;
}

/** One queue's place in RAM: 64 KiB each, descriptors, driver area, device area, then room for data. */
export function queueArea(index: number): { descriptors: number; driver: number; device: number; data: number } {
  const base = RAM_BASE + index * 0x1_0000;
  return { descriptors: base, driver: base + 0x2000, device: base + 0x3000, data: base + 0x5000 };
}

/** A guest's driver, written as a test wants it: well-behaved unless told otherwise. */
export class TestDriver {
  readonly memory: GuestMemory;
  readonly line = new TestLine();
  readonly log: string[] = [];
  readonly mmio: VirtioMmio;
  readonly size: number;
  readonly #nextDescriptor: number[] = [];

  /** `memory` is cleared where the driver works. */
  constructor(device: VirtioDevice, size = 8, memory = new GuestMemory(1)) {
    this.memory = memory;
    this.memory.fill(RAM_BASE, 0x4_0000, 0);
    this.size = size;
    const log = (message: string) => void this.log.push(message);
    this.mmio = new VirtioMmio({ memory: this.memory, line: this.line, log }, device);
  }

  read(offset: number): number {
    return this.mmio.read(offset, 4);
  }

  write(offset: number, value: number): void {
    this.mmio.write(offset, 4, value);
  }

  /** Reset to FEATURES_OK; returns the status. */
  negotiate(features = VERSION_1): number {
    this.write(0x70, 0);
    this.write(0x70, 1);
    this.write(0x70, 3);
    for (const word of [0, 1]) {
      this.write(0x24, word);
      this.write(0x20, Number((features >> BigInt(word * 32)) & 0xffff_ffffn));
    }
    this.write(0x70, 11);
    return this.read(0x70);
  }

  setQueue(index: number, size = this.size, area = queueArea(index)): void {
    this.write(0x30, index);
    this.write(0x38, size);
    for (const [offset, address] of [
      [0x80, area.descriptors],
      [0x90, area.driver],
      [0xa0, area.device],
    ] as const) {
      this.write(offset, address % 2 ** 32);
      this.write(offset + 4, Math.floor(address / 2 ** 32));
    }
    this.write(0x44, 1);
  }

  /** The whole way to DRIVER_OK, with `queueCount` queues; returns the status. */
  start(queueCount: number, features = VERSION_1): number {
    this.negotiate(features);
    for (let index = 0; index < queueCount; index++) this.setQueue(index);
    this.write(0x70, ACTIVE);
    return this.read(0x70);
  }

  descriptor(queue: number, index: number, address: number, byteLength: number, flags: number, next = 0): void {
    const at = queueArea(queue).descriptors + index * 16;
    this.memory.store64(at, BigInt(address));
    this.memory.store32(at + 8, byteLength);
    this.memory.store16(at + 12, flags);
    this.memory.store16(at + 14, next);
  }

  /** Writes a chain of descriptors and makes it available; returns its head. */
  add(queue: number, buffers: readonly TestBuffer[]): number {
    const head = this.#nextDescriptor[queue] ?? 0;
    buffers.forEach(({ address, byteLength, write = false }, position) => {
      const index = (head + position) % this.size;
      const more = position + 1 < buffers.length;
      this.descriptor(queue, index, address, byteLength, (write ? 2 : 0) | (more ? 1 : 0), (index + 1) % this.size);
    });
    this.#nextDescriptor[queue] = (head + buffers.length) % this.size;
    this.makeAvailable(queue, head);
    return head;
  }

  makeAvailable(queue: number, head: number): void {
    const { driver } = queueArea(queue);
    const index = this.memory.load16(driver + 2);
    this.memory.store16(driver + 4 + (index % this.size) * 2, head);
    this.memory.store16(driver + 2, (index + 1) & 0xffff);
  }

  notify(queue: number): void {
    this.write(0x50, queue);
  }

  /** Every used element so far (at most the queue's size of them), as [head, bytes written]. */
  used(queue: number): [number, number][] {
    const { device } = queueArea(queue);
    const count = this.memory.load16(device + 2);
    return Array.from({ length: count }, (_, index) => {
      const at = device + 4 + (index % this.size) * 8;
      return [this.memory.load32(at), this.memory.load32(at + 4)];
    });
  }

  acknowledge(): number {
    const status = this.read(0x60);
    this.write(0x64, status);
    return status;
  }

  put(address: number, bytes: Uint8Array | string): void {
    this.memory.write(address, typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
  }

  text(address: number, byteLength: number): string {
    return new TextDecoder().decode(this.memory.read(address, byteLength).slice());
  }
}
