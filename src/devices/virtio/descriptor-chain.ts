import type { GuestMemory } from "#memory/guest-memory.ts";
import { VirtioError } from "./virtio-error.ts";

const DESCRIPTOR_BYTES = 16;
const FLAG_NEXT = 1;
const FLAG_WRITE = 2;
const FLAG_INDIRECT = 4;
/** Descriptors in one chain, also through an indirect table; more than any driver uses (Linux's limit is 1024 segments). */
const CHAIN_DESCRIPTORS_MAX = 4096;

interface Buffer {
  readonly address: number;
  readonly byteLength: number;
}

/** One request: buffers that the device reads, then buffers that it writes, each seen as one run of bytes. */
export class DescriptorChain {
  /** Index of the first descriptor, by which the driver knows the request. */
  readonly head: number;
  readonly #memory: GuestMemory;
  readonly #readable: Buffer[] = [];
  readonly #writable: Buffer[] = [];
  #readableBytes = 0;
  #writableBytes = 0;

  constructor(memory: GuestMemory, head: number) {
    this.#memory = memory;
    this.head = head;
  }

  get readableBytes(): number {
    return this.#readableBytes;
  }

  get writableBytes(): number {
    return this.#writableBytes;
  }

  get bufferCount(): number {
    return this.#readable.length + this.#writable.length;
  }

  /** Appends a buffer; throws VirtioError for one that cannot be. */
  append(address: number, byteLength: number, writable: boolean): void {
    if (byteLength === 0) throw new VirtioError("a descriptor has zero length");
    if (!this.#memory.contains(address, byteLength)) {
      throw new VirtioError(`a descriptor points outside RAM (0x${address.toString(16)} + ${byteLength} bytes)`);
    }
    if (!writable && this.#writable.length > 0)
      throw new VirtioError("a device-readable descriptor follows a device-writable one");
    (writable ? this.#writable : this.#readable).push({ address, byteLength });
    if (writable) this.#writableBytes += byteLength;
    else this.#readableBytes += byteLength;
    // Only buffers that overlap make such a chain, and it would cost the host more than the guest.
    if (this.#readableBytes + this.#writableBytes > this.#memory.layout.ramBytes)
      throw new VirtioError("a descriptor chain is longer than RAM");
  }

  /** Copies what the driver wrote, from `offset` of the readable bytes on; returns how many bytes there were. */
  read(offset: number, target: Uint8Array): number {
    return eachPart(this.#readable, offset, target.length, (address, byteLength, done) => {
      target.set(this.#memory.read(address, byteLength), done);
    });
  }

  /** Copies to the driver, from `offset` of the writable bytes on; returns how many bytes had room. */
  write(offset: number, source: Uint8Array): number {
    return eachPart(this.#writable, offset, source.length, (address, byteLength, done) => {
      this.#memory.write(address, source.subarray(done, done + byteLength));
    });
  }
}

/** Follows a chain from `head` through the descriptor table; throws VirtioError for anything that cannot be. */
export function readChain(
  memory: GuestMemory,
  table: number,
  size: number,
  head: number,
  indirect: boolean,
): DescriptorChain {
  const chain = new DescriptorChain(memory, head);
  walk(memory, chain, table, size, head, indirect);
  return chain;
}

function walk(
  memory: GuestMemory,
  chain: DescriptorChain,
  table: number,
  size: number,
  first: number,
  indirect: boolean,
): void {
  let index = first;
  // A chain that visits more descriptors than the table has must loop.
  for (let visited = 0; visited < size; visited++) {
    if (index >= size) throw new VirtioError(`descriptor ${index} is outside a table of ${size}`);
    const descriptor = table + index * DESCRIPTOR_BYTES;
    const address = address64(memory, descriptor);
    const byteLength = memory.load32(descriptor + 8);
    const flags = memory.load16(descriptor + 12);
    if ((flags & FLAG_INDIRECT) !== 0) {
      if (!indirect) throw new VirtioError("an indirect descriptor where none is allowed");
      if ((flags & FLAG_NEXT) !== 0) throw new VirtioError("an indirect descriptor has a next one");
      return walkIndirect(memory, chain, address, byteLength);
    }
    if (chain.bufferCount === CHAIN_DESCRIPTORS_MAX)
      throw new VirtioError(`a chain has more than ${CHAIN_DESCRIPTORS_MAX} descriptors`);
    chain.append(address, byteLength, (flags & FLAG_WRITE) !== 0);
    if ((flags & FLAG_NEXT) === 0) return;
    index = memory.load16(descriptor + 14);
  }
  throw new VirtioError("a descriptor chain loops");
}

function walkIndirect(memory: GuestMemory, chain: DescriptorChain, table: number, byteLength: number): void {
  if (byteLength === 0 || byteLength % DESCRIPTOR_BYTES !== 0) {
    throw new VirtioError(`an indirect table of ${byteLength} bytes is not a number of descriptors`);
  }
  if (!memory.contains(table, byteLength))
    throw new VirtioError(`an indirect table at 0x${table.toString(16)} is outside RAM`);
  walk(memory, chain, table, byteLength / DESCRIPTOR_BYTES, 0, false);
}

/** Rounds above 2^53, far outside any RAM, where it no longer matters. */
function address64(memory: GuestMemory, at: number): number {
  return memory.load32(at + 4) * 2 ** 32 + memory.load32(at);
}

/** Cuts `byteLength` bytes from `offset` on at buffer boundaries; returns how many bytes of these exist. */
function eachPart(
  buffers: readonly Buffer[],
  offset: number,
  byteLength: number,
  take: (address: number, byteLength: number, done: number) => void,
): number {
  let skip = offset;
  let done = 0;
  for (const buffer of buffers) {
    if (done === byteLength) break;
    if (skip >= buffer.byteLength) {
      skip -= buffer.byteLength;
      continue;
    }
    const part = Math.min(buffer.byteLength - skip, byteLength - done);
    take(buffer.address + skip, part, done);
    done += part;
    skip = 0;
  }
  return done;
}
