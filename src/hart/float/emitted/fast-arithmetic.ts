import type { Local } from "#wasm/function-builder.ts";
import { LEAST_NORMAL, type FastFunction, type FloatType } from "./fast-function.ts";

const FRACTION_BITS = 52n;
const HIDDEN_BIT = 1n << FRACTION_BITS;
const EXPONENT_MASK = 0x7ffn;
const BIAS = 1023n;

/** a + b, or a - b. A sum is inexact only where it is normal, so that NX is the only flag a finite one can raise. */
export function fastAdd(code: FastFunction, type: FloatType, negate: boolean): void {
  code.requireNearest();
  const a = code.operand(type, 0);
  const b = code.operand(type, 1);
  if (negate) code.f.get(b).op(`${type}.neg`).set(b);
  const sum = code.binary("add", a, b);
  code.requireFinite(sum);
  code.unlessInexact(() => {
    const error = code.twoSumError(a, b, sum);
    code.requireFinite(error);
    code.f.get(error);
    code.push(type, 0).op(`${type}.ne`);
    code.raiseInexactIf();
  });
  code.returnFloat(sum);
}

/** a × b of singles: a double holds the product. */
export function fastMultiplySingle(code: FastFunction): void {
  code.requireNearest();
  code.returnSingle(code.binary("mul", code.promoted(0), code.promoted(1)));
}

/** a × b of doubles. */
export function fastMultiplyDouble(code: FastFunction): void {
  const { f } = code;
  code.requireNearest();
  const a = code.operand("f64", 0);
  const b = code.operand("f64", 1);
  const product = code.binary("mul", a, b);
  f.get(product)
    .f64(0)
    .op("f64.eq")
    .if(() => {
      f.get(a).f64(0).op("f64.ne").get(b).f64(0).op("f64.ne", "i32.and").brIf(code.slow);
      code.returnFloat(product);
    });
  requireNormal(code, product);
  code.unlessInexact(() => {
    requireExponent(code, a, 1n);
    requireExponent(code, b, 1n);
    pushIsExactProduct(code, a, b, product);
    f.op("i32.eqz");
    code.raiseInexactIf();
  });
  code.returnFloat(product);
}

/** a ÷ b of singles: exact where the quotient times b, which a double holds, is a. */
export function fastDivideSingle(code: FastFunction): void {
  const { f } = code;
  code.requireNearest();
  const a = code.operand("f32", 0);
  const b = code.operand("f32", 1);
  const quotient = code.binary("div", a, b);
  code.requireFinite(quotient);
  f.get(quotient).op("f64.promote_f32").get(b).op("f64.promote_f32", "f64.mul");
  f.get(a)
    .op("f64.promote_f32", "f64.ne")
    .if(() => {
      code.requireAbove(quotient, LEAST_NORMAL.f32);
      code.raiseInexact();
    });
  code.returnFloat(quotient);
}

/** a ÷ b of doubles: exact where the quotient times b is a, and that product exact. */
export function fastDivideDouble(code: FastFunction): void {
  const { f } = code;
  code.requireNearest();
  const a = code.operand("f64", 0);
  const b = code.operand("f64", 1);
  const quotient = code.binary("div", a, b);
  f.get(quotient)
    .f64(0)
    .op("f64.eq")
    .if(() => {
      f.get(a).f64(0).op("f64.ne").brIf(code.slow);
      code.returnFloat(quotient);
    });
  requireNormal(code, quotient);
  code.unlessInexact(() => {
    // 2: the product that is compared with a must not be rounded as a subnormal.
    requireExponent(code, a, 2n);
    requireExponent(code, b, 1n);
    raiseUnlessProduct(code, quotient, b, a);
  });
  code.returnFloat(quotient);
}

/** √a of singles: exact where the root's square, which a double holds, is a. */
export function fastSquareRootSingle(code: FastFunction): void {
  const { f } = code;
  code.requireNearest();
  const a = code.operand("f32", 0);
  const root = f.local("f32");
  const wide = f.local("f64");
  f.get(a).op("f32.sqrt").set(root);
  code.requireFinite(root);
  f.get(root).op("f64.promote_f32").tee(wide).get(wide).op("f64.mul").get(a).op("f64.promote_f32", "f64.ne");
  code.raiseInexactIf();
  code.returnFloat(root);
}

/** √a of doubles. */
export function fastSquareRootDouble(code: FastFunction): void {
  const { f } = code;
  code.requireNearest();
  const a = code.operand("f64", 0);
  const root = f.local("f64");
  f.get(a).op("f64.sqrt").set(root);
  f.get(root)
    .f64(0)
    .op("f64.eq")
    .if(() => code.returnFloat(root));
  code.requireFinite(root);
  code.unlessInexact(() => {
    requireExponent(code, a, 2n);
    raiseUnlessProduct(code, root, root, a);
  });
  code.returnFloat(root);
}

/** Goes on only where a double is finite and so far from 0 that it cannot have been tiny. */
function requireNormal(code: FastFunction, value: Local): void {
  code.requireAbove(value, LEAST_NORMAL.f64);
  code.requireFinite(value);
}

/** Goes on only where a double's exponent field is at least `least`. */
function requireExponent(code: FastFunction, value: Local, least: bigint): void {
  pushExponent(code, value);
  code.f.i64(least).op("i64.lt_u").brIf(code.slow);
}

function pushExponent(code: FastFunction, value: Local): void {
  code.f.get(value).op("i64.reinterpret_f64").i64(FRACTION_BITS).op("i64.shr_u").i64(EXPONENT_MASK).op("i64.and");
}

/** NX unless a × b is `product` exactly. All are normal. */
function raiseUnlessProduct(code: FastFunction, a: Local, b: Local, product: Local): void {
  pushIsExactProduct(code, a, b, product);
  code.f.get(a).get(b).op("f64.mul").get(product).op("f64.eq", "i32.and", "i32.eqz");
  code.raiseInexactIf();
}

/**
 * Leaves (i32) whether a × b fits in 53 bits, `product` being its rounded value; all are normal. The significands' product has as many
 * trailing zeros as both together, and 105 bits, or 106 where the exponents' sum grew by one.
 */
function pushIsExactProduct(code: FastFunction, a: Local, b: Local, product: Local): void {
  const { f } = code;
  for (const factor of [a, b]) f.get(factor).op("i64.reinterpret_f64").i64(HIDDEN_BIT).op("i64.or", "i64.ctz");
  f.op("i64.add");
  pushExponent(code, a);
  pushExponent(code, b);
  f.op("i64.add", "i64.add");
  pushExponent(code, product);
  f.i64(FRACTION_BITS + BIAS).op("i64.add", "i64.ge_s");
}
