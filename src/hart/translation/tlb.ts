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
  TLB_LOG_BYTES,
  TLB_LOG_ENTRIES,
  TLB_READ,
  TLB_SUM,
  TLB_SUPERVISOR,
  TLB_WRITE,
} from "#memory/layout.ts";

/**
 * An empty entry's tag, as one byte that fills it all. No address that maps to an entry may match it: the one entry
 * whose index these bits have (`COLLIDING`) gets another tag, 0, whose index is another.
 */
export const EMPTY = 0x80;
export const EMPTY_TAG = 0x8080_8080_8080_8080n;
export const COLLIDING = (0x8080_8080 >>> 12) & (TLB_ENTRIES - 1);

/** Where an entry says which page it leads to. */
const PAGE_FIELD = 8;

export const tlbs = [TLB_READ, TLB_WRITE, TLB_FETCH] as const;

/** Where the TLBs of all contexts stand that come of page tables. */
export const translatedContexts: readonly number[] = [
  ...Array.from({ length: TLB_BANKS * TLB_BANK_CONTEXTS }, (_, context) => context * TLB_BYTES),
  TLB_SUPERVISOR,
];

/** What empties them, emitted. */
export interface EmittedTlbs {
  /** The context at a byte offset, of what its log has. */
  emptyContext(context: number): void;
  emptyTranslated(): void;
}

/** satp of a bank that holds nothing of use. */
const NO_ADDRESS_SPACE = 0n;
const ASID_SHIFT = 44n;
const ASID_MASK = 0xffffn;

/**
 * The host's hold on a hart's software TLBs, which emitted code fills and reads. Each bank belongs to one value of satp, so
 * that a kernel that goes back to a process finds its translations; the bare context never goes stale by a fence.
 */
export class Tlbs {
  readonly #memory: GuestMemory;
  readonly #hart: number;
  /** All of the TLBs as 32-bit words, from the memory's first byte on. */
  readonly #words: Int32Array;
  /** Of `tlb-code.ts`: filling shared memory costs far less there. Without an engine that fills TLBs there is nothing to empty. */
  emitted: EmittedTlbs = { emptyContext: () => {}, emptyTranslated: () => {} };

  constructor(memory: GuestMemory, hart: number) {
    this.#memory = memory;
    this.#words = new Int32Array(memory.bytes.buffer, 0, (TLB_FETCH + TLB_BARE + TLB_BYTES) / 4);
    this.#hart = hart;
  }

  /** Makes `satp` the present address space; returns its bank's byte offset. Twin of what `tlb-code.ts` emits. */
  bankFor(satp: bigint): number {
    const current = this.#current;
    if (satp === NO_ADDRESS_SPACE || this.#space(current) === satp) return current * TLB_BANK_BYTES;
    this.#dropLocal();
    for (let bank = 0; bank < TLB_BANKS; bank++) if (this.#space(bank) === satp) return bank * TLB_BANK_BYTES;
    const { view } = this.#memory;
    const oldest = view.getUint32(this.#hart + HartSlot.tlbOldest, true) / TLB_BANK_BYTES;
    let next = (oldest + 1) % TLB_BANKS;
    if (next === current) next = (next + 1) % TLB_BANKS;
    view.setUint32(this.#hart + HartSlot.tlbOldest, next * TLB_BANK_BYTES, true);
    this.#setSpace(next, satp);
    this.#emptyBank(next);
    return next * TLB_BANK_BYTES;
  }

  /** Whatever the logs say: the memory may have been another's. */
  flushAll(): void {
    for (const context of [...translatedContexts, TLB_BARE]) {
      const log = this.#hart + HartSlot.tlbLogs + (context / TLB_BYTES) * TLB_LOG_BYTES;
      this.#memory.view.setUint32(log, TLB_LOG_ENTRIES + 1, true);
      this.emitted.emptyContext(context);
    }
    this.flushTranslated();
  }

  /** Everything that came of page tables. Banks other than the present one are emptied when they are next used. */
  flushTranslated(): void {
    this.emitted.emptyTranslated();
  }

  /** What came of page tables with that ASID, and is not global (Privileged ISA §4.2.1). */
  flushSpace(asid: bigint): void {
    for (let bank = 0; bank < TLB_BANKS; bank++) {
      if (((this.#space(bank) >> ASID_SHIFT) & ASID_MASK) !== (asid & ASID_MASK)) continue;
      if (bank === this.#current) this.#emptyBank(bank);
      else this.#setSpace(bank, NO_ADDRESS_SPACE);
    }
    this.#dropLocal();
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

  /** One page's translation in every address space, whatever the size of the leaf that it came from. Has a twin in `tlb-code.ts`. */
  flushPage(virtualAddress: bigint): void {
    const superpages = this.#memory.view.getBigUint64(this.#hart + HartSlot.superpages, true);
    if ((superpages >> ((virtualAddress >> 30n) & 63n)) & 1n) {
      this.flushTranslated();
      return;
    }
    const index = Number((virtualAddress >> 12n) & BigInt(TLB_ENTRIES - 1));
    for (const tlb of tlbs) for (const context of translatedContexts) this.#emptyEntry(tlb + context, index);
  }

  get #current(): number {
    return this.#memory.view.getUint32(this.#hart + HartSlot.tlbBank, true) / TLB_BANK_BYTES;
  }

  #space(bank: number): bigint {
    return this.#memory.view.getBigUint64(this.#hart + HartSlot.tlbSpaces + bank * 8, true);
  }

  #setSpace(bank: number, satp: bigint): void {
    this.#memory.view.setBigUint64(this.#hart + HartSlot.tlbSpaces + bank * 8, satp, true);
  }

  /** The supervisor TLB is every address space's: what is not global must not be found from another one. */
  #dropLocal(): void {
    if (this.#memory.view.getUint32(this.#hart + HartSlot.supervisorLocal, true) !== 0) this.#emptySupervisor();
  }

  #emptySupervisor(): void {
    this.emitted.emptyContext(TLB_SUPERVISOR);
    this.#memory.view.setUint32(this.#hart + HartSlot.supervisorLocal, 0, true);
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
    this.emitted.emptyContext(bank * TLB_BANK_BYTES);
    this.emitted.emptyContext(bank * TLB_BANK_BYTES + TLB_SUM);
  }

  #empty(start: number, byteLength: number): void {
    this.#memory.bytes.fill(EMPTY, start, start + byteLength);
    for (let at = start; at < start + byteLength; at += TLB_BYTES) this.#emptyEntry(at, COLLIDING);
  }

  #emptyEntry(start: number, index: number): void {
    const at = start + index * TLB_ENTRY_BYTES;
    this.#memory.view.setBigUint64(at, index === COLLIDING ? 0n : EMPTY_TAG, true);
  }
}
