/** Bits of mip that the board drives; the names of Privileged ISA §3.1.9. */
export const InterruptBit = { SSIP: 1, MSIP: 3, STIP: 5, MTIP: 7, SEIP: 9, MEIP: 11 } as const;

/**
 * One hart, whatever its engine. All architectural state is in the guest's memory (`HartSlot`); what else it holds are caches.
 * Implemented by `hart/hart.ts`: `new Hart(memory, host, engine)`.
 */
export interface HartFace {
  /** Power-on: pc, M- or S-mode, every other slot at its reset value; scounteren and mcounteren are 7, delegation as OpenSBI sets it when `mode` is S. */
  reset(pc: bigint, mode: "M" | "S"): void;
  /** Runs at most `budget` instructions, taking interrupts first; comes back early on `requestExit`, wfi, or a change of interrupt enables. Returns how many it began. */
  run(budget: number): number;
  /** Leave `run` after the current instruction. Devices' interrupt changes and stops call this. */
  requestExit(): void;
  /** Drives one bit of mip from outside (STIP by Sstc is the hart's own affair). */
  setInterruptPending(bit: number, level: boolean): void;
  /** In wfi with no enabled interrupt pending. `run` first re-checks. */
  readonly waiting: boolean;
  /** When the hart's own stimecmp next fires, in mtime ticks (Sstc enabled), or undefined. */
  readonly nextTimer: bigint | undefined;
  readonly ticks: bigint;
  x(register: number): bigint;
  setX(register: number, value: bigint): void;
  pc: bigint;
  /** A CSR as the guest would read it from M-mode; for tests and the inspector. */
  csr(number: number): bigint;
  /** Drops TLBs and decoded code: called after RAM was replaced behind GuestMemory's back. */
  dropCaches(): void;
  /** Hart state was replaced, or page tables may have been; RAM only through GuestMemory, which drops code itself. Cheaper than `dropCaches`. */
  stateReplaced(): void;
  /** As SFENCE.VMA of everything. */
  fence(): void;
  /** Every page's next store takes the slow path again, which marks it dirty: called once dirty flags were cleared. */
  flushWriteTlb(): void;
}
