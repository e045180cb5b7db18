import type { AccessWidth, Engine, HelperName, Immediate, Register } from "#riscv/engine.ts";
import type { FunctionBuilder, FunctionReference, Local } from "#wasm/function-builder.ts";
import type { MemoryOpcode, Opcode } from "#wasm/opcodes.ts";
import { HartSlot } from "#memory/layout.ts";
import { pushTlbEntry } from "./tlb-code.ts";
import { ValueStack, type Value } from "./value-stack.ts";

/** The high half of a product needs 32-bit limbs; each function is (i64, i64) → i64. */
export interface MultiplyFunctions {
  readonly signed: FunctionReference;
  readonly unsigned: FunctionReference;
  readonly signedUnsigned: FunctionReference;
}

const FS_DIRTY = 0x60;

/** The instruction that loads so many bytes, zero-extended. */
export const loads: Readonly<Record<AccessWidth, MemoryOpcode>> = {
  1: "i64.load8_u",
  2: "i64.load16_u",
  4: "i64.load32_u",
  8: "i64.load",
};
export const stores: Readonly<Record<AccessWidth, MemoryOpcode>> = {
  1: "i64.store8",
  2: "i64.store16",
  4: "i64.store32",
  8: "i64.store",
};

/**
 * The vocabulary of semantics, as WebAssembly. What an instruction does is emitted where the builder stands; how registers,
 * immediates, memory and control flow are reached is the subclass's: per operation in the interpreter, per region in the translator.
 */
export abstract class Emitter extends ValueStack implements Engine<Value> {
  readonly #multiply: MultiplyFunctions;
  /** Where this hart's state stands in memory. */
  protected readonly hart: number;
  /** i32 locals: byte offset of the TLB context for loads and stores, and instructions left in the slice. */
  protected readonly dataContext: Local;
  protected readonly budget: Local;

  constructor(f: FunctionBuilder, multiply: MultiplyFunctions, hart: number, budget: Local) {
    super(f);
    this.#multiply = multiply;
    this.hart = hart;
    this.dataContext = f.local("i32");
    this.budget = budget;
  }

  abstract immediate(imm: Immediate): Value;
  abstract pc(): Value;
  abstract nextPc(): Value;
  abstract readX(register: Register): Value;
  abstract writeX(register: Register, value: Value): void;
  abstract readF(register: Register): Value;
  abstract writeF(register: Register, value: Value): void;
  abstract branchIf(condition: Value, offset: Immediate): void;
  abstract jump(offset: Immediate): void;
  abstract jumpTo(address: Value): void;
  abstract load(width: AccessWidth, address: Value): Value;
  abstract store(width: AccessWidth, address: Value, value: Value): void;
  abstract requireAligned(width: 4 | 8, address: Value, kind: "load" | "store"): void;
  abstract probeStore(width: 4 | 8, address: Value): void;
  abstract useFloat(): void;
  abstract call(helper: HelperName, ...args: readonly Value[]): Value;

  readF32(register: Register): Value {
    const raw = this.local64(this.readF(register));
    this.f.get(raw).i64(0xffff_ffffn).op("i64.and").i64(0x7fc0_0000n);
    this.f.get(raw).i64(32n).op("i64.shr_u").i64(0xffff_ffffn).op("i64.eq", "select");
    return this.take();
  }

  writeF32(register: Register, value: Value): void {
    this.push(value);
    this.f.i64(0xffff_ffffn).op("i64.and").i64(-0x1_0000_0000n).op("i64.or");
    this.writeF(register, this.take());
  }

  add(a: Value, b: Value): Value {
    return this.binary("i64.add", a, b);
  }
  sub(a: Value, b: Value): Value {
    return this.binary("i64.sub", a, b);
  }
  and(a: Value, b: Value): Value {
    return this.binary("i64.and", a, b);
  }
  or(a: Value, b: Value): Value {
    return this.binary("i64.or", a, b);
  }
  xor(a: Value, b: Value): Value {
    return this.binary("i64.xor", a, b);
  }
  shiftLeft(a: Value, amount: Value): Value {
    return this.binary("i64.shl", a, amount);
  }
  shiftRightLogical(a: Value, amount: Value): Value {
    return this.binary("i64.shr_u", a, amount);
  }
  shiftRightArithmetic(a: Value, amount: Value): Value {
    return this.binary("i64.shr_s", a, amount);
  }
  mul(a: Value, b: Value): Value {
    return this.binary("i64.mul", a, b);
  }

  mulHigh(a: Value, b: Value): Value {
    return this.#calls(this.#multiply.signed, a, b);
  }
  mulHighUnsigned(a: Value, b: Value): Value {
    return this.#calls(this.#multiply.unsigned, a, b);
  }
  mulHighSignedUnsigned(a: Value, b: Value): Value {
    return this.#calls(this.#multiply.signedUnsigned, a, b);
  }

  div(a: Value, b: Value): Value {
    return this.#divide(a, b, "i64.div_s", () => this.f.i64(-1n), true);
  }
  divUnsigned(a: Value, b: Value): Value {
    return this.#divide(a, b, "i64.div_u", () => this.f.i64(-1n), false);
  }
  rem(a: Value, b: Value): Value {
    return this.#divide(a, b, "i64.rem_s", (dividend) => this.f.get(dividend), false);
  }
  remUnsigned(a: Value, b: Value): Value {
    return this.#divide(a, b, "i64.rem_u", (dividend) => this.f.get(dividend), false);
  }

  equal(a: Value, b: Value): Value {
    return this.compare("i64.eq", a, b);
  }
  notEqual(a: Value, b: Value): Value {
    return this.compare("i64.ne", a, b);
  }
  lessThan(a: Value, b: Value): Value {
    return this.compare("i64.lt_s", a, b);
  }
  lessThanUnsigned(a: Value, b: Value): Value {
    return this.compare("i64.lt_u", a, b);
  }
  greaterOrEqual(a: Value, b: Value): Value {
    return this.compare("i64.ge_s", a, b);
  }
  greaterOrEqualUnsigned(a: Value, b: Value): Value {
    return this.compare("i64.ge_u", a, b);
  }

  select(condition: Value, a: Value, b: Value): Value {
    this.push(a);
    this.push(b);
    this.pushCondition(condition);
    this.f.op("select");
    return this.take();
  }

  signExtend(bits: 8 | 16 | 32, a: Value): Value {
    this.push(a);
    this.f.op(`i64.extend${bits}_s`);
    return this.take();
  }

  zeroExtend(bits: 8 | 16 | 32, a: Value): Value {
    return this.binary("i64.and", a, this.constant((1n << BigInt(bits)) - 1n));
  }

  reserve(address: Value, loaded: Value): void {
    this.f.i32(0);
    this.push(this.add(address, this.constant(1n)));
    this.f.memory("i64.store", this.hart + HartSlot.reservation);
    this.f.i32(0);
    this.push(loaded);
    this.f.memory("i64.store", this.hart + HartSlot.reservedValue);
  }

  storeConditional(width: 4 | 8, address: Value, value: Value): Value {
    const failed = this.local("i64");
    this.f.i64(1n).set(failed);
    this.f.i32(0).memory("i64.load", this.hart + HartSlot.reservation);
    this.push(this.add(address, this.constant(1n)));
    this.f.op("i64.eq").if(() => {
      this.probeStore(width, address);
      const held = this.load(width, address);
      this.push(held);
      this.f
        .i32(0)
        .memory("i64.load", this.hart + HartSlot.reservedValue)
        .op("i64.eq")
        .if(() => {
          this.store(width, address, value);
          this.f.i64(0n).set(failed);
        });
    });
    this.f
      .i32(0)
      .i64(0n)
      .memory("i64.store", this.hart + HartSlot.reservation);
    return { kind: "local", local: failed };
  }

  /** Leaves whether floating point needs more than it has: FS is not Dirty. */
  protected pushFloatIsClean(): void {
    // FS is bits 13 and 14 of mstatus: bits 5 and 6 of its second byte.
    this.f.i32(0).memory("i32.load8_u", this.hart + HartSlot.mstatus + 1);
    this.f.i32(FS_DIRTY).op("i32.and").i32(FS_DIRTY).op("i32.ne");
  }

  /** Stores the address of this instruction in the pc slot. */
  protected storePc(): void {
    this.f.i32(0);
    this.push(this.pc());
    this.f.memory("i64.store", this.hart + HartSlot.pc);
  }

  /** Looks `va` up in a TLB: `hit` gets a local with the host address, `miss` takes the slow path. */
  protected translated(width: AccessWidth, va: Local, tlb: number, hit: (host: Local) => void, miss: () => void): void {
    const entry = this.local("i32");
    const offset = this.local("i64");
    pushTlbEntry(this.f, va, this.dataContext);
    this.f.set(entry);
    this.f.get(va).get(entry).memory("i64.load", tlb).op("i64.xor").set(offset);
    this.f
      .get(offset)
      .i64(BigInt(4096 - width))
      .op("i64.gt_u")
      .unlikely()
      .if(miss, () => {
        const host = this.local("i32");
        this.f
          .get(offset)
          .op("i32.wrap_i64")
          .get(entry)
          .memory("i32.load", tlb + 8)
          .op("i32.add")
          .set(host);
        hit(host);
      });
  }

  #calls(target: FunctionReference, a: Value, b: Value): Value {
    this.push(a);
    this.push(b);
    this.f.call(target);
    return this.take();
  }

  /** A wasm division that would trap is gone around: a zero divisor gives `byZero`, and the one quotient that overflows is the dividend. */
  #divide(a: Value, b: Value, opcode: Opcode, byZero: (dividend: Local) => void, overflows: boolean): Value {
    const dividend = this.local64(a);
    const divisor = this.local64(b);
    const result = this.local("i64");
    this.f
      .get(divisor)
      .op("i64.eqz")
      .if(
        () => {
          byZero(dividend);
          this.f.set(result);
        },
        () => {
          const divide = (): void => void this.f.get(dividend).get(divisor).op(opcode).set(result);
          if (!overflows) return divide();
          this.f
            .get(divisor)
            .i64(-1n)
            .op("i64.eq")
            .if(() => void this.f.i64(0n).get(dividend).op("i64.sub").set(result), divide);
        },
      );
    return { kind: "local", local: result };
  }
}
