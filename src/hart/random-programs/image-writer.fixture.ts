import {
  IMAGE_BYTES,
  LEAVES,
  MIDDLES,
  RECORD,
  recordCsrs,
  RecordSlot,
  ROOTS,
  WINDOW,
  type RecordCsr,
} from "./program-image.fixture.ts";
import { Pte } from "#hart/translation/translation.ts";

/** RAM in 2 MiB and 1 GiB: superpages are aligned. */
const RAM_BASE = 0x8000_0000;
const USED = Pte.V | Pte.A | Pte.D;
const RWX = Pte.R | Pte.W | Pte.X;

/** Bytes of an image being made, with what both styles of program put there. */
export class ImageWriter {
  readonly bytes = new Uint8Array(IMAGE_BYTES);
  readonly view = new DataView(this.bytes.buffer);
  readonly base: number;

  constructor(base: number) {
    this.base = base;
  }

  /** satp of one of the two address spaces. */
  satp(space: 0 | 1): bigint {
    return (8n << 60n) | (BigInt(space) << 44n) | BigInt((this.base + ROOTS[space]) >>> 12);
  }

  entry(at: number, index: number, physical: number, flags: number): void {
    this.view.setBigUint64(at + index * 8, (BigInt(physical >>> 12) << 10n) | BigInt(flags), true);
  }

  /** Tables of both spaces down to their leaves; all RAM is where it is for S-mode, and in a superpage that cannot be stored to. */
  tables(superpageFlags: number): void {
    for (const space of [0, 1] as const) {
      this.entry(ROOTS[space], 2, RAM_BASE, USED | RWX);
      this.entry(ROOTS[space], (WINDOW >>> 30) | 0x1fc, this.base + MIDDLES[space], Pte.V);
      this.entry(MIDDLES[space], 0, this.base + LEAVES[space], Pte.V);
      this.entry(MIDDLES[space], 1, RAM_BASE + (this.base & 0x7fe0_0000), superpageFlags);
    }
  }

  x(register: number, value: bigint | number): void {
    this.view.setBigUint64(RECORD + RecordSlot.x + register * 8, BigInt.asUintN(64, BigInt(value)), true);
  }

  f(register: number, value: bigint): void {
    this.view.setBigUint64(RECORD + RecordSlot.f + register * 8, value, true);
  }

  csr(name: RecordCsr, value: bigint | number): void {
    const index = recordCsrs.findIndex(([other]) => other === name);
    this.view.setBigUint64(RECORD + RecordSlot.csrs + index * 8, BigInt.asUintN(64, BigInt(value)), true);
  }

  fuel(traps: number): void {
    this.view.setBigUint64(RECORD + RecordSlot.fuel, BigInt(traps), true);
  }
}
