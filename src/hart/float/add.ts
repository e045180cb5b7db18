import {
  Kind,
  RoundingMode,
  invalid,
  propagateNan,
  unpack,
  zero,
  type FloatFormat,
  type FloatStatus,
  type Rounding,
  type Unpacked,
} from "./format.ts";
import { roundPack } from "./round.ts";

/** Beyond this distance of exponents the smaller addend only tells which way to round. */
const FAR = 256;
const FAR_GUARD_BITS = 130;

/** a + b. Subtraction is addition of b with its sign flipped. */
export function add(status: FloatStatus, format: FloatFormat, a: bigint, b: bigint, rounding: Rounding): bigint {
  const x = unpack(format, a);
  const y = unpack(format, b);
  if (x.kind === Kind.finite && y.kind === Kind.finite) return addFinite(status, format, x, y, rounding);
  if (x.kind > Kind.infinity || y.kind > Kind.infinity) return propagateNan(status, format, x.kind, y.kind);
  if (x.kind === Kind.infinity) {
    return y.kind === Kind.infinity && x.negative !== y.negative ? invalid(status, format) : a;
  }
  if (y.kind === Kind.infinity || x.kind === Kind.finite) return y.kind === Kind.zero ? a : b;
  return y.kind === Kind.finite ? b : addZeros(format, x.negative, y.negative, rounding);
}

/** The sum of two zeros, and of x and -x when `negativeX` and `negativeY` differ (IEEE 754 §6.3). */
export function addZeros(format: FloatFormat, negativeX: boolean, negativeY: boolean, rounding: Rounding): bigint {
  return zero(format, negativeX === negativeY ? negativeX : rounding === RoundingMode.RDN);
}

/** x + y of two finite values other than 0, with significands of up to twice the precision. */
export function addFinite(
  status: FloatStatus,
  format: FloatFormat,
  x: Unpacked,
  y: Unpacked,
  rounding: Rounding,
): bigint {
  const high = x.exponent >= y.exponent ? x : y;
  const low = high === x ? y : x;
  const gap = high.exponent - low.exponent;
  const far = gap > FAR;
  const places = far ? FAR_GUARD_BITS : gap;
  const aligned = high.significand << BigInt(places);
  const addend = far ? 1n : low.significand;
  const sum = high.negative === low.negative ? aligned + addend : aligned - addend;
  if (sum === 0n) return addZeros(format, x.negative, y.negative, rounding);
  const negative = sum < 0n ? low.negative : high.negative;
  return roundPack(status, format, negative, high.exponent - places, sum < 0n ? -sum : sum, rounding);
}
