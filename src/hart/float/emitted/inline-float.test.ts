import { setFlagsFromString } from "node:v8";
import { ModuleBuilder } from "#wasm/module-builder.ts";
import { describe, expect, test } from "vitest";
import { EmittedFloat, NX, ordinaryRegisters, roundingFields } from "./emitted-float.fixture.ts";
import type { RegisterOperation } from "#hart/float/float-helpers.ts";
import { floatOperandCount, hasRounding } from "#hart/float/float-unit.ts";
import { floatHelpers, Random } from "#hart/float/float-vectors.fixture.ts";
import { hasFusedMultiplyAdd } from "./fused.ts";
import { InlineFloat } from "./inline-float.ts";

// Node 20 has relaxed SIMD behind this flag.
setFlagsFromString("--experimental-wasm-relaxed-simd");

const VECTORS_EACH = 4000;
const choices = [
  { held: "f64", fused: false },
  { held: "f64", fused: true },
  { held: "i64", fused: hasFusedMultiplyAdd() },
] as const;

describe.each(choices.filter(({ fused }) => !fused || hasFusedMultiplyAdd()))(
  "registers in $held locals, relaxed_madd: $fused",
  ({ held, fused }) => {
    const emitted = EmittedFloat.inline(held, fused);

    test.each(floatHelpers)("%s is exact in value and flags", { timeout: 60_000 }, (name) => {
      expect(emitted.differences(name, VECTORS_EACH, 77 + floatHelpers.indexOf(name)).slice(0, 5)).toEqual([]);
    });

    test.each(floatHelpers)("%s of corner values, each with each", { timeout: 60_000 }, (name) => {
      const modes = hasRounding(name) ? (name.startsWith("fcvt") ? roundingFields : [0, 1, 7]) : [0];
      const few = floatOperandCount(name) > 2 ? [0] : modes;
      expect(few.flatMap((rm) => emitted.cornerDifferences(name, rm, NX)).slice(0, 5)).toEqual([]);
    });

    test.each(floatHelpers.filter((name) => name.endsWith(".s")))("%s of singles that are not NaN-boxed", (name) => {
      for (const box of [0n, 0xffff_fffe_0000_0000n, 0x7fff_ffff_0000_0000n]) {
        for (const unboxed of [0, 1, 2]) {
          const registers = [0x3f80_0000n, 0x4000_0000n, 0x4040_0000n]
            .slice(0, floatOperandCount(name))
            .map((bits, index) => bits | (index === unboxed ? box : 0xffff_ffff_0000_0000n));
          for (const rm of roundingFields) expect(emitted.difference(name, registers, rm, NX)).toBeUndefined();
        }
      }
    });

    const isInline = (name: string): boolean => !/fclass/.test(name) && (fused || !/fmadd/.test(name));
    test.each(floatHelpers.filter(isInline))("%s of ordinary numbers is computed in place once NX is set", (name) => {
      const random = new Random(7);
      const modes = hasRounding(name) ? [0, 7] : [0];
      if (/^fcvt\.[wl]/.test(name)) modes.push(1, 2, 3);
      emitted.slowCalls = 0;
      for (let index = 0; index < 500; index++) {
        const registers = ordinaryRegisters(random, name);
        for (const rm of modes) expect(emitted.difference(name, registers, rm, NX)).toBeUndefined();
      }
      expect(emitted.slowCalls).toBe(0);
    });
  },
);

test("an operation that takes the slow path and sets NX opens the fast path to the next", () => {
  const fcsr = 64;
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const view = new DataView(memory.buffer);
  const module = new ModuleBuilder(1);
  const slow = module.import("slow", [], ["i64"]);
  const emitted = module.function(["i64"], ["i64"]);
  const f = emitted.body;
  const inline = new InlineFloat(f, fcsr, false);
  inline.readFcsr();
  const [register] = f.parameters;
  for (let count = 0; count < 3; count++) {
    inline.emit("fmul.d", [register!, register!], 0, () => f.call(slow));
    f.op("i64.reinterpret_f64").set(register!);
  }
  f.get(register!);
  module.export("run", emitted);
  let slowCalls = 0;
  const env = {
    memory,
    slow: () => {
      slowCalls++;
      view.setUint32(fcsr, NX, true);
      view.setFloat64(0, 3);
      return view.getBigInt64(0);
    },
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env });
  view.setFloat64(8, 81);
  expect((exports["run"] as RegisterOperation)(0x3ff0_0000_0000_0000n)).toBe(view.getBigInt64(8));
  expect(slowCalls).toBe(1);
});
