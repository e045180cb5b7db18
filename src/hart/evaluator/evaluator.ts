import { HartSlot } from "#memory/layout.ts";
import { expand } from "#riscv/compressed.ts";
import { decode, instructionLength } from "#riscv/decode.ts";
import { Cause, type AccessWidth, type Engine, type HelperName, type Immediate, type Register } from "#riscv/engine.ts";
import { GuestException } from "#hart/state/exception.ts";

/** What the evaluator asks of the hart around it. Addresses are virtual; values unsigned. All but `view` and `base` may throw GuestException. */
export interface EvaluatorHart {
  /** The memory that holds the hart's state, and where in it: `HartSlot` offsets count from `base`. */
  readonly view: DataView;
  readonly base: number;
  fetch16(address: bigint): number;
  /** Any alignment, page-crossing included. */
  load(width: AccessWidth, address: bigint): bigint;
  /** Any alignment; stores the low bytes of `value`, all or nothing. */
  store(width: AccessWidth, address: bigint, value: bigint): void;
  /** Raises what a store would raise. */
  probeStore(width: 4 | 8, address: bigint): void;
  /** While one runs, the pc slot holds the instruction's own address. mret and sret set it; all others leave it alone. */
  readonly helpers: Readonly<Record<HelperName, (...args: readonly bigint[]) => bigint>>;
}

const MASK = 0xffff_ffff_ffff_ffffn;
const CANONICAL_NAN = 0x7fc0_0000n;
const NAN_BOX = 0xffff_ffff_0000_0000n;
const FS = 3 << 13;

const unsigned = (a: bigint): bigint => BigInt.asUintN(64, a);
const signed = (a: bigint): bigint => BigInt.asIntN(64, a);
const truth = (a: boolean): bigint => (a ? 1n : 0n);

/** The oracle: executes one instruction at a time, slowly and obviously, on the hart's state in guest memory. */
export class Evaluator implements Engine<bigint> {
  readonly #hart: EvaluatorHart;
  /** The instruction being executed: its address, its length, and its encoding as it stands in memory. */
  #pc = 0n;
  #length = 4n;
  #encoding = 0;
  /** Where to continue; undefined once mret or sret has written pc. */
  #target: bigint | undefined;

  constructor(hart: EvaluatorHart) {
    this.#hart = hart;
  }

  /** Executes the instruction at pc and moves pc on. Throws GuestException, with pc and registers as before the instruction. */
  step(): void {
    this.#pc = this.#read(HartSlot.pc);
    const word = this.#fetch();
    const decoded = word === undefined ? undefined : decode(word);
    if (!decoded) this.#illegal();
    this.#target = this.nextPc();
    decoded.instruction.execute(this, decoded.operands);
    if (this.#target !== undefined) this.#write(HartSlot.pc, this.#target);
  }

  /** The instruction at pc as a 32-bit word; undefined where it is a compressed one that does not exist. */
  #fetch(): number | undefined {
    const low = this.#hart.fetch16(this.#pc);
    this.#encoding = low;
    this.#length = BigInt(instructionLength(low));
    if (this.#length === 2n) return expand(low);
    const high = this.#hart.fetch16(unsigned(this.#pc + 2n));
    this.#encoding = ((high << 16) | low) >>> 0;
    return this.#encoding;
  }

  #illegal(): never {
    throw new GuestException(Cause.IllegalInstruction, BigInt(this.#encoding));
  }

  #read(slot: number): bigint {
    return this.#hart.view.getBigUint64(this.#hart.base + slot, true);
  }

  #write(slot: number, value: bigint): void {
    this.#hart.view.setBigUint64(this.#hart.base + slot, value, true);
  }

  constant(value: bigint): bigint {
    return unsigned(value);
  }

  immediate(imm: Immediate): bigint {
    return unsigned(BigInt(imm));
  }

  pc(): bigint {
    return this.#pc;
  }

  nextPc(): bigint {
    return unsigned(this.#pc + this.#length);
  }

  readX(register: Register): bigint {
    return this.#read(HartSlot.x + register * 8);
  }

  writeX(register: Register, value: bigint): void {
    if (register !== 0) this.#write(HartSlot.x + register * 8, value);
  }

  readF(register: Register): bigint {
    return this.#read(HartSlot.f + register * 8);
  }

  writeF(register: Register, value: bigint): void {
    this.#write(HartSlot.f + register * 8, value);
  }

  readF32(register: Register): bigint {
    const raw = this.readF(register);
    return raw >> 32n === 0xffff_ffffn ? raw & 0xffff_ffffn : CANONICAL_NAN;
  }

  writeF32(register: Register, value: bigint): void {
    this.writeF(register, NAN_BOX | (value & 0xffff_ffffn));
  }

  useFloat(): void {
    const status = this.#read(HartSlot.mstatus);
    if ((Number(status & 0xffff_ffffn) & FS) === 0) this.#illegal();
    this.#write(HartSlot.mstatus, status | BigInt(FS));
  }

  add(a: bigint, b: bigint): bigint {
    return unsigned(a + b);
  }

  sub(a: bigint, b: bigint): bigint {
    return unsigned(a - b);
  }

  and(a: bigint, b: bigint): bigint {
    return a & b;
  }

  or(a: bigint, b: bigint): bigint {
    return a | b;
  }

  xor(a: bigint, b: bigint): bigint {
    return a ^ b;
  }

  shiftLeft(a: bigint, amount: bigint): bigint {
    return unsigned(a << (amount & 63n));
  }

  shiftRightLogical(a: bigint, amount: bigint): bigint {
    return a >> (amount & 63n);
  }

  shiftRightArithmetic(a: bigint, amount: bigint): bigint {
    return unsigned(signed(a) >> (amount & 63n));
  }

  mul(a: bigint, b: bigint): bigint {
    return unsigned(a * b);
  }

  mulHigh(a: bigint, b: bigint): bigint {
    return unsigned((signed(a) * signed(b)) >> 64n);
  }

  mulHighUnsigned(a: bigint, b: bigint): bigint {
    return (a * b) >> 64n;
  }

  mulHighSignedUnsigned(a: bigint, b: bigint): bigint {
    return unsigned((signed(a) * b) >> 64n);
  }

  div(a: bigint, b: bigint): bigint {
    return b === 0n ? MASK : unsigned(signed(a) / signed(b));
  }

  divUnsigned(a: bigint, b: bigint): bigint {
    return b === 0n ? MASK : a / b;
  }

  rem(a: bigint, b: bigint): bigint {
    return b === 0n ? a : unsigned(signed(a) % signed(b));
  }

  remUnsigned(a: bigint, b: bigint): bigint {
    return b === 0n ? a : a % b;
  }

  equal(a: bigint, b: bigint): bigint {
    return truth(a === b);
  }

  notEqual(a: bigint, b: bigint): bigint {
    return truth(a !== b);
  }

  lessThan(a: bigint, b: bigint): bigint {
    return truth(signed(a) < signed(b));
  }

  lessThanUnsigned(a: bigint, b: bigint): bigint {
    return truth(a < b);
  }

  greaterOrEqual(a: bigint, b: bigint): bigint {
    return truth(signed(a) >= signed(b));
  }

  greaterOrEqualUnsigned(a: bigint, b: bigint): bigint {
    return truth(a >= b);
  }

  select(condition: bigint, a: bigint, b: bigint): bigint {
    return condition === 0n ? b : a;
  }

  signExtend(bits: 8 | 16 | 32, a: bigint): bigint {
    return unsigned(BigInt.asIntN(bits, a));
  }

  zeroExtend(bits: 8 | 16 | 32, a: bigint): bigint {
    return BigInt.asUintN(bits, a);
  }

  load(width: AccessWidth, address: bigint): bigint {
    return this.#hart.load(width, address);
  }

  store(width: AccessWidth, address: bigint, value: bigint): void {
    this.#hart.store(width, address, value);
  }

  requireAligned(width: 4 | 8, address: bigint, kind: "load" | "store"): void {
    if (address % BigInt(width) === 0n) return;
    throw new GuestException(kind === "load" ? Cause.LoadMisaligned : Cause.StoreMisaligned, address);
  }

  probeStore(width: 4 | 8, address: bigint): void {
    this.#hart.probeStore(width, address);
  }

  reserve(address: bigint, loaded: bigint): void {
    this.#write(HartSlot.reservation, unsigned(address + 1n));
    this.#write(HartSlot.reservedValue, loaded);
  }

  storeConditional(width: 4 | 8, address: bigint, value: bigint): bigint {
    const reserved = this.#read(HartSlot.reservation) === unsigned(address + 1n);
    if (reserved) this.#hart.probeStore(width, address);
    this.#write(HartSlot.reservation, 0n);
    if (!reserved || this.#hart.load(width, address) !== this.#read(HartSlot.reservedValue)) return 1n;
    this.#hart.store(width, address, value);
    return 0n;
  }

  branchIf(condition: bigint, offset: Immediate): void {
    if (condition !== 0n) this.jump(offset);
  }

  jump(offset: Immediate): void {
    this.#target = unsigned(this.#pc + BigInt(offset));
  }

  jumpTo(address: bigint): void {
    this.#target = address;
  }

  call(helper: HelperName, ...args: readonly bigint[]): bigint {
    const result = this.#hart.helpers[helper](...args);
    if (helper === "mret" || helper === "sret") this.#target = undefined;
    return result;
  }
}
