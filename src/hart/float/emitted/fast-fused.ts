import type { Local } from "#wasm/function-builder.ts";
import { LEAST_NORMAL, type FastFunction, type FloatType } from "./fast-function.ts";
import { pushFused } from "./fused.ts";

/** Veltkamp's constant: splits a double into two of 26 bits. */
const SPLITTER = 2 ** 27 + 1;
/** Within these neither the splitting nor a sum overflows, and the product's error is a double. */
const LARGEST_FACTOR = 2 ** 990;
const LARGEST_TERM = 2 ** 1000;
const SMALLEST_PRODUCT = 2 ** -960;

/** a × b + c of singles: a double holds the product; the sum is rounded to odd, so that rounding it to single is as rounding once. */
export function fastFusedSingle(code: FastFunction, fused: boolean): void {
  code.requireNearest();
  if (fused) returnFusedIfInexact(code, "f32");
  const product = code.binary("mul", code.promoted(0), code.promoted(1));
  const c = code.promoted(2);
  const { sum, lost } = addToOdd(code, product, c);
  code.requireFinite(sum);
  code.returnSingle(sum, lost);
}

/**
 * a × b + c of doubles. In the ranges that are let through, all bits of the exact value stand at 2^-1074 or above, so that a subnormal
 * result is exact, and no step overflows.
 */
export function fastFusedDouble(code: FastFunction, fused: boolean): void {
  code.requireNearest();
  if (fused) returnFusedIfInexact(code, "f64");
  const a = code.operand("f64", 0);
  const b = code.operand("f64", 1);
  const c = code.operand("f64", 2);
  const high = code.binary("mul", a, b);
  code.requireBelow(c, LARGEST_TERM);
  returnIfProductIsZero(code, a, b, c, high);
  code.requireBelow(a, LARGEST_FACTOR);
  code.requireBelow(b, LARGEST_FACTOR);
  code.requireBelow(high, LARGEST_TERM);
  code.requireAbove(high, SMALLEST_PRODUCT);
  (fused ? byFused : byRoundingToOdd)(code, a, b, c, high);
}

/** Once NX is set, a normal result is all that there is to know. */
function returnFusedIfInexact(code: FastFunction, type: FloatType): void {
  const { f } = code;
  code.ifInexact(() => {
    const result = f.local(type);
    const operands = [0, 1, 2].map((index) => code.operand(type, index));
    pushFused(f, type, (index) => f.get(operands[index]!));
    f.set(result);
    f.get(result).op(`${type}.abs`);
    code.push(type, LEAST_NORMAL[type]).op(`${type}.gt`);
    f.get(result).op(`${type}.abs`);
    code.push(type, Infinity).op(`${type}.lt`, "i32.and");
    f.if(() => code.returnFloat(result));
  });
}

/** The error by Boldo and Muller ("Exact and approximated error of the FMA", 2011): what is left of it is 0 where the result is exact. */
function byFused(code: FastFunction, a: Local, b: Local, c: Local, high: Local): void {
  const { f } = code;
  const result = f.local("f64");
  const low = f.local("f64");
  const factors = [a, b, c];
  pushFused(f, "f64", (index) => f.get(factors[index]!));
  f.set(result);
  pushFused(f, "f64", (index) => (index < 2 ? f.get(factors[index]!) : f.get(high).op("f64.neg")));
  f.set(low);
  code.unlessInexact(() => {
    const { head, rest, tail } = addThree(code, high, low, c);
    f.get(head).get(result).op("f64.sub").get(rest).op("f64.add").get(tail).op("f64.neg", "f64.ne");
    code.raiseInexactIf();
  });
  code.returnFloat(result);
}

/**
 * Boldo and Melquiond ("Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd", 2008):
 * head + (tail + rest rounded to odd) rounds as the exact value does.
 */
function byRoundingToOdd(code: FastFunction, a: Local, b: Local, c: Local, high: Local): void {
  const { head, rest, tail } = addThree(code, high, productError(code, a, b, high), c);
  const { sum: correction, lost } = addToOdd(code, tail, rest);
  const result = code.binary("add", head, correction);
  code.unlessInexact(() => {
    code.f
      .get(code.twoSumError(head, correction, result))
      .f64(0)
      .op("f64.ne")
      .get(lost)
      .op("i32.or");
    code.raiseInexactIf();
  });
  code.returnFloat(result);
}

/** a × b = high + low exactly; c + low = t + tail exactly; high + t = head + rest exactly. */
function addThree(
  code: FastFunction,
  high: Local,
  low: Local,
  c: Local,
): { readonly head: Local; readonly rest: Local; readonly tail: Local } {
  const t = code.binary("add", c, low);
  const tail = code.twoSumError(c, low, t);
  const head = code.binary("add", high, t);
  return { head, rest: code.twoSumError(high, t, head), tail };
}

/** ±0 × a finite factor: the sum with c is exact, and its zeros have the host's signs. */
function returnIfProductIsZero(code: FastFunction, a: Local, b: Local, c: Local, product: Local): void {
  const { f } = code;
  f.get(a)
    .f64(0)
    .op("f64.eq")
    .get(b)
    .f64(0)
    .op("f64.eq", "i32.or")
    .if(() => {
      const sum = code.binary("add", product, c);
      code.requireFinite(sum);
      code.returnFloat(sum);
    });
}

/** What `product`, which is a × b rounded, lacks (Dekker). */
function productError(code: FastFunction, a: Local, b: Local, product: Local): Local {
  const { f } = code;
  const [highA, lowA] = split(code, a);
  const [highB, lowB] = split(code, b);
  const error = f.local("f64");
  f.get(lowA).get(lowB).op("f64.mul");
  f.get(product).get(highA).get(highB).op("f64.mul", "f64.sub");
  f.get(lowA).get(highB).op("f64.mul", "f64.sub");
  f.get(highA).get(lowB).op("f64.mul", "f64.sub");
  f.op("f64.sub").set(error);
  return error;
}

function split(code: FastFunction, value: Local): readonly [Local, Local] {
  const { f } = code;
  const scaled = f.local("f64");
  const high = f.local("f64");
  f.f64(SPLITTER).get(value).op("f64.mul").set(scaled);
  f.get(scaled).get(scaled).get(value).op("f64.sub", "f64.sub").set(high);
  return [high, code.binary("sub", value, high)];
}

/** a + b rounded to odd, and whether (i32) bits were lost: where they were, the last bit is 1. */
function addToOdd(code: FastFunction, a: Local, b: Local): { readonly sum: Local; readonly lost: Local } {
  const { f } = code;
  const sum = code.binary("add", a, b);
  const error = code.twoSumError(a, b, sum);
  const lost = f.local("i32");
  const bits = f.local("i64");
  f.get(error).f64(0).op("f64.ne").set(lost);
  f.get(lost).if(() => {
    f.get(sum).op("i64.reinterpret_f64").set(bits);
    // An even sum moves by one unit towards the exact one: up in magnitude where the error has its sign, else down.
    f.get(bits).get(error).op("i64.reinterpret_f64", "i64.xor").i64(63n).op("i64.shr_s").i64(1n).op("i64.or");
    f.i64(1n).get(bits).op("i64.sub").i64(1n).op("i64.and", "i64.mul");
    f.get(bits).op("i64.add", "f64.reinterpret_i64").set(sum);
  });
  return { sum, lost };
}
