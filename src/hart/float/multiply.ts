import { addFinite, addZeros } from "./add.ts";
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
import { roundPack } from "./round.ts";

/** a × b. */
export function multiply(status: FloatStatus, format: FloatFormat, a: bigint, b: bigint, rounding: Rounding): bigint {
  const x = unpack(format, a);
  const y = unpack(format, b);
  const negative = x.negative !== y.negative;
  if (x.kind === Kind.finite && y.kind === Kind.finite) {
    return roundPack(status, format, negative, x.exponent + y.exponent, x.significand * y.significand, rounding);
  }
  if (x.kind > Kind.infinity || y.kind > Kind.infinity) return propagateNan(status, format, x.kind, y.kind);
  if (isInfinityTimesZero(x, y)) return invalid(status, format);
  const infinite = x.kind === Kind.infinity || y.kind === Kind.infinity;
  return infinite ? infinity(format, negative) : zero(format, negative);
}

function isInfinityTimesZero(x: Unpacked, y: Unpacked): boolean {
  return (x.kind === Kind.infinity && y.kind === Kind.zero) || (x.kind === Kind.zero && y.kind === Kind.infinity);
}

/** a × b + c, rounded once. ∞ × 0 raises NV whatever c is (F §11.6). */
export function multiplyAdd(
  status: FloatStatus,
  format: FloatFormat,
  a: bigint,
  b: bigint,
  c: bigint,
  rounding: Rounding,
): bigint {
  const x = unpack(format, a);
  const y = unpack(format, b);
  const z = unpack(format, c);
  const negative = x.negative !== y.negative;
  if (x.kind !== Kind.finite || y.kind !== Kind.finite || z.kind > Kind.finite) {
    return specialMultiplyAdd(status, format, x, y, z, c, rounding);
  }
  const exponent = x.exponent + y.exponent;
  const significand = x.significand * y.significand;
  if (z.kind === Kind.zero) return roundPack(status, format, negative, exponent, significand, rounding);
  return addFinite(status, format, { kind: Kind.finite, negative, exponent, significand }, z, rounding);
}

/** As `multiplyAdd`, where the product is a zero or an infinity, or an operand is not finite. */
function specialMultiplyAdd(
  status: FloatStatus,
  format: FloatFormat,
  x: Unpacked,
  y: Unpacked,
  z: Unpacked,
  c: bigint,
  rounding: Rounding,
): bigint {
  const hasNan = x.kind > Kind.infinity || y.kind > Kind.infinity || z.kind > Kind.infinity;
  if (isInfinityTimesZero(x, y)) status.flags |= FloatFlag.NV;
  if (hasNan) return propagateNan(status, format, x.kind, y.kind, z.kind);
  if (isInfinityTimesZero(x, y)) return format.canonicalNan;
  const negative = x.negative !== y.negative;
  const infiniteProduct = x.kind === Kind.infinity || y.kind === Kind.infinity;
  if (z.kind === Kind.infinity) return infiniteProduct && z.negative !== negative ? invalid(status, format) : c;
  if (infiniteProduct) return infinity(format, negative);
  return z.kind === Kind.zero ? addZeros(format, negative, z.negative, rounding) : c;
}
