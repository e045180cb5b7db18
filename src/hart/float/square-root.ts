import { Kind, invalid, propagateNan, unpack, type FloatFormat, type FloatStatus, type Rounding } from "./format.ts";
import { bitLength, roundPack } from "./round.ts";

/** √a. */
export function squareRoot(status: FloatStatus, format: FloatFormat, a: bigint, rounding: Rounding): bigint {
  const x = unpack(format, a);
  if (x.kind > Kind.infinity) return propagateNan(status, format, x.kind);
  if (x.kind === Kind.zero) return a;
  if (x.negative) return invalid(status, format);
  if (x.kind === Kind.infinity) return a;
  // Room for a root of precision + 2 bits at least, at an even exponent.
  let places = 2 * format.precision + 4 - bitLength(x.significand);
  if ((x.exponent - places) % 2 !== 0) places++;
  const square = x.significand << BigInt(places);
  const root = integerSquareRoot(square);
  const sticky = root * root === square ? 0n : 1n;
  return roundPack(status, format, false, (x.exponent - places) / 2 - 1, (root << 1n) | sticky, rounding);
}

/** ⌊√value⌋ of an integer that a double can hold to 53 bits: the host's root is off by a few units, which one step of Newton mends. */
function integerSquareRoot(value: bigint): bigint {
  const guess = BigInt(Math.floor(Math.sqrt(Number(value))));
  let root = (guess + value / guess) >> 1n;
  while (root * root > value) root--;
  while ((root + 1n) * (root + 1n) <= value) root++;
  return root;
}
