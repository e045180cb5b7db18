import { FloatFlag, RoundingMode, infinity, type FloatFormat, type FloatStatus, type Rounding } from "./format.ts";

const doubles = new Float64Array(1);
const words = new Uint32Array(doubles.buffer);

/** Bits up to the highest 1 of a positive integer below 2^1023; more than 0. */
export function bitLength(value: bigint): number {
  doubles[0] = Number(value);
  const exponent = (words[1]! >>> 20) - 1023;
  // Number() may have rounded up to the next power of two.
  return value >> BigInt(exponent) === 0n ? exponent : exponent + 1;
}

/** An integer and whether bits were lost in making it. */
export interface Rounded {
  readonly value: bigint;
  readonly inexact: boolean;
}

/** ±value / 2^shift as an integer, rounded; the magnitude is what comes back. `shift` may be negative. */
export function shiftRound(value: bigint, shift: number, negative: boolean, rounding: Rounding): Rounded {
  if (shift <= 0) return { value: value << BigInt(-shift), inexact: false };
  const places = BigInt(shift);
  const kept = value >> places;
  const lost = value - (kept << places);
  if (lost === 0n) return { value: kept, inexact: false };
  const half = 1n << (places - 1n);
  return { value: roundsUp(rounding, negative, kept, lost, half) ? kept + 1n : kept, inexact: true };
}

/** Whether a magnitude between `kept` and `kept + 1` becomes the latter; `lost` is above 0. */
function roundsUp(rounding: Rounding, negative: boolean, kept: bigint, lost: bigint, half: bigint): boolean {
  switch (rounding) {
    case RoundingMode.RNE:
      return lost > half || (lost === half && (kept & 1n) !== 0n);
    case RoundingMode.RTZ:
      return false;
    case RoundingMode.RDN:
      return negative;
    case RoundingMode.RUP:
      return !negative;
    case RoundingMode.RMM:
      return lost >= half;
  }
}

/**
 * The pattern nearest to ±significand · 2^exponent, with OF, UF and NX as they are due. The significand is above 0.
 * A caller whose value is not exact hands in at least two bits more than the precision, the last of them sticky.
 */
export function roundPack(
  status: FloatStatus,
  format: FloatFormat,
  negative: boolean,
  exponent: number,
  significand: bigint,
  rounding: Rounding,
): bigint {
  const drop = bitLength(significand) - format.precision;
  const leastDrop = format.leastExponent - exponent;
  const shift = Math.max(drop, leastDrop);
  const { value, inexact } = shiftRound(significand, shift, negative, rounding);
  // A hidden bit, and a carry out of the fraction, add 1 to the exponent field by themselves.
  const magnitude = (BigInt(exponent + shift - format.leastExponent) << format.fractionBits) + value;
  if (magnitude >= format.infinity) return overflow(status, format, negative, rounding);
  if (inexact) {
    status.flags |= FloatFlag.NX;
    if (drop < leastDrop && isTiny(format, negative, significand, drop, leastDrop, rounding))
      status.flags |= FloatFlag.UF;
  }
  return negative ? format.signBit | magnitude : magnitude;
}

/** Tininess is detected after rounding (F §11.2): as if the exponent had no least value. */
function isTiny(
  format: FloatFormat,
  negative: boolean,
  significand: bigint,
  drop: number,
  leastDrop: number,
  rounding: Rounding,
): boolean {
  if (drop + 1 < leastDrop) return true;
  return shiftRound(significand, drop, negative, rounding).value < format.hiddenBit << 1n;
}

function overflow(status: FloatStatus, format: FloatFormat, negative: boolean, rounding: Rounding): bigint {
  status.flags |= FloatFlag.OF | FloatFlag.NX;
  const towardsZero = rounding === RoundingMode.RTZ || rounding === (negative ? RoundingMode.RUP : RoundingMode.RDN);
  if (!towardsZero) return infinity(format, negative);
  return negative ? format.signBit | format.largestFinite : format.largestFinite;
}
