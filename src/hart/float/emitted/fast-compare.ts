import type { Local } from "#wasm/function-builder.ts";
import type { FastFunction, FloatType } from "./fast-function.ts";
import { DOUBLE, SINGLE } from "#hart/float/format.ts";

/** feq, flt, fle: no flag without a NaN. */
export function fastCompare(code: FastFunction, type: FloatType, comparison: "eq" | "lt" | "le"): void {
  const a = code.operand(type, 0);
  const b = code.operand(type, 1);
  requireOrdered(code, type, a, b);
  code.f.get(a).get(b).op(`${type}.${comparison}`, "i64.extend_i32_u", "return");
}

/** fmin, fmax. Of equal operands only zeros can differ, and only in sign. */
export function fastChoose(code: FastFunction, type: FloatType, choice: "min" | "max"): void {
  const { f } = code;
  const a = code.operand(type, 0);
  const b = code.operand(type, 1);
  requireOrdered(code, type, a, b);
  const [x, y] = [code.register(0), code.register(1)];
  f.get(a)
    .get(b)
    .op(`${type}.eq`)
    .if(() => {
      f.get(x)
        .get(y)
        .op(choice === "min" ? "i64.or" : "i64.and", "return");
    });
  f.get(x)
    .get(y)
    .get(a)
    .get(b)
    .op(choice === "min" ? `${type}.lt` : `${type}.gt`, "select", "return");
}

function requireOrdered(code: FastFunction, type: FloatType, a: Local, b: Local): void {
  for (const value of [a, b]) code.f.get(value).get(value).op(`${type}.ne`).brIf(code.slow);
}

/** fclass, without host arithmetic: the classes of negative values mirror those of positive ones. */
export function fastClassify(code: FastFunction, type: FloatType): void {
  const { f } = code;
  const format = type === "f32" ? SINGLE : DOUBLE;
  const register = code.register(0);
  const magnitude = f.local("i64");
  const shift = f.local("i64");
  if (type === "f32") code.requireBoxed(0);
  f.get(register).i64(format.magnitudeMask).op("i64.and").set(magnitude);
  f.get(magnitude)
    .i64(format.infinity)
    .op("i64.gt_u")
    .if(() => {
      f.i64(1n << 9n)
        .i64(1n << 8n)
        .get(register)
        .i64(format.quietBit)
        .op("i64.and")
        .i64(0n)
        .op("i64.ne", "select", "return");
    });
  // +0, subnormal, normal, ∞: 4 to 7.
  f.i64(4n);
  for (const least of [1n, format.hiddenBit, format.infinity]) {
    f.get(magnitude).i64(least).op("i64.ge_u", "i64.extend_i32_u", "i64.add");
  }
  f.set(shift);
  f.i64(1n).i64(7n).get(shift).op("i64.sub").get(shift);
  f.get(register).i64(format.signBit).op("i64.and").i64(0n).op("i64.ne", "select", "i64.shl", "return");
}
