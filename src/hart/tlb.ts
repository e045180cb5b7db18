import type { GuestMemory } from "#memory/guest-memory.ts";
import {
  HartSlot,
  TLB_BANK_BYTES,
  TLB_BANK_CONTEXTS,
  TLB_BANKS,
  TLB_BARE,
  TLB_BYTES,
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

/** Where an entry says which page it leads to. */
const PAGE_FIELD = 8;

const tlbs = [TLB_READ, TLB_WRITE, TLB_FETCH] as const;

/** satp of a bank that holds nothing of use. */
const NO_ADDRESS_SPACE = 0n;

/**
 * The host's hold on a hart's software TLBs, which emitted code fills and reads. Each bank belongs to one value of satp, so
 * that a kernel that goes back to a process finds its translations; the bare context never goes stale by a fence.
 */
export class Tlbs {
  readonly #memory: GuestMemory;
  readonly #hart: number;
  /** satp of each bank. */
  readonly #spaces: bigint[] = Array.from({ length: TLB_BANKS }, () => NO_ADDRESS_SPACE);
  /** All of the TLBs as 32-bit words, from the memory's first byte on. */
  readonly #words: Int32Array;
  #current = 0;
  #oldest = 0;

  constructor(memory: GuestMemory, hart: number) {
    this.#memory = memory;
    this.#words = new Int32Array(memory.bytes.buffer, 0, (TLB_FETCH + TLB_BARE + TLB_BYTES) / 4);
    this.#hart = hart;
  }

  /** Makes `satp` the present address space; returns its bank's byte offset. */
  bankFor(satp: bigint): number {
    const known = satp === NO_ADDRESS_SPACE ? this.#current : this.#spaces.indexOf(satp);
    if (known >= 0) {
      this.#current = known;
      return known * TLB_BANK_BYTES;
    }
    this.#oldest = (this.#oldest + 1) % TLB_BANKS;
    if (this.#oldest === this.#current) this.#oldest = (this.#oldest + 1) % TLB_BANKS;
    this.#current = this.#oldest;
    this.#spaces[this.#current] = satp;
    this.#emptyBank(this.#current);
    return this.#current * TLB_BANK_BYTES;
  }

  flushAll(): void {
    for (const tlb of tlbs) this.#empty(tlb + TLB_BARE, TLB_BYTES);
    this.flushTranslated();
  }

  /** Everything that came of page tables. Banks other than the present one are emptied when they are next used. */
  flushTranslated(): void {
    for (let bank = 0; bank < TLB_BANKS; bank++) if (bank !== this.#current) this.#spaces[bank] = NO_ADDRESS_SPACE;
    this.#emptyBank(this.#current);
    this.#forgetSuperpages();
  }

  flushWrites(): void {
    this.#empty(TLB_WRITE, TLB_BARE + TLB_BYTES);
  }

  flushFetches(): void {
    this.#empty(TLB_FETCH, TLB_BARE + TLB_BYTES);
  }

  /** Every entry for stores that leads to the RAM page at byte `page` of the memory. */
  dropWritesTo(page: number): void {
    this.#dropEntriesTo(TLB_WRITE, page);
  }

  /** Every entry for fetches that leads to the decoded page at byte `page` of the memory. */
  dropFetchesOf(page: number): void {
    this.#dropEntriesTo(TLB_FETCH, page);
  }

  /** One page's translation in every address space, whatever the size of the leaf that it came from. */
  flushPage(virtualAddress: bigint): void {
    if (this.#mayBeSuperpage(virtualAddress)) {
      this.flushTranslated();
      return;
    }
    const index = Number((virtualAddress >> 12n) & BigInt(TLB_ENTRIES - 1));
    for (const tlb of tlbs) {
      for (let context = 0; context < TLB_BANKS * TLB_BANK_CONTEXTS; context++) {
        this.#emptyEntry(tlb + context * TLB_BYTES, index);
      }
    }
  }

  #dropEntriesTo(tlb: number, page: number): void {
    const words = this.#words;
    const end = (tlb + TLB_BARE + TLB_BYTES) / 4;
    for (let at = (tlb + PAGE_FIELD) / 4; at < end; at += TLB_ENTRY_BYTES / 4) {
      if (words[at] !== page) continue;
      const start = at * 4 - PAGE_FIELD;
      const index = ((start - tlb) % TLB_BYTES) / TLB_ENTRY_BYTES;
      this.#emptyEntry(start - index * TLB_ENTRY_BYTES, index);
    }
  }

  #emptyBank(bank: number): void {
    for (const tlb of tlbs) this.#empty(tlb + bank * TLB_BANK_BYTES, TLB_BANK_BYTES);
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
