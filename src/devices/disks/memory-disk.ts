import { byteArray, integer, list, record, versioned } from "#base/checks.ts";
import { DiskFullError, SECTOR_BYTES, type Disk } from "./disk.ts";

/** Bytes of one block of the overlay. */
export const BLOCK_BYTES = 4096;

/** What a disk holds before anything is written to it. */
export interface DiskBase {
  readonly byteLength: number;
  /** Every byte reads as 0, so that zeroed blocks need not be kept. */
  readonly zeroes?: boolean;
  /** Fills `target` from `offset` on; both lie within `byteLength`. */
  read(offset: number, target: Uint8Array): void;
}

export interface MemoryDiskOptions {
  readonly base: DiskBase;
  readonly readOnly?: boolean;
  /** Most bytes that the overlay may take; unlimited without. */
  readonly overlayBytesMax?: number;
}

/** What was written over the base, as `save` gives it: blocks by index, and the indices of those that were zeroed whole. */
export interface OverlayState {
  readonly version: 1;
  readonly byteLength: number;
  readonly blocks: readonly { readonly index: number; readonly bytes: Uint8Array }[];
  readonly zeroed: readonly number[];
}

interface Block {
  readonly index: number;
  readonly bytes: Uint8Array;
  /** The generation that may still write into `bytes`; blocks of an earlier one are in a saved state. */
  readonly generation: number;
}

/** A base of zeroes. */
export function zeroBase(byteLength: number): DiskBase {
  return { byteLength, zeroes: true, read: (_offset, target) => void target.fill(0) };
}

/** A base of bytes in memory, which must not change. */
export function bytesBase(bytes: Uint8Array): DiskBase {
  return {
    byteLength: bytes.length,
    read: (offset, target) => target.set(bytes.subarray(offset, offset + target.length)),
  };
}

/**
 * A disk in memory: an overlay of what was written over a base that never changes. `save` copies no block: it ends a
 * generation, and a later write to a block of an earlier generation copies that block first.
 */
export class MemoryDisk implements Disk {
  readonly sectorCount: number;
  readonly readOnly: boolean;
  readonly #base: DiskBase;
  readonly #blocksMax: number;
  #blocks = new Map<number, Block>();
  /** Blocks over the base that were zeroed whole; they take no room. */
  #zeroed = new Set<number>();
  #generation = 0;

  constructor({ base, readOnly = false, overlayBytesMax = Infinity }: MemoryDiskOptions) {
    this.#base = base;
    this.readOnly = readOnly;
    this.sectorCount = Math.ceil(base.byteLength / SECTOR_BYTES);
    this.#blocksMax = Math.floor(overlayBytesMax / BLOCK_BYTES);
  }

  /** Bytes that the overlay takes. */
  get overlayBytes(): number {
    return this.#blocks.size * BLOCK_BYTES;
  }

  read(sector: number, target: Uint8Array): void {
    this.#eachBlock(sector * SECTOR_BYTES, target.length, (index, start, end, done) => {
      const part = target.subarray(done, done + end - start);
      const block = this.#blocks.get(index);
      if (block === undefined) this.#readUnder(index, start, part);
      else part.set(block.bytes.subarray(start, end));
    });
  }

  write(sector: number, source: Uint8Array): void {
    this.#eachBlock(sector * SECTOR_BYTES, source.length, (index, start, end, done) => {
      this.#writable(index, end - start === BLOCK_BYTES).set(source.subarray(done, done + end - start), start);
    });
  }

  zero(sector: number, count: number): void {
    this.#eachBlock(sector * SECTOR_BYTES, count * SECTOR_BYTES, (index, start, end) => {
      if (end - start < BLOCK_BYTES) this.#writable(index, false).fill(0, start, end);
      else this.#zeroBlock(index);
    });
  }

  save(): OverlayState {
    this.#generation++;
    const blocks = Array.from(this.#blocks.values(), ({ index, bytes }) => ({ index, bytes }));
    return { version: 1, byteLength: this.#base.byteLength, blocks, zeroed: [...this.#zeroed] };
  }

  restore(state: unknown): void {
    const saved = versioned(state, "the disk's state", 1);
    if (saved["byteLength"] !== this.#base.byteLength) {
      throw new TypeError(
        `the disk's state is of a disk of ${String(saved["byteLength"])} bytes, not ${this.#base.byteLength}`,
      );
    }
    const blockCount = Math.ceil(this.#base.byteLength / BLOCK_BYTES);
    const blocks = new Map<number, Block>();
    const element = (value: unknown, what: string) => savedBlock(value, what, blockCount);
    for (const { index, bytes } of list(
      saved["blocks"],
      "the disk's blocks",
      element,
      0,
      Math.min(blockCount, this.#blocksMax),
    )) {
      if (blocks.has(index)) throw new TypeError(`the disk's state has block ${index} twice`);
      blocks.set(index, { index, bytes, generation: this.#generation });
    }
    const zeroIndex = (value: unknown, what: string) => integer(value, what, 0, blockCount - 1);
    const zeroed = new Set(list(saved["zeroed"], "the disk's zeroed blocks", zeroIndex, 0, blockCount));
    for (const index of zeroed) if (blocks.has(index)) throw new TypeError(`the disk's state has block ${index} twice`);
    this.#generation++;
    this.#blocks = blocks;
    this.#zeroed = zeroed;
  }

  #zeroBlock(index: number): void {
    this.#blocks.delete(index);
    if (this.#base.zeroes !== true) this.#zeroed.add(index);
  }

  /** Bytes of a block that may be written now; `whole`: all of them will be. */
  #writable(index: number, whole: boolean): Uint8Array {
    const block = this.#blocks.get(index);
    if (block !== undefined && block.generation === this.#generation) return block.bytes;
    if (block === undefined && this.#blocks.size >= this.#blocksMax) {
      throw new DiskFullError(`its overlay holds all of ${this.#blocksMax * BLOCK_BYTES} bytes`);
    }
    const bytes = new Uint8Array(BLOCK_BYTES);
    if (!whole) {
      if (block === undefined) this.#readUnder(index, 0, bytes);
      else bytes.set(block.bytes);
    }
    this.#blocks.set(index, { index, bytes, generation: this.#generation });
    this.#zeroed.delete(index);
    return bytes;
  }

  /** What a block without bytes of its own holds from `start` on: zeroes, or the base with zeroes behind its end. */
  #readUnder(index: number, start: number, target: Uint8Array): void {
    const offset = index * BLOCK_BYTES + start;
    const present = this.#zeroed.has(index) ? 0 : Math.max(0, Math.min(target.length, this.#base.byteLength - offset));
    if (present > 0) this.#base.read(offset, target.subarray(0, present));
    target.fill(0, present);
  }

  /** Calls `visit` with each block's index, the range within it, and how many bytes came before. */
  #eachBlock(
    offset: number,
    byteLength: number,
    visit: (index: number, start: number, end: number, done: number) => void,
  ): void {
    let done = 0;
    while (done < byteLength) {
      const index = Math.floor((offset + done) / BLOCK_BYTES);
      const start = (offset + done) % BLOCK_BYTES;
      const end = Math.min(BLOCK_BYTES, start + byteLength - done);
      visit(index, start, end, done);
      done += end - start;
    }
  }
}

function savedBlock(value: unknown, what: string, blockCount: number): { index: number; bytes: Uint8Array } {
  const { index, bytes } = record(value, what);
  return {
    index: integer(index, `${what}.index`, 0, blockCount - 1),
    bytes: byteArray(bytes, `${what}.bytes`, BLOCK_BYTES),
  };
}
