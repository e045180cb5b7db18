import type { Decoded } from "#riscv/decode.ts";
import type { Register } from "#riscv/engine.ts";
import type { Local } from "#wasm/function-builder.ts";
import { HartSlot } from "#memory/layout.ts";
import { Emitter } from "#hart/emit/emitter.ts";
import type { Value } from "#hart/emit/value-stack.ts";
import { signedBitsOf, withBits } from "./known-bits.ts";
import { RegionShifts } from "./region-shifts.ts";

const SIGN_OF_DOUBLE = 0x8000_0000_0000_0000n;
/** `signedBits` of what `zeroExtend(32, …)` gives. */
const ZERO_EXTENDED_WORD = 33;

/**
 * A region's registers in locals, loaded when it is entered and stored when it is left, and arithmetic with what is known of
 * them as long as a block lasts: constants, sums not added yet, sign extensions, shifts that make rotations.
 */
export abstract class RegionRegisters extends Emitter {
  /** Guest registers in use, and those that are written, by their slot. */
  readonly #registers = new Map<number, Local>();
  readonly #dirty = new Set<number>();
  /** `signedBits` of registers, where this block has found out. */
  readonly #signedBits = new Map<Local, number>();
  readonly #shifts = new RegionShifts();

  /** A register's local is about to be given another value. */
  protected abstract registerChanges(register: Local): void;

  /** Once it is known which registers are used: all of them are loaded, for whatever way is taken. */
  protected loadRegisters(): void {
    const { f } = this;
    f.i32(0)
      .memory("i32.load", this.hart + HartSlot.dataContext)
      .set(this.dataContext);
    for (const [slot, local] of this.#registers.entries()) {
      f.i32(0)
        .memory(local.type === "f64" ? "f64.load" : "i64.load", this.hart + slot)
        .set(local);
    }
  }

  protected storeRegisters(): void {
    const { f } = this;
    for (const slot of this.#dirty) {
      const local = this.register(slot);
      f.i32(0)
        .get(local)
        .memory(local.type === "f64" ? "f64.store" : "i64.store", this.hart + slot);
    }
  }

  /** A block begins: nothing is known of registers, since control flow may come from elsewhere. */
  protected beginBlock(): void {
    this.#signedBits.clear();
    this.#shifts.clear();
  }

  /** Remembers the shift that an instruction was, once it has been emitted. */
  protected noteShift(decoded: Decoded): void {
    const { rd, rs1 } = decoded.operands;
    const destination = this.#registers.get(HartSlot.x + rd * 8);
    const source = this.#registers.get(HartSlot.x + rs1 * 8);
    if (destination && source) this.#shifts.note(decoded, destination, source);
  }

  override readX(register: Register): Value {
    if (register === 0) return this.constant(0n);
    const local = this.register(HartSlot.x + register * 8);
    return withBits({ kind: "local", local }, this.#signedBits.get(local));
  }

  override writeX(register: Register, value: Value): void {
    if (register !== 0) this.#write(HartSlot.x + register * 8, value);
  }

  override readF(register: Register): Value {
    return { kind: "local", local: this.register(HartSlot.f + register * 8) };
  }

  override writeF(register: Register, value: Value): void {
    this.#write(HartSlot.f + register * 8, value);
  }

  /** The local of the register in a slot. */
  protected register(slot: number): Local {
    const known = this.#registers.get(slot);
    if (known) return known;
    const local = this.f.ownLocal(slot < HartSlot.f ? "i64" : "f64");
    this.#registers.set(slot, local);
    return local;
  }

  /** Takes what is on the stack into a register, on a way that leaves the region. */
  protected setRegister(slot: number): void {
    this.f.set(this.register(slot));
    this.#dirty.add(slot);
  }

  #write(slot: number, value: Value): void {
    const local = this.register(slot);
    this.#dirty.add(slot);
    this.registerChanges(local);
    this.#shifts.forget(local);
    const bits = signedBitsOf(value);
    if (value.kind === "local" && value.local === local) return;
    if (bits === undefined) this.#signedBits.delete(local);
    else this.#signedBits.set(local, bits);
    if (local.type === "f64") this.#pushDouble(value);
    else this.consume(value);
    this.f.set(local);
  }

  #pushDouble(value: Value): void {
    if (value.kind === "local" && value.local.type === "f64") this.f.get(value.local);
    else {
      this.consume(value);
      this.f.op("f64.reinterpret_i64");
    }
  }

  override add(a: Value, b: Value): Value {
    const [value, constant] = a.kind === "constant" ? [b, a] : [a, b];
    if (constant.kind !== "constant") return super.add(a, b);
    if (value.kind === "constant") return this.constant(BigInt.asIntN(64, value.value + constant.value));
    if (constant.value === 0n) return value;
    const offset = (value.kind === "sum" ? value.offset : 0n) + constant.value;
    // A truth value is not one that is added to.
    return value.local.type === "i64" ? { kind: "sum", local: value.local, offset } : super.add(a, b);
  }

  override signExtend(bits: 8 | 16 | 32, a: Value): Value {
    if (a.kind === "constant") return this.constant(BigInt.asIntN(bits, a.value));
    if ((signedBitsOf(a) ?? 64) <= bits) return a;
    return withBits(super.signExtend(bits, a), bits);
  }

  override zeroExtend(bits: 8 | 16 | 32, a: Value): Value {
    return withBits(super.zeroExtend(bits, a), bits + 1);
  }

  override shiftRightLogical(a: Value, amount: Value): Value {
    const shifted = super.shiftRightLogical(a, amount);
    const bits = signedBitsOf(a);
    // Of what is not negative: what is known to be so has been zero-extended.
    if (amount.kind !== "constant" || bits !== ZERO_EXTENDED_WORD) return shifted;
    return withBits(shifted, bits - Number(amount.value & 63n));
  }

  override and(a: Value, b: Value): Value {
    if (a.kind === "constant" && b.kind === "constant") return this.constant(a.value & b.value);
    const masked = super.and(a, b);
    return b.kind === "constant" && b.value >= 0n ? withBits(masked, b.value.toString(2).length + 1) : masked;
  }

  override or(a: Value, b: Value): Value {
    const rotation = a.kind === "local" && b.kind === "local" ? this.#shifts.rotation(a.local, b.local) : undefined;
    if (!rotation) return super.or(a, b);
    const { source, bits, distance } = rotation;
    this.f.get(source);
    if (bits === 64) this.f.i64(BigInt(distance)).op("i64.rotr");
    else this.f.op("i32.wrap_i64").i32(distance).op("i32.rotr", "i64.extend_i32_s");
    return withBits(this.take(), bits);
  }

  override xor(a: Value, b: Value): Value {
    if (b.kind !== "constant") return super.xor(a, b);
    if (b.value === 0n) return a;
    if (b.value !== SIGN_OF_DOUBLE || a.kind !== "local" || a.local.type !== "f64") return super.xor(a, b);
    this.f.get(a.local).op("f64.neg");
    return this.take("f64");
  }

  protected isRegister(local: Local): boolean {
    for (const register of this.#registers.values()) if (register === local) return true;
    return false;
  }
}
