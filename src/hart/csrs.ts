import { Cause } from "#riscv/engine.ts";
import { GuestException } from "#hart/state/exception.ts";
import type { HartState, Slot } from "#hart/state/hart-state.ts";
import { Mode, MPP_SHIFT, MSTATUS_WRITABLE, SD, SSTATUS_WRITABLE, Status, SXL_64, UXL_64 } from "#hart/state/status.ts";
import { ADUE, SV39, updateContexts } from "#hart/translation/translation.ts";

/** What a CSR access may ask of the hart around it. */
export interface CsrHost {
  readonly state: HartState;
  time(): bigint;
  /** Interrupt enables or pending bits changed. */
  interruptsChanged(): void;
  /** stimecmp, or whether it drives STIP, changed. */
  timerChanged(): void;
  /** What translations permit changed: every TLB is stale. */
  flushTlbs(): void;
  /** satp changed. */
  addressSpaceChanged(): void;
}

/** One CSR: how it reads, and what of a write it keeps. Absent `write`: read-only, whatever its number says. */
interface Csr {
  read(host: CsrHost): bigint;
  write?(host: CsrHost, value: bigint): void;
}

const MISA =
  (2n << 62n) | BigInt([..."ACDFIMSU"].reduce((bits, letter) => bits | (1 << (letter.charCodeAt(0) - 65)), 0));
const S_INTERRUPTS = (1 << 1) | (1 << 5) | (1 << 9);
const M_INTERRUPTS = (1 << 3) | (1 << 7) | (1 << 11);
/** Exceptions that may be delegated: all that S-mode can take, but not ecall from M. */
const DELEGABLE = 0xb3ffn;
const STCE = 1n << 63n;
const FIOM = 1n;

/** A CSR that is one slot; writes keep the bits in `mask`. */
function stored(slot: Slot, mask = 0xffff_ffff_ffff_ffffn): Csr {
  return {
    read: ({ state }) => state.get(slot),
    write: ({ state }, value) => state.set(slot, value & mask),
  };
}

const zero: Csr = { read: () => 0n, write: () => {} };
const constant = (value: bigint): Csr => ({ read: () => value });

/** fflags, frm and fcsr: fields of one register that exists only while FS is not Off. */
function floatField(shift: bigint, mask: bigint): Csr {
  const check = (state: HartState): void => {
    if (!(state.getLow("mstatus") & Status.FS)) throw new GuestException(Cause.IllegalInstruction, 0n);
  };
  return {
    read: ({ state }) => {
      check(state);
      return (state.get("fcsr") >> shift) & mask;
    },
    write: ({ state }, value) => {
      check(state);
      state.set("fcsr", (state.get("fcsr") & ~(mask << shift)) | ((value & mask) << shift));
      state.setLow("mstatus", state.getLow("mstatus") | Status.FS);
    },
  };
}

function readStatus(state: HartState, mask: number, widths: bigint): bigint {
  const status = state.getLow("mstatus") & mask;
  const dirty = (status & Status.FS) === Status.FS ? SD : 0n;
  return BigInt(status) | widths | dirty;
}

function writeStatus(host: CsrHost, value: bigint, mask: number): void {
  const { state } = host;
  const before = state.getLow("mstatus");
  let after = (before & ~mask) | (Number(value & 0xffff_ffffn) & mask);
  if ((after & Status.MPP) >>> MPP_SHIFT === 2) after = (after & ~Status.MPP) | (before & Status.MPP);
  state.setLow("mstatus", after);
  const changed = before ^ after;
  if (changed & Status.MXR) host.flushTlbs();
  if (changed & (Status.SUM | Status.MPRV | Status.MPP)) updateContexts(state);
  if (changed & after & (Status.SIE | Status.MIE)) host.interruptsChanged();
}

function interruptBits(slot: "mie" | "mip" | "mideleg", mask: (state: HartState) => number): Csr {
  return {
    read: (host) => BigInt(host.state.getLow(slot) & mask(host.state)),
    write: (host, value) => {
      const writable = slot === "mip" ? mask(host.state) & softwareBits(host.state) : mask(host.state);
      const kept = host.state.getLow(slot) & ~writable;
      host.state.setLow(slot, kept | (Number(value & 0xffffn) & writable));
      host.interruptsChanged();
    },
  };
}

/** Bits of mip that M-mode software may write: SSIP, SEIP, and STIP unless stimecmp drives it (Sstc §1). */
function softwareBits(state: HartState): number {
  return state.get("menvcfg") & STCE ? S_INTERRUPTS & ~(1 << 5) : S_INTERRUPTS;
}

/** cycle and instret count instructions begun before this one, moved by what software wrote. */
function counter(offset: "cycleOffset" | "instretOffset"): Csr {
  return {
    read: ({ state }) => BigInt.asUintN(64, state.get("ticks") + state.get(offset) - 1n),
    // A write takes effect after the instruction, which then does not count itself (Privileged ISA §3.1.10).
    write: ({ state }, value) => state.set(offset, BigInt.asUintN(64, value - state.get("ticks"))),
  };
}

const readOnly = ({ read }: Csr): Csr => ({ read });

const csrs = new Map<number, Csr>([
  [0x001, floatField(0n, 0x1fn)],
  [0x002, floatField(5n, 7n)],
  [0x003, floatField(0n, 0xffn)],
  [0xc00, readOnly(counter("cycleOffset"))],
  [0xc01, { read: (host) => host.time() }],
  [0xc02, readOnly(counter("instretOffset"))],
  [
    0x100,
    {
      read: ({ state }) => readStatus(state, SSTATUS_WRITABLE, UXL_64),
      write: (host, value) => writeStatus(host, value, SSTATUS_WRITABLE),
    },
  ],
  [0x104, interruptBits("mie", (state) => state.getLow("mideleg"))],
  [0x105, stored("stvec", ~2n & 0xffff_ffff_ffff_ffffn)],
  [0x106, stored("scounteren", 0xffff_ffffn)],
  [0x10a, stored("senvcfg", FIOM)],
  [0x140, stored("sscratch")],
  [0x141, stored("sepc", 0xffff_ffff_ffff_fffen)],
  [0x142, stored("scause")],
  [0x143, stored("stval")],
  [
    0x144,
    {
      read: (host) => BigInt(host.state.getLow("mip") & host.state.getLow("mideleg")),
      write: (host, value) => {
        const writable = (1 << 1) & host.state.getLow("mideleg");
        host.state.setLow("mip", (host.state.getLow("mip") & ~writable) | (Number(value & 0xffffn) & writable));
        host.interruptsChanged();
      },
    },
  ],
  [
    0x14d,
    {
      read: ({ state }) => state.get("stimecmp"),
      write: (host, value) => {
        host.state.set("stimecmp", value);
        host.timerChanged();
      },
    },
  ],
  [
    0x180,
    {
      read: ({ state }) => state.get("satp"),
      // An unsupported MODE leaves the register as it was (§4.1.11).
      write: (host, value) => {
        const mode = value >> 60n;
        if (mode !== 0n && mode !== SV39) return;
        host.state.set("satp", mode === 0n ? 0n : value);
        host.addressSpaceChanged();
      },
    },
  ],
  [0xf11, constant(0n)],
  [0xf12, constant(0n)],
  [0xf13, constant(0n)],
  [0xf14, constant(0n)],
  [0xf15, constant(0n)],
  [
    0x300,
    {
      read: ({ state }) => readStatus(state, MSTATUS_WRITABLE, UXL_64 | SXL_64),
      write: (host, value) => writeStatus(host, value, MSTATUS_WRITABLE),
    },
  ],
  [0x301, { read: () => MISA, write: () => {} }],
  [0x302, stored("medeleg", DELEGABLE)],
  [0x303, interruptBits("mideleg", () => S_INTERRUPTS)],
  [0x304, interruptBits("mie", () => S_INTERRUPTS | M_INTERRUPTS)],
  [0x305, stored("mtvec", ~2n & 0xffff_ffff_ffff_ffffn)],
  [0x306, stored("mcounteren", 0xffff_ffffn)],
  [
    0x30a,
    {
      read: ({ state }) => state.get("menvcfg"),
      write: (host, value) => {
        host.state.set("menvcfg", value & (STCE | ADUE | FIOM));
        host.timerChanged();
      },
    },
  ],
  [0x320, stored("mcountinhibit", 0n)],
  [0x340, stored("mscratch")],
  [0x341, stored("mepc", 0xffff_ffff_ffff_fffen)],
  [0x342, stored("mcause")],
  [0x343, stored("mtval")],
  [0x344, interruptBits("mip", () => S_INTERRUPTS | M_INTERRUPTS)],
  [0x3a0, stored("pmpcfg0")],
  [0x3a2, stored("pmpcfg2")],
  ...Array.from({ length: 16 }, (_, entry): [number, Csr] => [
    0x3b0 + entry,
    {
      read: ({ state }) => state.getPmpAddress(entry),
      write: ({ state }, value) => state.setPmpAddress(entry, value & 0x3f_ffff_ffff_ffffn),
    },
  ]),
  // Hardware performance counters and debug triggers that are not there: WARL, all zero.
  ...Array.from({ length: 29 }, (_, n): [number, Csr] => [0x323 + n, zero]),
  ...Array.from({ length: 29 }, (_, n): [number, Csr] => [0xb03 + n, zero]),
  ...Array.from({ length: 29 }, (_, n): [number, Csr] => [0xc03 + n, constant(0n)]),
  ...Array.from({ length: 4 }, (_, n): [number, Csr] => [0x7a0 + n, zero]),
  [0xb00, counter("cycleOffset")],
  [0xb02, counter("instretOffset")],
]);

function isCounter(number: number): boolean {
  return number >= 0xc00 && number < 0xc20;
}

/** Whether the present mode may touch the CSR at all (Privileged ISA §2.1, §3.1.6.5, §3.1.11). */
function mayAccess({ state }: CsrHost, number: number): boolean {
  const mode = state.getLow("mode");
  if (mode < ((number >>> 8) & 3)) return false;
  if (number === 0x180 && mode === Mode.S && state.getLow("mstatus") & Status.TVM) return false;
  if (number === 0x14d && mode !== Mode.M && !(state.get("menvcfg") & STCE && state.getLow("mcounteren") & 2))
    return false;
  if (!isCounter(number) || mode === Mode.M) return true;
  const bit = 1 << (number & 0x1f);
  if (!(state.getLow("mcounteren") & bit)) return false;
  return mode === Mode.S || (state.getLow("scounteren") & bit) !== 0;
}

/**
 * One of the six CSR instructions: reads and writes as its word says, and yields the old value. `source` is rs1's value.
 * Throws GuestException(IllegalInstruction) with the word as its value.
 */
export function accessCsr(host: CsrHost, word: number, source: bigint): bigint {
  const number = word >>> 20;
  const operation = (word >>> 12) & 7;
  const rs1 = (word >>> 15) & 31;
  const writes = (operation & 3) === 1 || rs1 !== 0;
  const csr = csrs.get(number);
  const illegal = !csr || !mayAccess(host, number) || (writes && (number >>> 10 === 3 || !csr.write));
  if (illegal) throw new GuestException(Cause.IllegalInstruction, BigInt(word >>> 0));
  try {
    const old = csr.read(host);
    if (!writes) return old;
    const operand = operation & 4 ? BigInt(rs1) : source;
    csr.write?.(host, BigInt.asUintN(64, combine(operation & 3, old, operand)));
    return old;
  } catch (error) {
    if (error instanceof GuestException) throw new GuestException(error.code, BigInt(word >>> 0));
    throw error;
  }
}

function combine(operation: number, old: bigint, operand: bigint): bigint {
  if (operation === 1) return operand;
  return operation === 2 ? old | operand : old & ~operand;
}

/** A CSR as M-mode would read it; 0 where there is none. */
export function peekCsr(host: CsrHost, number: number): bigint {
  try {
    return csrs.get(number)?.read(host) ?? 0n;
  } catch {
    return 0n;
  }
}
