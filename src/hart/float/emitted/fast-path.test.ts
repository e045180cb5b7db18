import { setFlagsFromString } from "node:v8";
import { describe, expect, test } from "vitest";
import { EmittedFloat, ordinaryRegisters, registersOf } from "./emitted-float.fixture.ts";
import { floatHelpers, floatVectors, Random } from "#hart/float/float-vectors.fixture.ts";
import { hasFusedMultiplyAdd } from "./fused.ts";

// Node 20 has relaxed SIMD behind this flag.
setFlagsFromString("--experimental-wasm-relaxed-simd");

const VECTORS_EACH = 12_500;

const choices = [
  { fused: false, names: floatHelpers },
  { fused: true, names: hasFusedMultiplyAdd() ? floatHelpers.filter((name) => name.startsWith("fmadd")) : [] },
];

describe.each(choices.filter(({ names }) => names.length > 0))(
  "emitted floating point, relaxed_madd: $fused",
  ({ fused, names }) => {
    const emitted = EmittedFloat.helpers(fused);

    test.each(names)("%s is exact in value and flags", { timeout: 60_000 }, (name) => {
      const differing: object[] = [];
      const vectors = floatVectors(name, VECTORS_EACH, 4242 + floatHelpers.indexOf(name));
      for (const [index, vector] of vectors.entries()) {
        // Most vectors round to nearest, which is the fast path, said in the instruction or in frm.
        const rounding = index % 4 === 0 ? vector.rounding : 0;
        const [rm, frm] = index % 3 === 0 ? [7, rounding] : [rounding, index % 5];
        for (const flags of [0, 1]) {
          const found = emitted.difference(name, registersOf(vector), rm, (frm << 5) | flags);
          if (found) differing.push(found);
        }
      }
      expect(differing.slice(0, 5)).toEqual([]);
    });

    test("a single that is not NaN-boxed, and a reserved rounding mode", () => {
      for (const name of names) {
        const registers = (a: bigint, b: bigint, c: bigint): bigint[] => registersOf({ name, rounding: 0, a, b, c });
        const unboxed = registers(0x3f80_0000n, 0x4000_0000n, 0n).map((register) => register & 0xffff_ffffn);
        expect(emitted.difference(name, unboxed, 0, 0)).toBeUndefined();
        expect(emitted.difference(name, registers(1n, 1n, 1n), 6, 0)).toBeUndefined();
        expect(emitted.difference(name, registers(1n, 1n, 1n), 7, 0xe0)).toBeUndefined();
      }
    });

    test.each(names)("%s of ordinary numbers never takes the slow path", (name) => {
      const random = new Random(7);
      emitted.slowCalls = 0;
      for (let index = 0; index < 500; index++) {
        expect(emitted.difference(name, ordinaryRegisters(random, name), 0, 0)).toBeUndefined();
      }
      expect(emitted.slowCalls).toBe(0);
    });

    test.each(names)("%s of corner values, each with each", { timeout: 60_000 }, (name) => {
      expect([0, 1].flatMap((flags) => emitted.cornerDifferences(name, 0, flags)).slice(0, 5)).toEqual([]);
    });
  },
);
