import { expect, test } from "vitest";
import { roundsOnce } from "./fused.ts";

const f32 = (a: number, b: number, c: number): number => Math.fround(Math.fround(a * b) + c);
const f64 = (a: number, b: number, c: number): number => a * b + c;
/** Right where the product and the sum fit a double, as singles do. */
const fusedSingle = (a: number, b: number, c: number): number => Math.fround(a * b + c);
const fusedProbe = (): number => 2 ** -104;

test("a host that rounds the product before the sum is found out", () => {
  expect(roundsOnce({ f32, f64 })).toBe(false);
  expect(roundsOnce({ f32: fusedSingle, f64 })).toBe(false);
  expect(roundsOnce({ f32, f64: fusedProbe })).toBe(false);
  expect(roundsOnce({ f32: fusedSingle, f64: fusedProbe })).toBe(true);
});
