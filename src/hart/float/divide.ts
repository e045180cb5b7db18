import {
  FloatFlag,
  Kind,
  infinity,
  invalid,
  propagateNan,
  unpack,
  zero,
  type FloatFormat,
  type FloatStatus,
  type Rounding,
  type Unpacked,
} from "./format.ts";
import { bitLength, roundPack } from "./round.ts";

/** a ÷ b. */
export function divide(status: FloatStatus, format: FloatFormat, a: bigint, b: bigint, rounding: Rounding): bigint {
  const x = unpack(format, a);
  const y = unpack(format, b);
  const negative = x.negative !== y.negative;
  if (x.kind === Kind.finite && y.kind === Kind.finite) return divideFinite(status, format, negative, x, y, rounding);
  if (x.kind > Kind.infinity || y.kind > Kind.infinity) return propagateNan(status, format, x.kind, y.kind);
  if (x.kind === y.kind) return invalid(status, format); // 0 ÷ 0 or ∞ ÷ ∞
  if (x.kind === Kind.infinity) return infinity(format, negative);
  if (x.kind === Kind.zero || y.kind === Kind.infinity) return zero(format, negative);
  status.flags |= FloatFlag.DZ;
  return infinity(format, negative);
}

function divideFinite(
  status: FloatStatus,
  format: FloatFormat,
  negative: boolean,
  x: Unpacked,
  y: Unpacked,
  rounding: Rounding,
): bigint {
  const places = format.precision + 3 + bitLength(y.significand) - bitLength(x.significand);
  const numerator = x.significand << BigInt(places);
  const quotient = numerator / y.significand;
  const sticky = quotient * y.significand === numerator ? 0n : 1n;
  return roundPack(status, format, negative, x.exponent - y.exponent - places - 1, (quotient << 1n) | sticky, rounding);
}
