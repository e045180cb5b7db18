import { setFlagsFromString } from "node:v8";
import { ModuleBuilder } from "#wasm/module-builder.ts";
import { expect, test } from "vitest";
import { hasFusedMultiplyAdd, pushFused, roundsOnce } from "./fused.ts";

// Node 20 has relaxed SIMD behind this flag.
setFlagsFromString("--experimental-wasm-relaxed-simd");

const f32 = (a: number, b: number, c: number): number => Math.fround(Math.fround(a * b) + c);
const f64 = (a: number, b: number, c: number): number => a * b + c;
/** Right where the product and the sum fit a double, as those of the question do. */
const fusedSingle = (a: number, b: number, c: number): number => Math.fround(a * b + c);
const fusedDouble = (): number => 2 ** -104;

test("a host that rounds the product before the sum is found out", () => {
  expect(roundsOnce({ f32, f64 })).toBe(false);
  expect(roundsOnce({ f32: fusedSingle, f64 })).toBe(false);
  expect(roundsOnce({ f32, f64: fusedDouble })).toBe(false);
  expect(roundsOnce({ f32: fusedSingle, f64: fusedDouble })).toBe(true);
});

test("relaxed_madd multiplies the first two operands and adds the third, fused or not", () => {
  const module = new ModuleBuilder();
  for (const type of ["f32", "f64"] as const) {
    const { body, index } = module.function([type, type, type], [type]);
    pushFused(body, type, (operand) => body.get(body.parameters[operand]!));
    module.export(type, { index });
  }
  const code = module.encode();
  if (!WebAssembly.validate(code)) return expect(hasFusedMultiplyAdd()).toBe(false);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code));
  for (const emitted of Object.values(exports)) expect((emitted as typeof f64)(3, 5, 7)).toBe(22);
});
