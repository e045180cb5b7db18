import type { Opcode } from "#wasm/opcodes.ts";
import type { IntegerFormat } from "#hart/float/convert.ts";
import type { FloatType } from "./fast-function.ts";
import { DYNAMIC_ROUNDING, RoundingMode } from "#hart/float/format.ts";
import type { InlineOperation, InlinePath } from "./inline-operation.ts";

const BIAS = 1023;
const EXPONENT_SHIFT = 20;

const toIntegral: Readonly<Record<number, Opcode>> = {
  [RoundingMode.RNE]: "f64.nearest",
  [RoundingMode.RTZ]: "f64.trunc",
  [RoundingMode.RDN]: "f64.floor",
  [RoundingMode.RUP]: "f64.ceil",
  [DYNAMIC_ROUNDING]: "f64.nearest",
};

/** The float nearest to an integer: never tiny or too large; inexact only where the precision is less than the integer's. */
export function inlineFromInteger(
  operation: InlineOperation,
  type: FloatType,
  integer: IntegerFormat,
): InlinePath | undefined {
  const { f, guard, rm } = operation;
  const isExact = type === "f64" && integer.bits === 32;
  if (!operation.mayBeNearest && !(isExact && rm <= RoundingMode.RMM)) return undefined;
  const result = f.local(type);
  operation.pushBits(0);
  if (integer.bits === 32) f.op("i32.wrap_i64");
  f.op(`${type}.convert_i${integer.bits}_${integer.signed ? "s" : "u"}`).set(result);
  if (isExact && rm !== DYNAMIC_ROUNDING) return { result };
  return { result, pushDoubt: () => f.get(guard).op("i32.eqz") };
}

/**
 * A float as an integer. Beyond the guard, only its range is in doubt: it is judged by the exponent, before rounding, so that where
 * rounding can enlarge the magnitude the largest power of two is left out.
 */
export function inlineToInteger(
  operation: InlineOperation,
  type: FloatType,
  integer: IntegerFormat,
): InlinePath | undefined {
  const { f, guard, rm } = operation;
  const round = toIntegral[rm];
  if (!round) return undefined;
  const result = f.local("i64");
  const value = f.local("f64");
  operation.push(type, 0);
  if (type === "f32") f.op("f64.promote_f32");
  f.set(value);
  // The host converts to signed 64-bit integers only, unsigned words included.
  const magnitudeBits = integer.bits === 64 ? 63 : integer.signed ? 31 : 32;
  const limit = (BIAS + magnitudeBits - (rm === RoundingMode.RTZ ? 0 : 1)) << EXPONENT_SHIFT;
  const pushDoubt = (): void => {
    operation.pushHighWord(value);
    // Of signed integers the sign is shifted out; of unsigned ones it makes the word too large.
    if (integer.signed) f.i32(1).op("i32.shl");
    f.i32(integer.signed ? limit << 1 : limit).op("i32.lt_u");
    f.get(guard).op("i32.and", "i32.eqz");
    if (type === "f64") return;
    operation.pushUnboxed();
    f.op("i32.or");
  };
  const otherwise = (): void => {
    f.get(value).op(round);
    if (integer.bits === 32 && integer.signed) f.op("i32.trunc_f64_s", "i64.extend_i32_s");
    else f.op("i64.trunc_f64_s");
    if (integer.bits === 32 && !integer.signed) f.op("i64.extend32_s");
    f.set(result).release(value);
  };
  return { result, pushDoubt, otherwise };
}

/** A single as a double: exact. */
export function inlineToDouble(operation: InlineOperation): InlinePath | undefined {
  const { f, guard, rm } = operation;
  if (rm > RoundingMode.RMM && rm !== DYNAMIC_ROUNDING) return undefined;
  const result = f.local("f64");
  operation.push("f32", 0);
  f.op("f64.promote_f32").set(result);
  const pushDoubt = (): void => {
    operation.pushIsNan(result);
    operation.pushUnboxed();
    f.op("i32.or");
    if (rm === DYNAMIC_ROUNDING) f.get(guard).op("i32.eqz", "i32.or");
  };
  return { result, pushDoubt };
}
