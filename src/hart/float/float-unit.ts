import type { FloatHelper } from "#riscv/engine.ts";
import { add } from "./add.ts";
import { classify, equal, lessOrEqual, lessThan, maximumNumber, minimumNumber } from "./compare.ts";
import {
  LONG,
  UNSIGNED_LONG,
  UNSIGNED_WORD,
  WORD,
  fromInteger,
  toFormat,
  toInteger,
  type IntegerFormat,
} from "./convert.ts";
import { divide } from "./divide.ts";
import {
  DOUBLE,
  DYNAMIC_ROUNDING,
  RoundingMode,
  SINGLE,
  type FloatFormat,
  type FloatStatus,
  type Rounding,
} from "./format.ts";
import { multiply, multiplyAdd } from "./multiply.ts";
import { squareRoot } from "./square-root.ts";

/**
 * One operation over raw patterns: singles as 32 bits, doubles and x registers as 64, all unsigned. Operands that the operation
 * does not have are ignored, and so is the rounding mode where nothing is rounded. Flags accrue in `status`.
 */
export type FloatOperation = (status: FloatStatus, rounding: Rounding, a: bigint, b: bigint, c: bigint) => bigint;

type Suffix = "s" | "d";
type IntegerSuffix = "w" | "wu" | "l" | "lu";

const integers: Readonly<Record<IntegerSuffix, IntegerFormat>> = {
  w: WORD,
  wu: UNSIGNED_WORD,
  l: LONG,
  lu: UNSIGNED_LONG,
};

/** The operations of one format, by mnemonic. */
function operationsOf(suffix: Suffix, f: FloatFormat): [string, FloatOperation][] {
  const arithmetic: Readonly<Record<string, FloatOperation>> = {
    add: (status, rounding, a, b) => add(status, f, a, b, rounding),
    sub: (status, rounding, a, b) => add(status, f, a, b ^ f.signBit, rounding),
    mul: (status, rounding, a, b) => multiply(status, f, a, b, rounding),
    div: (status, rounding, a, b) => divide(status, f, a, b, rounding),
    sqrt: (status, rounding, a) => squareRoot(status, f, a, rounding),
    madd: (status, rounding, a, b, c) => multiplyAdd(status, f, a, b, c, rounding),
    min: (status, _rounding, a, b) => minimumNumber(status, f, a, b),
    max: (status, _rounding, a, b) => maximumNumber(status, f, a, b),
    eq: (status, _rounding, a, b) => equal(status, f, a, b),
    lt: (status, _rounding, a, b) => lessThan(status, f, a, b),
    le: (status, _rounding, a, b) => lessOrEqual(status, f, a, b),
    class: (_status, _rounding, a) => classify(f, a),
  };
  return Object.entries(arithmetic).map(([name, operation]) => [`f${name}.${suffix}`, operation]);
}

/** The conversions between one format and the integers, by mnemonic. */
function conversionsOf(suffix: Suffix, f: FloatFormat): [string, FloatOperation][] {
  return Object.entries(integers).flatMap(([name, integer]): [string, FloatOperation][] => [
    [`fcvt.${name}.${suffix}`, (status, rounding, a) => toInteger(status, f, integer, a, rounding)],
    [`fcvt.${suffix}.${name}`, (status, rounding, a) => fromInteger(status, f, integer, a, rounding)],
  ]);
}

/** Every floating-point helper's exact meaning. Keys are exactly the names of `FloatHelper`. */
export const floatOperations = Object.fromEntries([
  ...operationsOf("s", SINGLE),
  ...operationsOf("d", DOUBLE),
  ...conversionsOf("s", SINGLE),
  ...conversionsOf("d", DOUBLE),
  ["fcvt.s.d", ((status, rounding, a) => toFormat(status, DOUBLE, SINGLE, a, rounding)) satisfies FloatOperation],
  ["fcvt.d.s", ((status, rounding, a) => toFormat(status, SINGLE, DOUBLE, a, rounding)) satisfies FloatOperation],
]) as Readonly<Record<FloatHelper, FloatOperation>>;

/** How many of a, b and c an operation has. */
export function floatOperandCount(name: FloatHelper): 1 | 2 | 3 {
  if (name.startsWith("fmadd")) return 3;
  return /^f(sqrt|class|cvt)/.test(name) ? 1 : 2;
}

/** Whether an operation's last argument is a rounding mode: comparisons, fmin, fmax and fclass have none. */
export function hasRounding(name: FloatHelper): boolean {
  return /^f(add|sub|mul|div|sqrt|madd|cvt)/.test(name);
}

/** Whether an operation's result goes to an x register: comparisons', fclass's and those of conversions to integers. */
export function givesInteger(name: FloatHelper): boolean {
  return /^(f(eq|lt|le|class)|fcvt\.[wl]u?)\./.test(name);
}

/** The rounding mode that an instruction's rm field means under `fcsr`; undefined where it is reserved, so the instruction illegal (F §11.2). */
export function resolveRounding(rm: number, fcsr: number): Rounding | undefined {
  const rounding = rm === DYNAMIC_ROUNDING ? (fcsr >> 5) & 7 : rm;
  return rounding <= RoundingMode.RMM ? (rounding as Rounding) : undefined;
}
