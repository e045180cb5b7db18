import { integer, unsigned64, versioned } from "#base/checks.ts";
import type { Device, InterruptLine, Width } from "./device.ts";
import { DrivenLine } from "./driven-line.ts";

const MSIP = 0x0000;
const MTIMECMP = 0x4000;
const MTIME = 0xbff8;
const NEVER = 2n ** 64n - 1n;

/** What the CLINT asks of the board. */
export interface ClintHost {
  /** Ticks of the timebase since power-on. */
  readonly time: () => bigint;
  /** MSIP and MTIP of hart 0. */
  readonly softwareInterrupt: InterruptLine;
  readonly timerInterrupt: InterruptLine;
  /** mtimecmp or mtime was written: `nextTimer` is another. */
  readonly timerChanged: () => void;
}

/** SiFive core-local interruptor of one hart: software interrupts and the machine timer. Registers: msip, mtimecmp, mtime. */
export class Clint implements Device {
  readonly name = "clint";
  readonly size = 0x1_0000;
  readonly #host: ClintHost;
  readonly #softwareInterrupt: DrivenLine;
  readonly #timerInterrupt: DrivenLine;
  #msip = 0;
  #mtimecmp = NEVER;
  /** mtime less the board's time, modulo 2^64; not 0 once the guest wrote mtime. */
  #offset = 0n;

  constructor(host: ClintHost) {
    this.#host = host;
    this.#softwareInterrupt = new DrivenLine(host.softwareInterrupt);
    this.#timerInterrupt = new DrivenLine(host.timerInterrupt);
  }

  /** What mtime, and so the time CSR, reads as. */
  get mtime(): bigint {
    return BigInt.asUintN(64, this.#host.time() + this.#offset);
  }

  /** When MTIP next rises, in the board's ticks (perhaps long past); undefined for never. */
  get nextTimer(): bigint | undefined {
    if (this.#mtimecmp === NEVER) return undefined;
    const due = this.#mtimecmp - BigInt.asIntN(64, this.#offset);
    return due < 0n ? 0n : due;
  }

  /** Drives MTIP by the time of now. */
  poll(): void {
    this.#timerInterrupt.drive(this.#mtimecmp !== NEVER && this.mtime >= this.#mtimecmp);
  }

  read(offset: number, width: Width): number {
    if (width !== 4) return 0;
    switch (offset) {
      case MSIP:
        return this.#msip;
      case MTIMECMP:
      case MTIMECMP + 4:
      case MTIME:
      case MTIME + 4:
        return half(this.readWhole(offset & ~7), offset);
      default:
        return 0;
    }
  }

  readWhole(offset: number): bigint {
    if (offset === MTIMECMP) return this.#mtimecmp;
    if (offset === MTIME) return this.mtime;
    return offset === MSIP ? BigInt(this.#msip) : 0n;
  }

  write(offset: number, width: Width, value: number): void {
    if (width !== 4) return;
    if (offset === MSIP) {
      this.#msip = value & 1;
      this.#softwareInterrupt.drive(this.#msip === 1);
      return;
    }
    const register = offset & ~7;
    if (register === MTIMECMP && (offset & 3) === 0) this.#mtimecmp = withHalf(this.#mtimecmp, offset, value);
    else if (register === MTIME && (offset & 3) === 0) {
      this.#offset = BigInt.asUintN(64, withHalf(this.mtime, offset, value) - this.#host.time());
    } else return;
    this.poll();
    this.#host.timerChanged();
  }

  reset(): void {
    this.#take(0, NEVER, 0n);
  }

  save(): unknown {
    return { version: 1, msip: this.#msip, mtimecmp: this.#mtimecmp, offset: this.#offset };
  }

  restore(state: unknown): void {
    const { msip, mtimecmp, offset } = versioned(state, "the CLINT's state", 1);
    this.#take(integer(msip, "msip", 0, 1), unsigned64(mtimecmp, "mtimecmp"), unsigned64(offset, "mtime's offset"));
  }

  #take(msip: number, mtimecmp: bigint, offset: bigint): void {
    this.#msip = msip;
    this.#mtimecmp = mtimecmp;
    this.#offset = offset;
    this.#softwareInterrupt.forget();
    this.#timerInterrupt.forget();
    this.#softwareInterrupt.drive(msip === 1);
    this.poll();
    this.#host.timerChanged();
  }
}

function half(value: bigint, offset: number): number {
  return Number((offset & 4) === 0 ? value & 0xffff_ffffn : value >> 32n);
}

function withHalf(value: bigint, offset: number, part: number): bigint {
  if ((offset & 4) === 0) return (value & 0xffff_ffff_0000_0000n) | BigInt(part);
  return (value & 0xffff_ffffn) | (BigInt(part) << 32n);
}
