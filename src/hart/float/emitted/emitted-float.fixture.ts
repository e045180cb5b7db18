import type { FloatHelper } from "#riscv/engine.ts";
import type { FunctionReference, Local } from "#wasm/function-builder.ts";
import { ModuleBuilder } from "#wasm/module-builder.ts";
import { emitFloatFunctions } from "./fast-path.ts";
import { floatHelpers as exactHelpers, type RegisterOperation } from "#hart/float/float-helpers.ts";
import { floatOperandCount, givesInteger, hasRounding } from "#hart/float/float-unit.ts";
import { floatHelpers, floatVectors, Random, type FloatVector } from "#hart/float/float-vectors.fixture.ts";
import { InlineFloat } from "./inline-float.ts";

const FCSR = 64;
const EXACT_FCSR = 128;
const NAN_BOX = 0xffff_ffff_0000_0000n;
/** What a helper returns when the rounding mode is reserved; NaN-boxed, as every single is that a helper returns. */
const ILLEGAL = 0xffff_ffff_0000_0badn;
/** The rm field's values, the reserved ones too. */
export const roundingFields: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7];
export const NX = 1;

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
  // Where the inline paths begin and end.
  0x001f_ffff_ffff_fffen,
  0x0020_0000_0000_0000n,
  0x7e9f_ffff_ffff_ffffn,
  0x7ea0_0000_0000_0000n,
  0x7eb0_0000_0000_0000n,
  // About ½, 2^30 to 2^32 and 2^62 to 2^64.
  0x3fe0_0000_0000_0000n,
  0x41cf_ffff_ffff_ffffn,
  0x41d0_0000_0000_0000n,
  0x41df_ffff_ffc0_0000n,
  0x41df_ffff_ffe0_0000n,
  0x41e0_0000_0010_0000n,
  0x41ef_ffff_ffe0_0000n,
  0x41ef_ffff_fff0_0000n,
  0x41f0_0000_0000_0000n,
  0x43d0_0000_0000_0000n,
  0x43df_ffff_ffff_ffffn,
  0x43ef_ffff_ffff_ffffn,
  0x43f0_0000_0000_0000n,
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
  0x0100_0000n,
  0x0100_0001n,
  0x7dff_ffffn,
  0x7e7f_ffffn,
  0x7e80_0000n,
  0x7f00_0000n,
  0x3f00_0000n,
  0x4e7f_ffffn,
  0x4e80_0000n,
  0x4eff_ffffn,
  0x4f7f_ffffn,
  0x4f80_0000n,
  0x5e80_0000n,
  0x5eff_ffffn,
  0x5f7f_ffffn,
  0x5f80_0000n,
];

type Slow = Readonly<Record<FloatHelper, FunctionReference>>;
type Perform = (name: FloatHelper, rm: number, registers: readonly bigint[]) => bigint;

/** Emitted floating point, beside the exact operations that it must agree with in value and fcsr. */
export class EmittedFloat {
  /** How often the exact operations were asked by emitted code. */
  slowCalls = 0;
  readonly #memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  readonly #view = new DataView(this.#memory.buffer);
  readonly #exact = exactHelpers({ view: this.#view, fcsrAddress: EXACT_FCSR, illegal: () => ILLEGAL });
  readonly #perform: Perform;

  private constructor(emit: (module: ModuleBuilder, slow: Slow) => (exports: WebAssembly.Exports) => Perform) {
    const module = new ModuleBuilder(1);
    const host = exactHelpers({ view: this.#view, fcsrAddress: FCSR, illegal: () => ILLEGAL });
    const env: Record<string, WebAssembly.ImportValue> = { memory: this.#memory };
    const slow = floatHelpers.map((name) => {
      env[name] = (...args: bigint[]) => {
        this.slowCalls++;
        return host[name](...args.map((arg) => BigInt.asUintN(64, arg)));
      };
      const count = floatOperandCount(name) + (hasRounding(name) ? 1 : 0);
      return [name, module.import(name, Array<"i64">(count).fill("i64"), ["i64"])] as const;
    });
    const bind = emit(module, Object.fromEntries(slow) as Slow);
    this.#perform = bind(new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env }).exports);
  }

  /** The helpers that an interpreter calls. */
  static helpers(fused: boolean): EmittedFloat {
    return new EmittedFloat((module, slow) => {
      const emitted = emitFloatFunctions(module, slow, FCSR, fused);
      for (const name of floatHelpers) module.export(name, emitted[name]);
      return (exports) => (name, rm, registers) =>
        (exports[name] as RegisterOperation)(...registers, ...roundingArgument(name, rm));
    });
  }

  /** What a translator emits: a function for each operation and rounding mode, which holds f registers in locals of one type. */
  static inline(held: "i64" | "f64", fused: boolean): EmittedFloat {
    return new EmittedFloat((module, slow) => {
      for (const name of floatHelpers) {
        for (const rm of roundingFields) emitInline(module, slow[name], name, rm, held, fused);
      }
      return (exports) => (name, rm, registers) => (exports[`${name}:${rm}`] as RegisterOperation)(...registers);
    });
  }

  /** Undefined where emitted and exact operation agree. */
  difference(name: FloatHelper, registers: readonly bigint[], rm: number, fcsr: number): object | undefined {
    this.#view.setUint32(FCSR, fcsr, true);
    this.#view.setUint32(EXACT_FCSR, fcsr, true);
    const value = BigInt.asUintN(64, this.#perform(name, rm, registers));
    const expected = this.#exact[name](...registers, ...roundingArgument(name, rm));
    const left = this.#view.getUint32(FCSR, true);
    const expectedFcsr = this.#view.getUint32(EXACT_FCSR, true);
    if (value === expected && left === expectedFcsr) return undefined;
    return { name, registers, rm, fcsr, value, expected, left, expectedFcsr };
  }

  /** Where they differ over vectors of one operation, in all rounding modes, static and dynamic, with any flags set before. */
  differences(name: FloatHelper, count: number, seed: number): object[] {
    const random = new Random(seed);
    return floatVectors(name, count, seed).flatMap((vector) => {
      const registers = registersOf(vector);
      // Mostly to nearest, which is the fast path.
      const frm = random.below(3) === 0 ? random.below(8) : 0;
      const flags = random.pick([0, NX, NX, 0x1e, 0x1f]);
      return [0, 7, 1 + random.below(6)].flatMap(
        (rm) => this.difference(name, registers, rm, (frm << 5) | flags) ?? [],
      );
    });
  }

  /** Where they differ over values at the edges of what matters, with both signs, each with each. */
  cornerDifferences(name: FloatHelper, rm: number, fcsr: number): object[] {
    const [corners, sign] = name.endsWith(".s") ? [singleCorners, 1n << 31n] : [doubleCorners, 1n << 63n];
    const count = floatOperandCount(name);
    const values = corners.slice(0, count > 2 ? 18 : undefined).flatMap((value) => [value, value | sign]);
    const none = [0n];
    return values.flatMap((a) =>
      (count > 1 ? values : none).flatMap((b) =>
        (count > 2 ? values : none).flatMap(
          (c) => this.difference(name, registersOf({ name, rounding: 0, a, b, c }), rm, fcsr) ?? [],
        ),
      ),
    );
  }
}

function roundingArgument(name: FloatHelper, rm: number): bigint[] {
  return hasRounding(name) ? [BigInt(rm)] : [];
}

function emitInline(
  module: ModuleBuilder,
  slow: FunctionReference,
  name: FloatHelper,
  rm: number,
  held: "i64" | "f64",
  fused: boolean,
): void {
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
    f.call(slow);
  });
  if (!givesInteger(name)) f.op("i64.reinterpret_f64");
  module.export(`${name}:${rm}`, emitted);
}

/** Whether an operation's operand is an x register. */
export function takesInteger(name: FloatHelper): boolean {
  return /^fcvt\.[sd]\.[wl]/.test(name);
}

/** The registers that hold a vector's operands. */
export function registersOf({ name, a, b, c }: FloatVector): bigint[] {
  const box = name.endsWith(".s") ? NAN_BOX : 0n;
  return [a, b, c].slice(0, floatOperandCount(name)).map((operand) => operand | box);
}

/** Registers with positive numbers of the size that programs compute with, or with any integer. */
export function ordinaryRegisters(random: Random, name: FloatHelper): bigint[] {
  return Array.from({ length: floatOperandCount(name) }, () => {
    if (takesInteger(name)) return random.bits64();
    const number = (random.word() / 2 ** 32 + 1) * 2 ** (random.below(40) - 20);
    const view = new DataView(new ArrayBuffer(8));
    if (!name.endsWith(".s")) {
      view.setFloat64(0, number);
      return view.getBigUint64(0);
    }
    view.setFloat32(0, number);
    return NAN_BOX | BigInt(view.getUint32(0));
  });
}
