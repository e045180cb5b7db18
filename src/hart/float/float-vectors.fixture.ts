import type { FloatHelper } from "#riscv/engine.ts";
import { floatOperandCount, floatOperations, hasRounding } from "./float-unit.ts";
import type { Rounding } from "./format.ts";

/** A seeded source of random numbers: the same seed gives the same sequence (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** An unsigned 32-bit number. */
  word(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** An integer in [0, limit). */
  below(limit: number): number {
    return this.word() % limit;
  }

  bits64(): bigint {
    return (BigInt(this.word()) << 32n) | BigInt(this.word());
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }
}

/** One operation to be performed, with its operands as raw patterns. */
export interface FloatVector {
  readonly name: FloatHelper;
  readonly rounding: Rounding;
  readonly a: bigint;
  readonly b: bigint;
  readonly c: bigint;
}

export const floatHelpers = Object.keys(floatOperations) as readonly FloatHelper[];

interface Shape {
  readonly exponentBits: number;
  readonly fractionBits: number;
}

const single: Shape = { exponentBits: 8, fractionBits: 23 };
const double: Shape = { exponentBits: 11, fractionBits: 52 };

/** A pattern near what matters: exponents at the edges, in the middle or near another operand's, fractions with few bits or runs. */
function pattern(random: Random, shape: Shape, near: number): bigint {
  const { exponentBits, fractionBits } = shape;
  const top = 2 ** exponentBits - 1;
  const bias = top >> 1;
  const exponents = [
    0,
    0,
    1,
    2,
    top,
    top - 1,
    top - 2,
    bias,
    bias - 1,
    bias + 1,
    bias + fractionBits,
    bias + 31,
    bias + 63,
    bias >> 1,
    bias + (bias >> 1),
  ];
  const choice = random.below(8);
  let exponent = random.below(top + 1);
  if (choice < 2) exponent = random.pick(exponents);
  else if (choice < 6) exponent = near + random.below(2 * fractionBits + 8) - fractionBits - 4;
  exponent = Math.min(Math.max(exponent, 0), top);
  const sign = BigInt(random.below(2)) << BigInt(exponentBits + fractionBits);
  return sign | (BigInt(exponent) << BigInt(fractionBits)) | fraction(random, fractionBits);
}

function fraction(random: Random, bits: number): bigint {
  const all = (1n << BigInt(bits)) - 1n;
  const value = random.bits64() & all;
  switch (random.below(6)) {
    case 0:
      return random.pick([
        0n,
        1n,
        all,
        all - 1n,
        1n << BigInt(bits - 1),
        (1n << BigInt(bits - 1)) - 1n,
        (1n << BigInt(bits - 1)) + 1n,
      ]);
    case 1:
      return (1n << BigInt(random.below(bits))) & all;
    case 2:
      return (all << BigInt(random.below(bits))) & all;
    case 3:
      return (value >> BigInt(random.below(bits))) & all;
    default:
      return value;
  }
}

const integers = [
  0n,
  1n,
  2n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  1n << 53n,
  (1n << 53n) + 1n,
  1n << 63n,
  (1n << 63n) - 1n,
  (1n << 64n) - 1n,
  0xffffffff80000000n,
];

function integerOperand(random: Random): bigint {
  if (random.below(4) === 0) return random.pick(integers);
  const value = random.bits64() >> BigInt(random.below(64));
  return random.below(2) === 0 ? value : BigInt.asUintN(64, -value);
}

/** A pattern of a single or double of middling size, or sometimes at an edge. */
export function floatPattern(random: Random, suffix: "s" | "d"): bigint {
  return suffix === "s" ? pattern(random, single, 127) : pattern(random, double, 1023);
}

/** Operands of one operation: doubles, singles or integers, their exponents often near each other's (or the product's). */
function operands(random: Random, name: FloatHelper): readonly [bigint, bigint, bigint] {
  const source = name.slice(name.lastIndexOf(".") + 1);
  if (name.startsWith("fcvt") && source !== "s" && source !== "d") return [integerOperand(random), 0n, 0n];
  const shape = source === "s" ? single : double;
  const bias = 2 ** (shape.exponentBits - 1) - 1;
  const exponentOf = (bits: bigint): number => Number(bits >> BigInt(shape.fractionBits)) & (2 * bias + 1);
  const start = name.startsWith("fcvt") ? bias + random.below(70) - 4 : random.below(2 * bias + 2);
  const a = pattern(random, shape, start);
  const count = floatOperandCount(name);
  const multiplies = name.startsWith("fmul") || name.startsWith("fmadd");
  const b =
    count > 1
      ? pattern(
          random,
          shape,
          multiplies ? random.pick([2 * bias, bias, 3 * bias, 2 * bias - 20]) - exponentOf(a) : exponentOf(a),
        )
      : 0n;
  const c = count > 2 ? pattern(random, shape, exponentOf(a) + exponentOf(b) - bias) : 0n;
  return [a, b, c];
}

/** `count` vectors of one operation; the rounding modes take turns. The same seed gives the same vectors. */
export function floatVectors(name: FloatHelper, count: number, seed: number): FloatVector[] {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, index) => {
    const [a, b, c] = operands(random, name);
    return { name, rounding: (hasRounding(name) ? index % 5 : 0) as Rounding, a, b, c };
  });
}
