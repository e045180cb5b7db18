import type { Local } from "#wasm/function-builder.ts";
import type { FloatType } from "./fast-function.ts";
import { pushFused } from "./fused.ts";
import type { InlineOperation, InlinePath } from "./inline-operation.ts";

/** The exponent field's bit 1 in what is compared with the guard: a result with the least normal exponent may have been tiny. */
const SECOND_EXPONENT: Readonly<Record<FloatType, number>> = { f32: 2 << 24, f64: 2 << 21 };

/** a ∘ b, which can be tiny and inexact. */
export function inlineProduct(
  operation: InlineOperation,
  type: FloatType,
  operator: "mul" | "div",
): InlinePath | undefined {
  return binary(operation, type, operator, SECOND_EXPONENT[type]);
}

/** a + b or a - b: where they are tiny, they are exact. */
export function inlineSum(
  operation: InlineOperation,
  type: FloatType,
  operator: "add" | "sub",
): InlinePath | undefined {
  return binary(operation, type, operator, 0);
}

function binary(
  operation: InlineOperation,
  type: FloatType,
  operator: "add" | "sub" | "mul" | "div",
  least: number,
): InlinePath | undefined {
  if (!operation.mayBeNearest) return undefined;
  const result = operation.f.local(type);
  operation.push(type, 0);
  operation.push(type, 1);
  operation.f.op(`${type}.${operator}`).set(result);
  return { result, pushDoubt: () => pushDoubt(operation, result, least, type === "f32") };
}

/** √a, which is never tiny. */
export function inlineSquareRoot(operation: InlineOperation, type: FloatType): InlinePath | undefined {
  if (!operation.mayBeNearest) return undefined;
  const result = operation.f.local(type);
  operation.push(type, 0);
  operation.f.op(`${type}.sqrt`).set(result);
  return { result, pushDoubt: () => pushDoubt(operation, result, 0, type === "f32") };
}

/** a × b + c, rounded once. */
export function inlineFused(operation: InlineOperation, type: FloatType): InlinePath | undefined {
  if (!operation.mayBeNearest || !operation.fused) return undefined;
  const result = operation.f.local(type);
  pushFused(operation.f, type, (index) => operation.push(type, index));
  operation.f.set(result);
  return { result, pushDoubt: () => pushDoubt(operation, result, SECOND_EXPONENT[type], type === "f32") };
}

/** A double as a single. */
export function inlineToSingle(operation: InlineOperation): InlinePath | undefined {
  if (!operation.mayBeNearest) return undefined;
  const result = operation.f.local("f32");
  operation.push("f64", 0);
  operation.f.op("f32.demote_f64").set(result);
  return { result, pushDoubt: () => pushDoubt(operation, result, SECOND_EXPONENT.f32, false) };
}

/** The guard is shut, or the result's exponent is not in what it lets through, counted from `least`, or a single was not boxed. */
function pushDoubt(operation: InlineOperation, result: Local, least: number, ofSingles: boolean): void {
  const { f, guard } = operation;
  if (result.type === "f64") operation.pushHighWord(result);
  else f.get(result).op("i32.reinterpret_f32");
  f.i32(1).op("i32.shl");
  if (least !== 0) f.i32(least).op("i32.sub");
  f.get(guard).op("i32.ge_u");
  if (!ofSingles) return;
  operation.pushUnboxed();
  f.op("i32.or");
}
