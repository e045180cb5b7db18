import { expand } from "#riscv/compressed.ts";
import { instructionLength } from "#riscv/decode.ts";
import type { GuestMemory } from "#memory/guest-memory.ts";
import { DECODED, DECODED_PAGE_BYTES, DECODED_PAGES, OPERATION_BYTES, PAGE_BYTES, PageFlag } from "#memory/layout.ts";
import {
  RAM_OF_PAGE,
  REGIONS_IN_PAGE,
  SPANNING_OPERATION,
  SPANNING_WORD,
  STORES_SINCE_DECODE,
} from "./decoded-layout.ts";
import { encodeOperation, pairHandler, REENTER, SPANNING, type OperandUse } from "./operation.ts";

const SLOTS = PAGE_BYTES / 2;
/** Operations decoded at once: what follows is likely to be executed too. */
const BATCH = 8;
const NO_PAGE = -1;

/** Index 0: runs one instruction that spans two pages, then re-enters. */
export const SCRATCH = DECODED;
/** Index 1: runs one instruction in place of which a region begins, then re-enters. */
export const STEP = DECODED + DECODED_PAGE_BYTES;
/** Where the step page says (u32) which of its operations was used last. */
export const STEP_USED = STEP + 2051 * OPERATION_BYTES;
const FIRST_PAGE = 2;
/** Most pages that are passed over in looking for one to use again. */
const SPARED_PAGES_MAX = DECODED_PAGES / 2;

/** Which RAM pages have decoded operations, and what they are. A cache: all of it can be dropped at any time. */
export class DecodedPages {
  readonly #memory: GuestMemory;
  readonly #uses: readonly OperandUse[];
  readonly #released: (page: number) => void;
  /** RAM page of each decoded page. */
  readonly #owners = new Int32Array(DECODED_PAGES).fill(NO_PAGE);
  /** The operation of each compressed instruction that was met, low and high word; handler 0 where it was not. */
  readonly #compressed = new Uint32Array(2 * 0x1_0000);
  readonly #doublewords: BigInt64Array;
  #next = FIRST_PAGE;

  /** `released` is told of each RAM page that is about to lose its decoded page. */
  constructor(memory: GuestMemory, uses: readonly OperandUse[], released: (page: number) => void) {
    this.#memory = memory;
    this.#released = released;
    this.#uses = uses;
    this.#doublewords = new BigInt64Array(memory.bytes.buffer);
    for (const page of [SCRATCH, STEP]) {
      for (let slot = 0; slot < SLOTS + 2; slot++) this.#write(page + slot * OPERATION_BYTES, REENTER, 0);
    }
    this.#memory.view.setUint32(STEP_USED, STEP, true);
    this.dropAll();
  }

  /**
   * Gives a RAM page a decoded page with nothing in it, and marks it as code. The caller flushes the write TLB, and the
   * fetch TLB when a page was evicted for it.
   */
  assign(page: number): { readonly index: number; readonly evicted: boolean } {
    const index = this.#victim();
    const previous = this.#owners[index] ?? NO_PAGE;
    if (previous !== NO_PAGE) this.release(previous);
    const start = DECODED + index * DECODED_PAGE_BYTES;
    // V8 fills shared memory element by element: the largest are the fastest.
    this.#doublewords.fill(0n, start / 8, (start + DECODED_PAGE_BYTES) / 8);
    for (const slot of [SLOTS, SLOTS + 1]) this.#write(start + slot * OPERATION_BYTES, REENTER, 0);
    this.#memory.view.setUint32(start + RAM_OF_PAGE, this.#memory.layout.ram + page * PAGE_BYTES, true);
    this.#owners[index] = page;
    this.#setIndex(page, index);
    this.#memory.pageFlags[page] = (this.#memory.pageFlags[page] ?? 0) | PageFlag.code;
    return { index, evicted: previous !== NO_PAGE };
  }

  /** The decoded page that comes next, but for those that hold translated regions, which are in use. */
  #victim(): number {
    for (let tried = 0; ; tried++) {
      const index = this.#next;
      this.#next = index + 1 === DECODED_PAGES ? FIRST_PAGE : index + 1;
      const regions = this.#memory.view.getUint32(DECODED + index * DECODED_PAGE_BYTES + REGIONS_IN_PAGE, true);
      if (regions === 0 || tried === SPARED_PAGES_MAX) return index;
    }
  }

  /** The page is data again. The caller flushes the fetch TLB. */
  release(page: number): void {
    const index = this.#memory.view.getUint32(this.#memory.layout.decodedIndex + page * 4, true);
    if (index === 0) return;
    this.#released(page);
    this.#owners[index] = NO_PAGE;
    this.#setIndex(page, 0);
    this.#memory.pageFlags[page] = (this.#memory.pageFlags[page] ?? 0) & ~PageFlag.code;
  }

  /** The RAM page that a decoded page was made from. */
  ownerOf(index: number): number | undefined {
    const page = this.#owners[index] ?? NO_PAGE;
    return page === NO_PAGE ? undefined : page;
  }

  dropAll(): void {
    for (let index = FIRST_PAGE; index < DECODED_PAGES; index++) {
      const page = this.#owners[index] ?? NO_PAGE;
      if (page !== NO_PAGE) this.release(page);
    }
    this.#next = FIRST_PAGE;
  }

  /** Decodes the operation at an address within a decoded page, and some that follow it. */
  decode(address: number): void {
    const index = Math.floor((address - DECODED) / DECODED_PAGE_BYTES);
    const start = DECODED + index * DECODED_PAGE_BYTES;
    const page = this.#owners[index] ?? NO_PAGE;
    if (page === NO_PAGE) {
      // Released while it was being executed: fetch again.
      this.#write(address, REENTER, 0);
      return;
    }
    this.#memory.view.setUint32(start + STORES_SINCE_DECODE, 0, true);
    const base = this.#memory.layout.ram + page * PAGE_BYTES;
    let slot = (address - start) / OPERATION_BYTES;
    let previous: number | undefined;
    for (let count = 0; count < BATCH && slot < SLOTS; count++) {
      const at = start + slot * OPERATION_BYTES;
      // What is decoded already may be the entry of a translated region.
      if (this.#memory.view.getUint32(at, true) !== 0) break;
      slot += this.#decodeSlot(start, base, slot) / 2;
      previous = previous !== undefined && this.#pair(previous, at) ? undefined : at;
    }
  }

  /** Has the first of two operations run both, where there is a handler for that. */
  #pair(first: number, second: number): boolean {
    const { view } = this.#memory;
    const handler = pairHandler(view.getUint8(first), view.getUint8(second));
    if (handler !== 0) view.setUint8(first, handler);
    return handler !== 0;
  }

  /** Decodes one instruction that begins in the last halfword of the decoded page at `start` into the scratch page, and keeps it. */
  decodeSpanning(start: number, word: number): void {
    this.#encode(SCRATCH + (SLOTS - 1) * OPERATION_BYTES, word);
    this.#encode(start + SPANNING_OPERATION, word);
    this.#memory.view.setUint32(start + SPANNING_WORD, word, true);
  }

  #decodeSlot(start: number, base: number, slot: number): 2 | 4 {
    const { view } = this.#memory;
    const at = start + slot * OPERATION_BYTES;
    const low = view.getUint16(base + slot * 2, true);
    if (instructionLength(low) === 2) {
      if (this.#compressed[low * 2] === 0)
        this.#compressed.set(encodeOperation(this.#uses, expand(low), 2, low), low * 2);
      this.#write(at, this.#compressed[low * 2]!, this.#compressed[low * 2 + 1]!);
      return 2;
    }
    if (slot === SLOTS - 1) {
      this.#write(at, SPANNING, 0);
      return 4;
    }
    const word = low | (view.getUint16(base + slot * 2 + 2, true) << 16);
    this.#encode(at, word);
    return 4;
  }

  #encode(at: number, word: number): void {
    const [low, high] = encodeOperation(this.#uses, word, 4, word);
    this.#write(at, low, high);
  }

  #write(at: number, low: number, high: number): void {
    this.#memory.view.setUint32(at, low, true);
    this.#memory.view.setUint32(at + 4, high, true);
  }

  #setIndex(page: number, index: number): void {
    this.#memory.view.setUint32(this.#memory.layout.decodedIndex + page * 4, index, true);
  }
}
