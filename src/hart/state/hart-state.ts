import type { GuestMemory } from "#memory/guest-memory.ts";
import { HART_BASE, HART_STRIDE, HartSlot } from "#memory/layout.ts";

/** A slot that holds one 64-bit word. */
export type Slot = Exclude<
  keyof typeof HartSlot,
  | "x"
  | "f"
  | "counters"
  | "pmpaddr"
  | "dataContext"
  | "fetchContext"
  | "tlbBank"
  | "tlbSpaces"
  | "tlbOldest"
  | "tlbLogs"
>;

/** Typed access to one hart's state in the guest's memory. Values are unsigned. */
export class HartState {
  readonly base: number;
  readonly #view: DataView;

  constructor(memory: GuestMemory, hartId: number) {
    this.base = HART_BASE + hartId * HART_STRIDE;
    this.#view = memory.view;
  }

  get(slot: Slot): bigint {
    return this.#view.getBigUint64(this.base + HartSlot[slot], true);
  }

  set(slot: Slot, value: bigint): void {
    this.#view.setBigUint64(this.base + HartSlot[slot], value, true);
  }

  /** The low 32 bits, unsigned: for slots whose live bits are there. */
  getLow(slot: Slot): number {
    return this.#view.getUint32(this.base + HartSlot[slot], true);
  }

  setLow(slot: Slot, value: number): void {
    this.#view.setUint32(this.base + HartSlot[slot], value, true);
  }

  getX(register: number): bigint {
    return this.#view.getBigUint64(this.base + HartSlot.x + register * 8, true);
  }

  setX(register: number, value: bigint): void {
    if (register !== 0) this.#view.setBigUint64(this.base + HartSlot.x + register * 8, value, true);
  }

  getPmpAddress(entry: number): bigint {
    return this.#view.getBigUint64(this.base + HartSlot.pmpaddr + entry * 8, true);
  }

  setPmpAddress(entry: number, value: bigint): void {
    this.#view.setBigUint64(this.base + HartSlot.pmpaddr + entry * 8, value, true);
  }

  get tlbBank(): number {
    return this.#view.getUint32(this.base + HartSlot.tlbBank, true);
  }

  set tlbBank(offset: number) {
    this.#view.setUint32(this.base + HartSlot.tlbBank, offset, true);
  }

  setContexts(data: number, fetch: number): void {
    this.#view.setUint32(this.base + HartSlot.dataContext, data, true);
    this.#view.setUint32(this.base + HartSlot.fetchContext, fetch, true);
  }

  setCounter(counter: number, value: number): void {
    this.#view.setBigUint64(this.base + HartSlot.counters + counter, BigInt(value), true);
  }

  count(counter: number, amount = 1): void {
    // In halves: bigints would cost more than most of what is counted.
    const address = this.base + HartSlot.counters + counter;
    const low = this.#view.getUint32(address, true) + amount;
    this.#view.setUint32(address, low >>> 0, true);
    if (low >= 2 ** 32) this.#view.setUint32(address + 4, this.#view.getUint32(address + 4, true) + 1, true);
  }
}
