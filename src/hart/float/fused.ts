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

/**
 * Whether this host has relaxed_madd and it rounds once, which the specification leaves open (§4.3.2, relaxed operations): asked of
 * products whose last bits only a fused operation keeps.
 */
export function hasFusedMultiplyAdd(): boolean {
  const code = probe();
  if (!WebAssembly.validate(code)) return false;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code));
  const { f32, f64 } = exports as Record<FloatType, (a: number, b: number, c: number) => number>;
  return (
    f32(1 + 2 ** -23, 1 + 2 ** -23, -1 - 2 ** -22) === 2 ** -46 &&
    f64(1 + 2 ** -52, 1 + 2 ** -52, -1 - 2 ** -51) === 2 ** -104
  );
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
