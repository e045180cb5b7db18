import type { Local } from "#wasm/function-builder.ts";
import type { FloatType } from "./fast-function.ts";
import type { InlineOperation, InlinePath } from "./inline-operation.ts";

/** feq, flt, fle: no flag without a NaN. */
export function inlineCompare(operation: InlineOperation, type: FloatType, comparison: "eq" | "lt" | "le"): InlinePath {
  const { f } = operation;
  const result = f.local("i64");
  operation.push(type, 0);
  operation.push(type, 1);
  f.op(`${type}.${comparison}`, "i64.extend_i32_u").set(result);
  const pushDoubt = (): void => {
    // One test for both operands: their sum is NaN where one is (and for infinities of unlike sign).
    const sum = f.local(type);
    operation.push(type, 0);
    operation.push(type, 1);
    f.op(`${type}.add`).set(sum);
    pushDoubtful(operation, type, sum);
    f.release(sum);
  };
  return { result, pushDoubt };
}

/** fmin, fmax: the host's, where neither operand is a NaN. */
export function inlineChoose(operation: InlineOperation, type: FloatType, choice: "min" | "max"): InlinePath {
  const { f } = operation;
  const result = f.local(type);
  operation.push(type, 0);
  operation.push(type, 1);
  f.op(`${type}.${choice}`).set(result);
  return { result, pushDoubt: () => pushDoubtful(operation, type, result) };
}

function pushDoubtful(operation: InlineOperation, type: FloatType, number: Local): void {
  operation.pushIsNan(number);
  if (type === "f64") return;
  operation.pushUnboxed();
  operation.f.op("i32.or");
}
