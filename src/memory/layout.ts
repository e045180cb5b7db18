/**
 * The one table of offsets in a guest's shared memory. Emitted code, TypeScript and the page's meters all read it.
 *
 *   0 ─ harts ─ caches (TLBs, decoded pages) ─ console rings ─ page flags ─ … ─ RAM (64 KiB boundary) ─ end
 *
 * Everything before RAM except hart state is a cache or a host handle, never part of a snapshot.
 */

/** Guest physical address of the first byte of RAM (QEMU `virt`). */
export const RAM_BASE = 0x8000_0000;

export const PAGE_BYTES = 4096;
export const PAGE_SHIFT = 12;

/** Bytes of one hart's state; hart n stands at `HART_BASE + n * HART_STRIDE`. */
export const HART_STRIDE = 0x1000;
export const HART_BASE = 0;

/** Byte offsets within one hart's state. Each slot is 8 bytes, little-endian, unless said otherwise. */
export const HartSlot = {
  /** x0…x31, then one word that writes to x0 go to. */
  x: 0x000,
  xSink: 0x100,
  f: 0x108,
  pc: 0x208,
  /** 0 = U, 1 = S, 3 = M. */
  mode: 0x210,
  /** Instructions begun since power-on, retired or trapped: the virtual clock. */
  ticks: 0x218,
  /** What `minstret` and `mcycle` read as, less `ticks`. */
  instretOffset: 0x220,
  cycleOffset: 0x228,
  /** Reserved address + 1, 0 when there is none; and the value LR loaded. */
  reservation: 0x230,
  reservedValue: 0x238,
  /** Set by a helper or a memory access that raised an exception: cause + 1, 0 when none; and its tval. */
  exception: 0x240,
  exceptionValue: 0x248,
  /** Low 32 bits: instructions left in this slice, up to date whenever emitted code has called out. Set to 0 to leave the run loop. */
  budget: 0x258,
  /** 1 while in wfi with nothing pending. */
  waiting: 0x260,
  // CSRs that have storage of their own.
  mstatus: 0x280,
  misa: 0x288,
  medeleg: 0x290,
  mideleg: 0x298,
  mie: 0x2a0,
  mip: 0x2a8,
  mtvec: 0x2b0,
  mcounteren: 0x2b8,
  mscratch: 0x2c0,
  mepc: 0x2c8,
  mcause: 0x2d0,
  mtval: 0x2d8,
  mcountinhibit: 0x2e0,
  menvcfg: 0x2e8,
  senvcfg: 0x2f0,
  stvec: 0x2f8,
  scounteren: 0x300,
  sscratch: 0x308,
  sepc: 0x310,
  scause: 0x318,
  stval: 0x320,
  satp: 0x328,
  stimecmp: 0x330,
  /** Low 32 bits: fflags and frm as fcsr has them. */
  fcsr: 0x338,
  pmpcfg0: 0x340,
  pmpcfg2: 0x348,
  /** 16 entries. */
  pmpaddr: 0x350,
  // What the TLBs hold. Not architectural.
  /** Where they hold parts of superpages: bit n for the GiBs whose number is n modulo 64. */
  superpages: 0x3d0,
  /** Not 0: the supervisor TLB holds what only the present address space maps (u32). */
  supervisorLocal: 0x3d8,
  // Derived from the CSRs above, for emitted code; not architectural: byte offset of the TLB of the context that
  // loads and stores, and fetches, happen in (u32 each).
  dataContext: 0x3f0,
  fetchContext: 0x3f4,
  /** Byte offset of the present address space's bank (u32). */
  tlbBank: 0x3f8,
  // Counters for the page's meters; not architectural.
  counters: 0x400,
  /** satp of each bank of TLBs, 0 of one that holds nothing of use. */
  tlbSpaces: 0x500,
  /** Byte offset of the bank that was given away last (u32). */
  tlbOldest: 0x520,
  /** For each context of the TLBs, which entries were filled since it was emptied: their number, then where they stand (u32 each). */
  tlbLogs: 0x600,
} as const;

/** A context whose entries are more than that is swept when it is emptied. */
export const TLB_LOG_ENTRIES = 15;
export const TLB_LOG_BYTES = (TLB_LOG_ENTRIES + 1) * 4;

/** Bytes of a hart's state that a snapshot keeps: everything up to what is derived. */
export const HART_STATE_BYTES = 0x3d0;

/** Offsets of u64 counters from `HartSlot.counters`, read live by the page. */
export const Counter = {
  traps: 0x00,
  interrupts: 0x08,
  tlbMisses: 0x10,
  pagesDecoded: 0x18,
  mmioAccesses: 0x20,
  /** Microseconds of host time spent running guest code. */
  busyMicroseconds: 0x28,
  slices: 0x30,
  /** Counts up while the guest's worker answers. */
  heartbeat: 0x38,
  /** Instructions begun in translated regions. */
  translatedInstructions: 0x40,
  /** Regions translated since power-on, those that stand now, and their bytes of WebAssembly. */
  regionsTranslated: 0x48,
  regions: 0x50,
  regionBytes: 0x58,
  /** Microseconds of host time spent translating. */
  translationMicroseconds: 0x60,
  /** Modules of regions that could not be made. */
  translationFailures: 0x68,
} as const;

/** Software TLB: direct-mapped, 16-byte entries `{ tag: i64, page: i32, - }`; one for each kind of access and context. */
export const TLB_ENTRIES = 512;
export const TLB_ENTRY_BYTES = 16;
export const TLB_BYTES = TLB_ENTRIES * TLB_ENTRY_BYTES;
/** Contexts of one address space: U, and loads and stores of S with SUM. */
export const TLB_BANK_CONTEXTS = 2;
/** The latter, from the beginning of its bank. */
export const TLB_SUM = TLB_BYTES;
export const TLB_BANK_BYTES = TLB_BYTES * TLB_BANK_CONTEXTS;
/** Address spaces whose translations are kept at once, so that going back to one finds them. */
export const TLB_BANKS = 4;
/** After the banks: S-mode, of every address space at once, since what kernels map is global; then M-mode and bare. */
export const TLB_SUPERVISOR = TLB_BANK_BYTES * TLB_BANKS;
export const TLB_BARE = TLB_SUPERVISOR + TLB_BYTES;
const TLB_TOTAL = TLB_BARE + TLB_BYTES;
export const TLB_READ = 0x1_0000;
export const TLB_WRITE = TLB_READ + TLB_TOTAL;
export const TLB_FETCH = TLB_WRITE + TLB_TOTAL;
const TLB_END = TLB_FETCH + TLB_TOTAL;

/** Console rings (see `base/byte-ring.ts`): 8 bytes of head and tail, then the bytes. */
export const CONSOLE_RING_BYTES = 0x1_0000;
export const CONSOLE_OUT = TLB_END;
export const CONSOLE_IN = CONSOLE_OUT + 64 + CONSOLE_RING_BYTES;
const CONSOLE_END = CONSOLE_IN + 64 + CONSOLE_RING_BYTES;

/** Decoded pages: 2048 operations of 8 bytes (one a halfword) and two that re-enter; the first two are scratch pages. */
export const OPERATION_BYTES = 8;
export const DECODED_PAGE_BYTES = (2048 + 8) * OPERATION_BYTES;
export const DECODED_PAGES = 1024;
export const DECODED = (CONSOLE_END + 0xffff) & ~0xffff;
const DECODED_END = DECODED + DECODED_PAGE_BYTES * DECODED_PAGES;

/** How often execution jumped to an operation: u32 counters, found by the low bits of the operation's place. */
export const HOT_COUNTERS = (DECODED_END + 0xffff) & ~0xffff;
export const HOT_COUNTER_COUNT = 16_384;
const HOT_COUNTERS_END = HOT_COUNTERS + HOT_COUNTER_COUNT * 4;

/** Operations that the entries of translated regions stand in place of. */
export const ORIGINALS = HOT_COUNTERS_END;
export const ORIGINAL_COUNT = 0x1_0000;
const ORIGINALS_END = ORIGINALS + ORIGINAL_COUNT * OPERATION_BYTES;

/** Per RAM page, one byte of flags, then (aligned) one u32: its decoded page's index, 0 when none. */
export const PAGE_FLAGS = (ORIGINALS_END + 0xffff) & ~0xffff;
export const PageFlag = {
  /** Written since the last snapshot or reset. */
  dirty: 1,
  /** Holds operations decoded by an engine: stores go through the slow path. */
  code: 2,
} as const;

/** Where everything whose place depends on the size of RAM stands. */
export interface MemoryLayout {
  readonly ramBytes: number;
  readonly pageCount: number;
  readonly pageFlags: number;
  readonly decodedIndex: number;
  readonly ram: number;
  readonly totalBytes: number;
}

/** Lays out a guest's memory for `ramBytes` of RAM (a multiple of 64 KiB). */
export function layoutFor(ramBytes: number): MemoryLayout {
  const pageCount = ramBytes / PAGE_BYTES;
  const decodedIndex = PAGE_FLAGS + ((pageCount + 7) & ~7);
  const ram = Math.ceil((decodedIndex + pageCount * 4) / 0x1_0000) * 0x1_0000;
  return { ramBytes, pageCount, pageFlags: PAGE_FLAGS, decodedIndex, ram, totalBytes: ram + ramBytes };
}
