import type { FloatHelper } from "#riscv/engine.ts";
import type { FunctionReference } from "#wasm/function-builder.ts";
import type { ModuleBuilder } from "#wasm/module-builder.ts";
import { LONG, UNSIGNED_LONG, UNSIGNED_WORD, WORD } from "#hart/float/convert.ts";
import {
  fastAdd,
  fastDivideDouble,
  fastDivideSingle,
  fastMultiplyDouble,
  fastMultiplySingle,
  fastSquareRootDouble,
  fastSquareRootSingle,
} from "./fast-arithmetic.ts";
import { fastChoose, fastClassify, fastCompare } from "./fast-compare.ts";
import { fastFromInteger, fastToDouble, fastToInteger, fastToSingle } from "./fast-convert.ts";
import { emitFast, type FastFunction } from "./fast-function.ts";
import { fastFusedDouble, fastFusedSingle } from "./fast-fused.ts";
import { floatOperandCount, hasRounding } from "#hart/float/float-unit.ts";

const fastPaths: Readonly<Record<FloatHelper, (code: FastFunction, fused: boolean) => void>> = {
  "fadd.s": (code) => fastAdd(code, "f32", false),
  "fadd.d": (code) => fastAdd(code, "f64", false),
  "fsub.s": (code) => fastAdd(code, "f32", true),
  "fsub.d": (code) => fastAdd(code, "f64", true),
  "fmul.s": fastMultiplySingle,
  "fmul.d": fastMultiplyDouble,
  "fdiv.s": fastDivideSingle,
  "fdiv.d": fastDivideDouble,
  "fsqrt.s": fastSquareRootSingle,
  "fsqrt.d": fastSquareRootDouble,
  "fmadd.s": fastFusedSingle,
  "fmadd.d": fastFusedDouble,
  "fmin.s": (code) => fastChoose(code, "f32", "min"),
  "fmin.d": (code) => fastChoose(code, "f64", "min"),
  "fmax.s": (code) => fastChoose(code, "f32", "max"),
  "fmax.d": (code) => fastChoose(code, "f64", "max"),
  "feq.s": (code) => fastCompare(code, "f32", "eq"),
  "feq.d": (code) => fastCompare(code, "f64", "eq"),
  "flt.s": (code) => fastCompare(code, "f32", "lt"),
  "flt.d": (code) => fastCompare(code, "f64", "lt"),
  "fle.s": (code) => fastCompare(code, "f32", "le"),
  "fle.d": (code) => fastCompare(code, "f64", "le"),
  "fclass.s": (code) => fastClassify(code, "f32"),
  "fclass.d": (code) => fastClassify(code, "f64"),
  "fcvt.w.s": (code) => fastToInteger(code, "f32", WORD),
  "fcvt.w.d": (code) => fastToInteger(code, "f64", WORD),
  "fcvt.wu.s": (code) => fastToInteger(code, "f32", UNSIGNED_WORD),
  "fcvt.wu.d": (code) => fastToInteger(code, "f64", UNSIGNED_WORD),
  "fcvt.l.s": (code) => fastToInteger(code, "f32", LONG),
  "fcvt.l.d": (code) => fastToInteger(code, "f64", LONG),
  "fcvt.lu.s": (code) => fastToInteger(code, "f32", UNSIGNED_LONG),
  "fcvt.lu.d": (code) => fastToInteger(code, "f64", UNSIGNED_LONG),
  "fcvt.s.w": (code) => fastFromInteger(code, "f32", WORD),
  "fcvt.d.w": (code) => fastFromInteger(code, "f64", WORD),
  "fcvt.s.wu": (code) => fastFromInteger(code, "f32", UNSIGNED_WORD),
  "fcvt.d.wu": (code) => fastFromInteger(code, "f64", UNSIGNED_WORD),
  "fcvt.s.l": (code) => fastFromInteger(code, "f32", LONG),
  "fcvt.d.l": (code) => fastFromInteger(code, "f64", LONG),
  "fcvt.s.lu": (code) => fastFromInteger(code, "f32", UNSIGNED_LONG),
  "fcvt.d.lu": (code) => fastFromInteger(code, "f64", UNSIGNED_LONG),
  "fcvt.s.d": fastToSingle,
  "fcvt.d.s": fastToDouble,
};

/**
 * Emits every floating-point helper, with the parameters and results of the helpers in `slow` (whole registers, then rm where the
 * operation rounds), and calls those where host arithmetic does not provably give the exact value and flags.
 * `fcsrAddress` is where in memory the hart's fcsr stands; `fused` whether relaxed_madd can be used (`hasFusedMultiplyAdd`).
 */
export function emitFloatFunctions(
  module: ModuleBuilder,
  slow: Readonly<Record<FloatHelper, FunctionReference>>,
  fcsrAddress: number,
  fused: boolean,
): Readonly<Record<FloatHelper, FunctionReference>> {
  const entries = (Object.keys(fastPaths) as FloatHelper[]).map((name) => {
    const parameterCount = floatOperandCount(name) + (hasRounding(name) ? 1 : 0);
    return [
      name,
      emitFast(module, parameterCount, slow[name], fcsrAddress, (code) => fastPaths[name](code, fused)),
    ] as const;
  });
  return Object.fromEntries(entries) as Record<FloatHelper, FunctionReference>;
}
