import { FloatFlag, Kind, unpack, type FloatFormat, type FloatStatus } from "./format.ts";

/** An integer that orders finite values and infinities as they compare; both zeros are 0. */
function order(format: FloatFormat, bits: bigint): bigint {
  const magnitude = bits & format.magnitudeMask;
  return (bits & format.signBit) === 0n ? magnitude : -magnitude;
}

function isNan(format: FloatFormat, bits: bigint): boolean {
  return (bits & format.magnitudeMask) > format.infinity;
}

function isSignaling(format: FloatFormat, bits: bigint): boolean {
  return isNan(format, bits) && (bits & format.quietBit) === 0n;
}

/** feq: quiet, so that only a signaling NaN raises NV. */
export function equal(status: FloatStatus, format: FloatFormat, a: bigint, b: bigint): bigint {
  if (isSignaling(format, a) || isSignaling(format, b)) status.flags |= FloatFlag.NV;
  if (isNan(format, a) || isNan(format, b)) return 0n;
  return order(format, a) === order(format, b) ? 1n : 0n;
}

/** flt: signaling, so that any NaN raises NV. */
export function lessThan(status: FloatStatus, format: FloatFormat, a: bigint, b: bigint): bigint {
  if (isNan(format, a) || isNan(format, b)) return unordered(status);
  return order(format, a) < order(format, b) ? 1n : 0n;
}

/** fle: signaling, as flt. */
export function lessOrEqual(status: FloatStatus, format: FloatFormat, a: bigint, b: bigint): bigint {
  if (isNan(format, a) || isNan(format, b)) return unordered(status);
  return order(format, a) <= order(format, b) ? 1n : 0n;
}

function unordered(status: FloatStatus): bigint {
  status.flags |= FloatFlag.NV;
  return 0n;
}

/** IEEE 754-2019 minimumNumber: of a number and a NaN the number; -0 is below +0. */
export function minimumNumber(status: FloatStatus, format: FloatFormat, a: bigint, b: bigint): bigint {
  return numberOfNans(status, format, a, b) ?? (isBelow(format, a, b) ? a : b);
}

/** IEEE 754-2019 maximumNumber. */
export function maximumNumber(status: FloatStatus, format: FloatFormat, a: bigint, b: bigint): bigint {
  return numberOfNans(status, format, a, b) ?? (isBelow(format, a, b) ? b : a);
}

function isBelow(format: FloatFormat, a: bigint, b: bigint): boolean {
  const x = order(format, a);
  const y = order(format, b);
  return x < y || (x === y && (a & format.signBit) !== 0n);
}

/** The result of fmin and fmax where an operand is a NaN; undefined where none is. */
function numberOfNans(status: FloatStatus, format: FloatFormat, a: bigint, b: bigint): bigint | undefined {
  const nanA = isNan(format, a);
  const nanB = isNan(format, b);
  if (!nanA && !nanB) return undefined;
  if (isSignaling(format, a) || isSignaling(format, b)) status.flags |= FloatFlag.NV;
  if (nanA && nanB) return format.canonicalNan;
  return nanA ? b : a;
}

/** fclass: one of ten bits (F §11.9). */
export function classify(format: FloatFormat, a: bigint): bigint {
  const { kind, negative, significand } = unpack(format, a);
  switch (kind) {
    case Kind.zero:
      return negative ? 1n << 3n : 1n << 4n;
    case Kind.finite: {
      if (significand < format.hiddenBit) return negative ? 1n << 2n : 1n << 5n;
      return negative ? 1n << 1n : 1n << 6n;
    }
    case Kind.infinity:
      return negative ? 1n : 1n << 7n;
    case Kind.signalingNan:
      return 1n << 8n;
    case Kind.quietNan:
      return 1n << 9n;
  }
}
