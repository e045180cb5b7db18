import type { FunctionBuilder } from "#wasm/function-builder.ts";
import { ModuleBuilder } from "#wasm/module-builder.ts";
import type { FloatType } from "./fast-function.ts";

const vectors = {
  f32: { splat: "f32x4.splat", multiplyAdd: "f32x4.relaxed_madd", extract: "f32x4.extract_lane" },
  f64: { splat: "f64x2.splat", multiplyAdd: "f64x2.relaxed_madd", extract: "f64x2.extract_lane" },
} as const;

/** Leaves a × b + c by relaxed_madd, operands 0, 1 and 2 being pushed by `push`: rounded once where `hasFusedMultiplyAdd`. */
export function pushFused(f: FunctionBuilder, type: FloatType, push: (index: number) => void): void {
  const { splat, multiplyAdd, extract } = vectors[type];
  for (const index of [0, 1, 2]) {
    push(index);
    f.vector(splat);
  }
  f.vector(multiplyAdd).lane(extract, 0);
}

type MultiplyAdd = (a: number, b: number, c: number) => number;

/** Whether the host has relaxed_madd and it rounds once, which the specification leaves open. */
export function hasFusedMultiplyAdd(): boolean {
  const code = probe();
  if (!WebAssembly.validate(code)) return false;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code));
  return roundsOnce(exports as Record<FloatType, MultiplyAdd>);
}

/** Whether a × b + c is rounded once: the last bits of these products are lost where they are rounded before the sum. */
export function roundsOnce(multiplyAdd: Readonly<Record<FloatType, MultiplyAdd>>): boolean {
  const square = (type: FloatType, unit: number): number => multiplyAdd[type](1 + unit, 1 + unit, -1 - 2 * unit);
  return square("f32", 2 ** -23) === 2 ** -46 && square("f64", 2 ** -52) === 2 ** -104;
}

/** A module with both operations. */
function probe(): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  for (const type of ["f32", "f64"] as const) {
    const probed = module.function([type, type, type], [type]);
    pushFused(probed.body, type, (index) => probed.body.get(probed.body.parameters[index]!));
    module.export(type, probed);
  }
  return module.encode();
}
