import type { FloatHelper } from "#riscv/engine.ts";
import type { FunctionBuilder, Local } from "#wasm/function-builder.ts";
import { LONG, UNSIGNED_LONG, UNSIGNED_WORD, WORD } from "#hart/float/convert.ts";
import { givesInteger } from "#hart/float/float-unit.ts";
import { FloatFlag } from "#hart/float/format.ts";
import { inlineFused, inlineProduct, inlineSquareRoot, inlineSum, inlineToSingle } from "./inline-arithmetic.ts";
import { inlineChoose, inlineCompare } from "./inline-compare.ts";
import { inlineFromInteger, inlineToDouble, inlineToInteger } from "./inline-convert.ts";
import { InlineOperation, type InlinePath } from "./inline-operation.ts";

const FRM = 0xe0;
const ALL_ONES: readonly number[] = Array.from({ length: 16 }, () => 0xff);

/**
 * The guard's value where results may be judged by their exponents: in units of an f64's high word, or of an f32, shifted left by one
 * (so without the sign). Odd, so that it is also a mask for a truth value.
 */
const OPEN = 0xfcff_ffff;

/**
 * Floating point in place, for functions that hold registers in locals. Two things make the host's result right in value and flags:
 * fcsr says that rounding is to nearest and NX set already, so that there is no need to find out about NX; and the result's exponent
 * says that no other flag can have arisen. Where that does not hold, and for operations or rounding modes that have no fast path,
 * the helper is called.
 *
 * f registers are best held in f64 locals: their bits survive (loads, stores, local.get, local.set and reinterpretations keep every
 * NaN, core specification §4.3.3), and the host need not move each value between its two register files.
 *
 * fcsr is looked at in `readFcsr` only, which is to be emitted before the first operation and wherever fcsr may have changed
 * otherwise than by `emit`: after a CSR instruction or a helper that was called directly.
 */
export class InlineFloat {
  readonly #f: FunctionBuilder;
  readonly #fcsrAddress: number;
  readonly #fused: boolean;
  /** i32: OPEN where fcsr allows the fast path, else 0. */
  readonly #guard: Local;

  /** `fused`: whether relaxed_madd can be used and rounds once (`hasFusedMultiplyAdd`). */
  constructor(f: FunctionBuilder, fcsrAddress: number, fused: boolean) {
    this.#f = f;
    this.#fcsrAddress = fcsrAddress;
    this.#fused = fused;
    this.#guard = f.ownLocal("i32");
  }

  /** Looks at fcsr. */
  readFcsr(): void {
    this.#f.i32(OPEN).i32(0);
    this.#f
      .i32(0)
      .memory("i32.load", this.#fcsrAddress)
      .i32(FRM | FloatFlag.NX)
      .op("i32.and")
      .i32(FloatFlag.NX)
      .op("i32.eq", "select")
      .set(this.#guard);
  }

  /**
   * Emits one operation and leaves its result on the stack: an f64 with the bits of an f register, or the i64 of an x register.
   *
   * `operands`: locals that hold whole registers, f64 (f registers only) or i64; they are not written. `rm`: the instruction's field, 7 for
   * dynamic; ignored where the operation has none. `slow` emits the call of the helper with the same operands and leaves its i64 result;
   * it may branch away.
   */
  emit(name: FloatHelper, operands: readonly Local[], rm: number, slow: () => void): void {
    const f = this.#f;
    const begin = paths[name];
    const path = begin?.(new InlineOperation(f, operands, rm, this.#fused, this.#guard));
    if (!path) {
      slow();
      if (!givesInteger(name)) f.op("f64.reinterpret_i64");
      this.readFcsr();
      return;
    }
    this.#finish(path, slow);
    if (path.result.type === "f32") this.#pushBoxed(path.result);
    else f.get(path.result);
    f.release(path.result);
  }

  #finish({ result, pushDoubt, otherwise }: InlinePath, slow: () => void): void {
    const f = this.#f;
    if (!pushDoubt) return;
    pushDoubt();
    f.unlikely().if(() => {
      slow();
      if (result.type === "f64") f.op("f64.reinterpret_i64");
      if (result.type === "f32") f.op("i32.wrap_i64", "f32.reinterpret_i32");
      f.set(result);
      this.readFcsr();
    }, otherwise);
  }

  #pushBoxed(single: Local): void {
    this.#f.v128(ALL_ONES).get(single).lane("f32x4.replace_lane", 0).lane("f64x2.extract_lane", 0);
  }
}

const paths: Readonly<Partial<Record<FloatHelper, (operation: InlineOperation) => InlinePath | undefined>>> = {
  "fadd.s": (operation) => inlineSum(operation, "f32", "add"),
  "fsub.s": (operation) => inlineSum(operation, "f32", "sub"),
  "fmul.s": (operation) => inlineProduct(operation, "f32", "mul"),
  "fdiv.s": (operation) => inlineProduct(operation, "f32", "div"),
  "fsqrt.s": (operation) => inlineSquareRoot(operation, "f32"),
  "fmadd.s": (operation) => inlineFused(operation, "f32"),
  "fmin.s": (operation) => inlineChoose(operation, "f32", "min"),
  "fmax.s": (operation) => inlineChoose(operation, "f32", "max"),
  "feq.s": (operation) => inlineCompare(operation, "f32", "eq"),
  "flt.s": (operation) => inlineCompare(operation, "f32", "lt"),
  "fle.s": (operation) => inlineCompare(operation, "f32", "le"),
  "fcvt.w.s": (operation) => inlineToInteger(operation, "f32", WORD),
  "fcvt.s.w": (operation) => inlineFromInteger(operation, "f32", WORD),
  "fcvt.wu.s": (operation) => inlineToInteger(operation, "f32", UNSIGNED_WORD),
  "fcvt.s.wu": (operation) => inlineFromInteger(operation, "f32", UNSIGNED_WORD),
  "fcvt.l.s": (operation) => inlineToInteger(operation, "f32", LONG),
  "fcvt.s.l": (operation) => inlineFromInteger(operation, "f32", LONG),
  "fcvt.lu.s": (operation) => inlineToInteger(operation, "f32", UNSIGNED_LONG),
  "fcvt.s.lu": (operation) => inlineFromInteger(operation, "f32", UNSIGNED_LONG),
  "fadd.d": (operation) => inlineSum(operation, "f64", "add"),
  "fsub.d": (operation) => inlineSum(operation, "f64", "sub"),
  "fmul.d": (operation) => inlineProduct(operation, "f64", "mul"),
  "fdiv.d": (operation) => inlineProduct(operation, "f64", "div"),
  "fsqrt.d": (operation) => inlineSquareRoot(operation, "f64"),
  "fmadd.d": (operation) => inlineFused(operation, "f64"),
  "fmin.d": (operation) => inlineChoose(operation, "f64", "min"),
  "fmax.d": (operation) => inlineChoose(operation, "f64", "max"),
  "feq.d": (operation) => inlineCompare(operation, "f64", "eq"),
  "flt.d": (operation) => inlineCompare(operation, "f64", "lt"),
  "fle.d": (operation) => inlineCompare(operation, "f64", "le"),
  "fcvt.w.d": (operation) => inlineToInteger(operation, "f64", WORD),
  "fcvt.d.w": (operation) => inlineFromInteger(operation, "f64", WORD),
  "fcvt.wu.d": (operation) => inlineToInteger(operation, "f64", UNSIGNED_WORD),
  "fcvt.d.wu": (operation) => inlineFromInteger(operation, "f64", UNSIGNED_WORD),
  "fcvt.l.d": (operation) => inlineToInteger(operation, "f64", LONG),
  "fcvt.d.l": (operation) => inlineFromInteger(operation, "f64", LONG),
  "fcvt.lu.d": (operation) => inlineToInteger(operation, "f64", UNSIGNED_LONG),
  "fcvt.d.lu": (operation) => inlineFromInteger(operation, "f64", UNSIGNED_LONG),
  "fcvt.s.d": inlineToSingle,
  "fcvt.d.s": inlineToDouble,
};
