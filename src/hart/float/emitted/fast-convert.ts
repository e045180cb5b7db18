import type { Local } from "#wasm/function-builder.ts";
import type { IntegerFormat } from "#hart/float/convert.ts";
import type { FastFunction, FloatType } from "./fast-function.ts";
import { DOUBLE, RoundingMode, SINGLE } from "#hart/float/format.ts";

/** The float nearest to the integer in a register; inexact where the integer's first and last 1 are too far apart. */
export function fastFromInteger(code: FastFunction, type: FloatType, integer: IntegerFormat): void {
  const { f } = code;
  code.requireNearest();
  const value = f.local("i64");
  f.get(code.register(0));
  if (integer.bits === 32) f.op(...(integer.signed ? (["i64.extend32_s"] as const) : []));
  if (integer.bits === 32 && !integer.signed) f.i64(0xffff_ffffn).op("i64.and");
  f.set(value);
  const result = f.local(type);
  const signedConversion = integer.signed || integer.bits === 32;
  f.get(value)
    .op(`${type}.convert_i64_${signedConversion ? "s" : "u"}`)
    .set(result);
  if (type === "f32" || integer.bits === 64) {
    pushIsTooLong(code, value, type, integer.signed);
    code.raiseInexactIf();
  }
  code.returnFloat(result);
}

/** Leaves (i32) whether an integer has more bits than the format's precision. */
function pushIsTooLong(code: FastFunction, value: Local, type: FloatType, signed: boolean): void {
  const { f } = code;
  const magnitude = f.local("i64");
  const sign = f.local("i64");
  f.get(value);
  if (signed) {
    f.get(value).i64(63n).op("i64.shr_s").tee(sign).op("i64.xor").get(sign).op("i64.sub");
  }
  f.tee(magnitude).op("i64.clz").get(magnitude).op("i64.ctz", "i64.add");
  f.i64(BigInt(64 - (type === "f32" ? SINGLE : DOUBLE).precision)).op("i64.lt_u");
}

/** The integer nearest to a float, in every rounding mode but RMM; what does not fit goes the slow way. */
export function fastToInteger(code: FastFunction, type: FloatType, integer: IntegerFormat): void {
  const { f } = code;
  const value = type === "f32" ? code.promoted(0) : code.operand("f64", 0);
  const rounded = f.local("f64");
  pushRoundToIntegral(code, value);
  f.set(rounded);
  requireInRange(code, rounded, integer);
  f.get(rounded).get(value).op("f64.ne");
  code.raiseInexactIf();
  f.get(rounded).op(integer.bits === 64 && !integer.signed ? "i64.trunc_f64_u" : "i64.trunc_f64_s");
  if (integer.bits === 32) f.op("i64.extend32_s");
  f.op("return");
}

/** Leaves the value as an integral double. */
function pushRoundToIntegral(code: FastFunction, value: Local): void {
  const { f } = code;
  const rounding = f.local("i32");
  code.pushRounding();
  f.tee(rounding).i32(RoundingMode.RUP).op("i32.gt_u").brIf(code.slow);
  const branch = (mode: number, then: () => void, otherwise: () => void): void => {
    f.get(rounding).i32(mode).op("i32.eq").if(then, otherwise, "f64");
  };
  const apply = (op: "f64.trunc" | "f64.nearest" | "f64.floor" | "f64.ceil") => (): void => {
    f.get(value).op(op);
  };
  branch(RoundingMode.RTZ, apply("f64.trunc"), () =>
    branch(RoundingMode.RNE, apply("f64.nearest"), () =>
      branch(RoundingMode.RDN, apply("f64.floor"), apply("f64.ceil")),
    ),
  );
}

/** Goes on only where an integral double fits; a NaN does not. The bounds are doubles: powers of two. */
function requireInRange(code: FastFunction, rounded: Local, integer: IntegerFormat): void {
  const { f } = code;
  f.get(rounded).f64(Number(integer.minimum)).op("f64.ge");
  f.get(rounded)
    .f64(Number(integer.maximum + 1n))
    .op("f64.lt", "i32.and", "i32.eqz")
    .brIf(code.slow);
}

/** A single as a double: exact; NaNs go the slow way. */
export function fastToDouble(code: FastFunction): void {
  code.requireNearest();
  const value = code.promoted(0);
  code.f.get(value).get(value).op("f64.ne").brIf(code.slow);
  code.returnFloat(value);
}

/** A double as a single. */
export function fastToSingle(code: FastFunction): void {
  code.requireNearest();
  code.returnSingle(code.operand("f64", 0));
}
