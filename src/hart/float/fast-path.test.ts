import { setFlagsFromString } from "node:v8";
import type { FloatHelper } from "#riscv/engine.ts";
import { ModuleBuilder } from "#wasm/module-builder.ts";
import { describe, expect, test } from "vitest";
import { emitFloatFunctions } from "./fast-path.ts";
import { floatHelpers as exactHelpers, type RegisterOperation } from "./float-helpers.ts";
import { floatOperandCount, hasRounding } from "./float-unit.ts";
import { floatHelpers, floatVectors, Random, type FloatVector } from "./float-vectors.fixture.ts";
import { hasFusedMultiplyAdd } from "./fused.ts";

// Node 20 has relaxed SIMD behind this flag.
setFlagsFromString("--experimental-wasm-relaxed-simd");

const FCSR = 64;
const EXACT_FCSR = 128;
const NAN_BOX = 0xffff_ffff_0000_0000n;
const VECTORS_EACH = 12_500;

const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
const view = new DataView(memory.buffer);
const exact = exactHelpers({ view, fcsrAddress: EXACT_FCSR, illegal: () => 0xbadn });
let slowCalls = 0;

/** The emitted helpers, whose slow path counts its calls. */
function instantiate(fused: boolean): Readonly<Record<FloatHelper, RegisterOperation>> {
  const module = new ModuleBuilder(1);
  const host = exactHelpers({ view, fcsrAddress: FCSR, illegal: () => 0xbadn });
  const env: Record<string, WebAssembly.ImportValue> = { memory };
  const slow = floatHelpers.map((name) => {
    env[name] = (...args: bigint[]) => {
      slowCalls++;
      return host[name](...args.map((arg) => BigInt.asUintN(64, arg)));
    };
    const parameters = Array.from(
      { length: floatOperandCount(name) + (hasRounding(name) ? 1 : 0) },
      () => "i64" as const,
    );
    return [name, module.import(name, parameters, ["i64"])] as const;
  });
  const emitted = emitFloatFunctions(
    module,
    Object.fromEntries(slow) as Parameters<typeof emitFloatFunctions>[1],
    FCSR,
    fused,
  );
  for (const name of floatHelpers) module.export(name, emitted[name]);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env });
  return instance.exports as unknown as Record<FloatHelper, RegisterOperation>;
}

/** What a helper gets for a vector: registers, and rm where it rounds. */
function argumentsOf({ name, a, b, c }: FloatVector, rm: number): bigint[] {
  const box = name.endsWith(".s") ? NAN_BOX : 0n;
  const operands = [a, b, c].slice(0, floatOperandCount(name)).map((operand) => operand | box);
  return hasRounding(name) ? [...operands, BigInt(rm)] : operands;
}

/** A number of the size that programs compute with. */
function ordinary(random: Random, name: FloatHelper): bigint {
  const number = (random.word() / 2 ** 32 + 1) * 2 ** (random.below(40) - 20);
  if (!name.endsWith(".s")) {
    view.setFloat64(0, number);
    return view.getBigUint64(0);
  }
  view.setFloat32(0, number);
  return BigInt(view.getUint32(0));
}

const doubleCorners = [
  0x0000_0000_0000_0000n,
  0x0000_0000_0000_0001n,
  0x000f_ffff_ffff_ffffn,
  0x0010_0000_0000_0000n,
  0x0010_0000_0000_0001n,
  0x001f_ffff_ffff_ffffn,
  0x3c90_0000_0000_0000n,
  0x3ca0_0000_0000_0001n,
  0x3fef_ffff_ffff_ffffn,
  0x3ff0_0000_0000_0000n,
  0x3ff0_0000_0000_0001n,
  0x4008_0000_0000_0000n,
  0x41e0_0000_0000_0000n,
  0x43e0_0000_0000_0000n,
  0x7fef_ffff_ffff_ffffn,
  0x7ff0_0000_0000_0000n,
  0x7ff0_0000_0000_0001n,
  0x7ff8_0000_0000_0000n,
];
const singleCorners = [
  0n,
  1n,
  0x7f_ffffn,
  0x80_0000n,
  0x80_0001n,
  0xff_ffffn,
  0x3300_0000n,
  0x3380_0001n,
  0x3f7f_ffffn,
  0x3f80_0000n,
  0x3f80_0001n,
  0x4040_0000n,
  0x4f00_0000n,
  0x5f00_0000n,
  0x7f7f_ffffn,
  0x7f80_0000n,
  0x7f80_0001n,
  0x7fc0_0000n,
];

const choices = [
  { fused: false, names: floatHelpers },
  { fused: true, names: hasFusedMultiplyAdd() ? floatHelpers.filter((name) => name.startsWith("fmadd")) : [] },
];

describe.each(choices.filter(({ names }) => names.length > 0))(
  "emitted floating point, relaxed_madd: $fused",
  ({ fused, names }) => {
    const fast = instantiate(fused);

    /** Undefined where the emitted helper and the exact one agree in value and fcsr. */
    function difference(name: FloatHelper, args: readonly bigint[], fcsr: number): object | undefined {
      view.setUint32(FCSR, fcsr, true);
      view.setUint32(EXACT_FCSR, fcsr, true);
      const value = BigInt.asUintN(64, fast[name](...args));
      const expected = exact[name](...args);
      const left = view.getUint32(FCSR, true);
      const expectedFcsr = view.getUint32(EXACT_FCSR, true);
      if (value === expected && left === expectedFcsr) return undefined;
      return { name, args, fcsr, value, expected, left, expectedFcsr };
    }

    describe("is exact in value and flags", () => {
      test.each(names)("%s", { timeout: 60_000 }, (name) => {
        const differing: object[] = [];
        const vectors = floatVectors(name, VECTORS_EACH, 4242 + floatHelpers.indexOf(name));
        for (const [index, vector] of vectors.entries()) {
          // Most vectors round to nearest, which is the fast path, said in the instruction or in frm.
          const rounding = index % 4 === 0 ? vector.rounding : 0;
          const [rm, frm] = index % 3 === 0 ? [7, rounding] : [rounding, index % 5];
          const args = argumentsOf(vector, rm);
          for (const flags of [0, 1]) {
            const found = difference(name, args, (frm << 5) | flags);
            if (found) differing.push(found);
          }
        }
        expect(differing.slice(0, 5)).toEqual([]);
      });
    });

    test("a single that is not NaN-boxed, and a reserved rounding mode", () => {
      for (const name of names) {
        const args = argumentsOf({ name, rounding: 0, a: 0x3f80_0000n, b: 0x4000_0000n, c: 0n }, 0).map(
          (arg) => arg & 0xffff_ffffn,
        );
        expect(difference(name, args, 0)).toBeUndefined();
        expect(difference(name, argumentsOf({ name, rounding: 0, a: 1n, b: 1n, c: 1n }, 6), 0)).toBeUndefined();
        expect(difference(name, argumentsOf({ name, rounding: 0, a: 1n, b: 1n, c: 1n }, 7), 0xe0)).toBeUndefined();
      }
    });

    test.each(names)("%s of ordinary numbers never takes the slow path", (name) => {
      const random = new Random(7);
      const fromInteger = /^fcvt\.[sd]\.[wl]/.test(name);
      const operand = (): bigint => (fromInteger ? random.bits64() : ordinary(random, name));
      slowCalls = 0;
      for (let index = 0; index < 500; index++) {
        const args = argumentsOf({ name, rounding: 0, a: operand(), b: operand(), c: operand() }, 0);
        expect(difference(name, args, 0)).toBeUndefined();
      }
      expect(slowCalls).toBe(0);
    });

    test.each(names)("%s of corner values, each with each", { timeout: 60_000 }, (name) => {
      const [corners, sign] = name.endsWith(".s") ? [singleCorners, 1n << 31n] : [doubleCorners, 1n << 63n];
      const values = corners.flatMap((value) => [value, value | sign]);
      const count = floatOperandCount(name);
      const differing: object[] = [];
      for (const a of values) {
        for (const b of count > 1 ? values : [0n]) {
          for (const c of count > 2 ? values : [0n]) {
            const found = difference(name, argumentsOf({ name, rounding: 0, a, b, c }, 0), 0);
            if (found) differing.push(found);
          }
        }
      }
      expect(differing.slice(0, 5)).toEqual([]);
    });
  },
);
