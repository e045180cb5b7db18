import type { FunctionBuilder, Local } from "#wasm/function-builder.ts";
import type { FloatType } from "./fast-function.ts";
import { DYNAMIC_ROUNDING, RoundingMode } from "#hart/float/format.ts";

const NAN_BOX = 0xffff_ffff_0000_0000n;

/** A fast path whose first part has been emitted. */
export interface InlinePath {
  /** An f64 or f32, for an f register, or an i64, for an x register. */
  readonly result: Local;
  /** Leaves (i32) whether the result or its flags may be wrong; absent where they cannot be. */
  readonly pushDoubt?: () => void;
  /** Computes the result, where that is allowed only without doubt. */
  readonly otherwise?: () => void;
}

/** One operation to be emitted in place. */
export class InlineOperation {
  readonly f: FunctionBuilder;
  /** The instruction's rounding mode. */
  readonly rm: number;
  /** Whether relaxed_madd rounds once. */
  readonly fused: boolean;
  /** i32: what a result's exponent must stay below; odd, or 0 where fcsr shuts the fast path. See `InlineFloat`. */
  readonly guard: Local;
  readonly #operands: readonly Local[];

  /** `operands`: locals that hold whole registers, f64 or i64. */
  constructor(f: FunctionBuilder, operands: readonly Local[], rm: number, fused: boolean, guard: Local) {
    this.f = f;
    this.#operands = operands;
    this.rm = rm;
    this.fused = fused;
    this.guard = guard;
  }

  /** Whether the rounding mode may be to nearest, ties to even: if it is dynamic, the guard tells. */
  get mayBeNearest(): boolean {
    return this.rm === RoundingMode.RNE || this.rm === DYNAMIC_ROUNDING;
  }

  /** Leaves an operand as a host number. */
  push(type: FloatType, index: number): void {
    const { f } = this;
    const register = this.#operand(index);
    f.get(register);
    if (type === "f64") {
      if (register.type === "i64") f.op("f64.reinterpret_i64");
    } else if (register.type === "i64") {
      f.op("i32.wrap_i64", "f32.reinterpret_i32");
    } else {
      // By way of a vector the value stays in the host's floating-point registers.
      f.vector("f64x2.splat").lane("f32x4.extract_lane", 0);
    }
  }

  /** Leaves an operand's bits. */
  pushBits(index: number): void {
    const register = this.#operand(index);
    this.f.get(register);
    if (register.type === "f64") this.f.op("i64.reinterpret_f64");
  }

  /** Leaves (i32) whether an operand, a single, is not NaN-boxed. */
  pushUnboxed(): void {
    const { f } = this;
    this.#operands.forEach((_, index) => {
      this.pushBits(index);
      if (index > 0) f.op("i64.and");
    });
    f.i64(NAN_BOX).op("i64.lt_u");
  }

  /** Leaves an f64's sign, exponent and first bits of the fraction as i32. */
  pushHighWord(value: Local): void {
    this.f.get(value).op("i64.reinterpret_f64").i64(32n).op("i64.shr_u", "i32.wrap_i64");
  }

  /** Leaves (i32) whether a host number is a NaN: one comparison that is false for those only. */
  pushIsNan(value: Local): void {
    this.f
      .get(value)
      .get(value)
      .op(value.type === "f32" ? "f32.ge" : "f64.ge", "i32.eqz");
  }

  #operand(index: number): Local {
    const local = this.#operands[index];
    if (!local) throw new RangeError(`the operation has no operand ${index}`);
    return local;
  }
}
