import { setFlagsFromString } from "node:v8";
import type { FloatHelper } from "#riscv/engine.ts";
import type { Local } from "#wasm/function-builder.ts";
import { ModuleBuilder } from "#wasm/module-builder.ts";
import { describe, expect, test } from "vitest";
import { floatHelpers as exactHelpers, type RegisterOperation } from "./float-helpers.ts";
import { floatOperandCount, hasRounding } from "./float-unit.ts";
import { floatHelpers, floatVectors, Random, type FloatVector } from "./float-vectors.fixture.ts";
import { hasFusedMultiplyAdd } from "./fused.ts";
import { InlineFloat } from "./inline-float.ts";

// Node 20 has relaxed SIMD behind this flag.
setFlagsFromString("--experimental-wasm-relaxed-simd");

const FCSR = 64;
const EXACT_FCSR = 128;
const NAN_BOX = 0xffff_ffff_0000_0000n;
const NX = 1;
/** What a helper returns when the rounding mode is reserved; it is NaN-boxed, as every single is that a helper returns. */
const ILLEGAL = 0xffff_ffff_0000_0badn;
const VECTORS_EACH = 4000;
const ROUNDING_MODES = [0, 1, 2, 3, 4, 5, 6, 7];

const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
const view = new DataView(memory.buffer);
const exact = exactHelpers({ view, fcsrAddress: EXACT_FCSR, illegal: () => ILLEGAL });
const host = exactHelpers({ view, fcsrAddress: FCSR, illegal: () => ILLEGAL });
let slowCalls = 0;

function takesInteger(name: FloatHelper): boolean {
  return /^fcvt\.[sd]\.[wl]/.test(name);
}

function givesInteger(name: FloatHelper): boolean {
  return /^(f(eq|lt|le|class)|fcvt\.[wl]u?)\./.test(name);
}

/** Functions over whole registers, one for each operation and rounding mode, which holds f registers in locals of one type. */
function instantiate(held: "i64" | "f64", fused: boolean): (name: FloatHelper, rm: number) => RegisterOperation {
  const module = new ModuleBuilder(1);
  const env: Record<string, WebAssembly.ImportValue> = { memory };
  const imports = floatHelpers.map((name) => {
    env[name] = (...args: bigint[]) => {
      slowCalls++;
      return host[name](...args.map((arg) => BigInt.asUintN(64, arg)));
    };
    const count = floatOperandCount(name) + (hasRounding(name) ? 1 : 0);
    return module.import(name, Array<"i64">(count).fill("i64"), ["i64"]);
  });
  for (const [index, name] of floatHelpers.entries()) {
    for (const rm of ROUNDING_MODES) {
      const emitted = module.function(Array<"i64">(floatOperandCount(name)).fill("i64"), ["i64"]);
      const f = emitted.body;
      const inline = new InlineFloat(f, FCSR, fused);
      inline.readFcsr();
      const operands = f.parameters.map((parameter): Local => {
        if (held === "i64" || takesInteger(name)) return parameter;
        const local = f.local("f64");
        f.get(parameter).op("f64.reinterpret_i64").set(local);
        return local;
      });
      inline.emit(name, operands, rm, () => {
        for (const parameter of f.parameters) f.get(parameter);
        if (hasRounding(name)) f.i64(BigInt(rm));
        f.call(imports[index]!);
      });
      if (!givesInteger(name)) f.op("i64.reinterpret_f64");
      module.export(`${name}:${rm}`, emitted);
    }
  }
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env });
  return (name, rm) => exports[`${name}:${rm}`] as RegisterOperation;
}

/** The registers of a vector's operands. */
function registersOf({ name, a, b, c }: FloatVector): bigint[] {
  const box = name.endsWith(".s") ? NAN_BOX : 0n;
  return [a, b, c].slice(0, floatOperandCount(name)).map((operand) => operand | box);
}

const engines = [
  { held: "f64", fused: false },
  { held: "i64", fused: false },
  { held: "f64", fused: true },
  { held: "i64", fused: true },
] as const;

describe.each(engines.filter(({ fused }) => !fused || hasFusedMultiplyAdd()))(
  "registers in $held locals, relaxed_madd: $fused",
  ({ held, fused }) => {
    const emitted = instantiate(held, fused);

    /** Undefined where the emitted operation and the exact one agree in value and fcsr. */
    function difference(name: FloatHelper, registers: readonly bigint[], rm: number, fcsr: number): object | undefined {
      view.setUint32(FCSR, fcsr, true);
      view.setUint32(EXACT_FCSR, fcsr, true);
      const value = BigInt.asUintN(64, emitted(name, rm)(...registers));
      const expected = exact[name](...registers, ...(hasRounding(name) ? [BigInt(rm)] : []));
      const left = view.getUint32(FCSR, true);
      const expectedFcsr = view.getUint32(EXACT_FCSR, true);
      if (value === expected && left === expectedFcsr) return undefined;
      return { name, registers, rm, fcsr, value, expected, left, expectedFcsr };
    }

    test.each(floatHelpers)("%s is exact in value and flags", { timeout: 60_000 }, (name) => {
      const differing: object[] = [];
      const random = new Random(11 + floatHelpers.indexOf(name));
      for (const vector of floatVectors(name, VECTORS_EACH, 77 + floatHelpers.indexOf(name))) {
        const registers = registersOf(vector);
        const frm = random.below(3) === 0 ? random.below(8) : 0;
        const flags = random.pick([0, NX, NX, 0x1e, 0x1f]);
        for (const rm of [0, 7, 1 + random.below(6)]) {
          const found = difference(name, registers, rm, (frm << 5) | flags);
          if (found) differing.push(found);
        }
      }
      expect(differing.slice(0, 5)).toEqual([]);
    });

    test.each(floatHelpers.filter((name) => name.endsWith(".s")))("%s of singles that are not NaN-boxed", (name) => {
      for (const box of [0n, 0xffff_fffe_0000_0000n, 0x7fff_ffff_0000_0000n]) {
        for (const unboxed of [0, 1, 2]) {
          const registers = [0x3f80_0000n, 0x4000_0000n, 0x4040_0000n]
            .slice(0, floatOperandCount(name))
            .map((bits, index) => bits | (index === unboxed ? box : NAN_BOX));
          for (const rm of ROUNDING_MODES) expect(difference(name, registers, rm, NX)).toBeUndefined();
        }
      }
    });

    const isInline = (name: FloatHelper): boolean => !/fclass/.test(name) && (fused || !/fmadd/.test(name));
    test.each(floatHelpers.filter(isInline))("%s of ordinary numbers is computed in place once NX is set", (name) => {
      const random = new Random(7);
      const modes = hasRounding(name) ? [0, 7] : [0];
      if (/^fcvt\.[wl]/.test(name)) modes.push(1, 2, 3);
      slowCalls = 0;
      for (let index = 0; index < 500; index++) {
        const registers = Array.from({ length: floatOperandCount(name) }, () =>
          takesInteger(name) ? random.bits64() : ordinary(random, name),
        );
        for (const rm of modes) expect(difference(name, registers, rm, NX)).toBeUndefined();
      }
      expect(slowCalls).toBe(0);
    });
  },
);

/** A positive number of the size that programs compute with. */
function ordinary(random: Random, name: FloatHelper): bigint {
  const number = (random.word() / 2 ** 32 + 1) * 2 ** (random.below(40) - 20);
  if (!name.endsWith(".s")) {
    view.setFloat64(0, number);
    return view.getBigUint64(0);
  }
  view.setFloat32(0, number);
  return NAN_BOX | BigInt(view.getUint32(0));
}

test("an operation that takes the slow path and sets NX opens the fast path to the next", () => {
  const module = new ModuleBuilder(1);
  const slow = module.import("slow", ["i64", "i64", "i64"], ["i64"]);
  const emitted = module.function(["i64"], ["i64"]);
  const f = emitted.body;
  const inline = new InlineFloat(f, FCSR, false);
  inline.readFcsr();
  const register = f.local("f64");
  f.get(f.parameters[0]!).op("f64.reinterpret_i64").set(register);
  for (let count = 0; count < 3; count++) {
    inline.emit("fdiv.d", [register, register], 0, () => {
      f.get(register).op("i64.reinterpret_f64").get(register).op("i64.reinterpret_f64").i64(0n).call(slow);
    });
    f.f64(3).op("f64.div").set(register);
  }
  f.get(register).op("i64.reinterpret_f64");
  module.export("run", emitted);
  slowCalls = 0;
  const env = {
    memory,
    slow: () => {
      slowCalls++;
      view.setUint32(FCSR, NX, true);
      return 0x4000_0000_0000_0000n;
    },
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env });
  view.setUint32(FCSR, 0, true);
  view.setFloat64(0, 1 / 3);
  expect((exports["run"] as RegisterOperation)(0x3ff0_0000_0000_0000n)).toBe(view.getBigInt64(0));
  expect(slowCalls).toBe(1);
});
