import {
  FloatFlag,
  Kind,
  infinity,
  propagateNan,
  unpack,
  zero,
  type FloatFormat,
  type FloatStatus,
  type Rounding,
} from "./format.ts";
import { roundPack, shiftRound } from "./round.ts";

/** An integer type of the fcvt instructions: w, wu, l or lu. */
export interface IntegerFormat {
  readonly minimum: bigint;
  readonly maximum: bigint;
  readonly bits: 32 | 64;
  readonly signed: boolean;
}

export const WORD: IntegerFormat = { minimum: -(1n << 31n), maximum: (1n << 31n) - 1n, bits: 32, signed: true };
export const UNSIGNED_WORD: IntegerFormat = { minimum: 0n, maximum: (1n << 32n) - 1n, bits: 32, signed: false };
export const LONG: IntegerFormat = { minimum: -(1n << 63n), maximum: (1n << 63n) - 1n, bits: 64, signed: true };
export const UNSIGNED_LONG: IntegerFormat = { minimum: 0n, maximum: (1n << 64n) - 1n, bits: 64, signed: false };

/** The integer nearest to a; out of range (or NaN) it saturates with NV (F §11.7). A 32-bit result is sign-extended, wu too. */
export function toInteger(
  status: FloatStatus,
  format: FloatFormat,
  integer: IntegerFormat,
  a: bigint,
  rounding: Rounding,
): bigint {
  const x = unpack(format, a);
  if (x.kind === Kind.zero) return 0n;
  if (x.kind !== Kind.finite || x.exponent > 64) {
    const low = x.negative && x.kind <= Kind.infinity;
    return saturate(status, integer, low);
  }
  // Below 2^-2 only the sign and the rounding mode count: no need for a long shift.
  const shift = Math.min(-x.exponent, format.precision + 2);
  const { value, inexact } = shiftRound(x.significand, shift, x.negative, rounding);
  const result = x.negative ? -value : value;
  if (result < integer.minimum || result > integer.maximum) return saturate(status, integer, x.negative);
  if (inexact) status.flags |= FloatFlag.NX;
  return toRegister(integer, result);
}

function saturate(status: FloatStatus, integer: IntegerFormat, low: boolean): bigint {
  status.flags |= FloatFlag.NV;
  return toRegister(integer, low ? integer.minimum : integer.maximum);
}

function toRegister(integer: IntegerFormat, value: bigint): bigint {
  return BigInt.asUintN(64, BigInt.asIntN(integer.bits, value));
}

/** The float nearest to the integer in a register. */
export function fromInteger(
  status: FloatStatus,
  format: FloatFormat,
  integer: IntegerFormat,
  register: bigint,
  rounding: Rounding,
): bigint {
  const value = integer.signed ? BigInt.asIntN(integer.bits, register) : BigInt.asUintN(integer.bits, register);
  if (value === 0n) return 0n;
  return roundPack(status, format, value < 0n, 0, value < 0n ? -value : value, rounding);
}

/** A float of one format as one of another. */
export function toFormat(
  status: FloatStatus,
  from: FloatFormat,
  to: FloatFormat,
  a: bigint,
  rounding: Rounding,
): bigint {
  const x = unpack(from, a);
  if (x.kind > Kind.infinity) return propagateNan(status, to, x.kind);
  if (x.kind === Kind.infinity) return infinity(to, x.negative);
  if (x.kind === Kind.zero) return zero(to, x.negative);
  return roundPack(status, to, x.negative, x.exponent, x.significand, rounding);
}
