import type { GuestMemory } from "#memory/guest-memory.ts";
import {
  HartSlot,
  TLB_BYTES,
  TLB_CONTEXTS,
  TLB_ENTRIES,
  TLB_ENTRY_BYTES,
  TLB_FETCH,
  TLB_READ,
  TLB_WRITE,
} from "#memory/layout.ts";

/**
 * An empty entry's tag, as one byte that fills it all. No address that maps to an entry may match it: the one entry
 * whose index these bits have (`COLLIDING`) gets another tag, 0, whose index is another.
 */
const EMPTY = 0x80;
const COLLIDING = (0x8080_8080 >>> 12) & (TLB_ENTRIES - 1);

/** Contexts 0 to 2 translate; 3 is bare and never goes stale by a fence. */
const TRANSLATED_BYTES = TLB_BYTES * 3;

const tlbs = [TLB_READ, TLB_WRITE, TLB_FETCH] as const;

/** The host's hold on a hart's software TLBs, which emitted code fills and reads. */
export class Tlbs {
  readonly #memory: GuestMemory;
  readonly #hart: number;

  constructor(memory: GuestMemory, hart: number) {
    this.#memory = memory;
    this.#hart = hart;
  }

  flushAll(): void {
    for (const tlb of tlbs) this.#empty(tlb, TLB_BYTES * TLB_CONTEXTS);
    this.#forgetSuperpages();
  }

  /** Everything that came of page tables. */
  flushTranslated(): void {
    for (const tlb of tlbs) this.#empty(tlb, TRANSLATED_BYTES);
    this.#forgetSuperpages();
  }

  flushWrites(): void {
    this.#empty(TLB_WRITE, TLB_BYTES * TLB_CONTEXTS);
  }

  flushFetches(): void {
    this.#empty(TLB_FETCH, TLB_BYTES * TLB_CONTEXTS);
  }

  /** One page's translation, whatever the size of the leaf that it came from. */
  flushPage(virtualAddress: bigint): void {
    if (this.#mayBeSuperpage(virtualAddress)) {
      this.flushTranslated();
      return;
    }
    const index = Number((virtualAddress >> 12n) & BigInt(TLB_ENTRIES - 1));
    for (const tlb of tlbs) {
      for (let context = 0; context < 3; context++) this.#emptyEntry(tlb + context * TLB_BYTES, index);
    }
  }

  #mayBeSuperpage(virtualAddress: bigint): boolean {
    const at = this.#hart + HartSlot.superpages + (virtualAddress >> 63n ? 16 : 0);
    const { view } = this.#memory;
    return virtualAddress >= view.getBigUint64(at, true) && virtualAddress <= view.getBigUint64(at + 8, true);
  }

  #forgetSuperpages(): void {
    for (const at of [0, 16]) {
      this.#memory.view.setBigUint64(this.#hart + HartSlot.superpages + at, 0xffff_ffff_ffff_ffffn, true);
      this.#memory.view.setBigUint64(this.#hart + HartSlot.superpages + at + 8, 0n, true);
    }
  }

  #empty(start: number, byteLength: number): void {
    this.#memory.bytes.fill(EMPTY, start, start + byteLength);
    for (let at = start; at < start + byteLength; at += TLB_BYTES) this.#emptyEntry(at, COLLIDING);
  }

  #emptyEntry(start: number, index: number): void {
    const at = start + index * TLB_ENTRY_BYTES;
    this.#memory.view.setBigUint64(at, index === COLLIDING ? 0n : 0x8080_8080_8080_8080n, true);
  }
}
