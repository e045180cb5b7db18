import type { FunctionBuilder, FunctionReference, Label, Local } from "#wasm/function-builder.ts";
import type { ModuleBuilder } from "#wasm/module-builder.ts";
import { DYNAMIC_ROUNDING, FloatFlag } from "#hart/float/format.ts";

const NAN_BOX = 0xffff_ffff_0000_0000n;
const FRM_SHIFT = 5;

/** The host type that computes a format. */
export type FloatType = "f32" | "f64";

/** The least positive normal value. */
export const LEAST_NORMAL: Readonly<Record<FloatType, number>> = { f32: 2 ** -126, f64: 2 ** -1022 };

/**
 * One floating-point helper as emitted code: over whole registers, host arithmetic where its value and flags are provably
 * those of the exact operation, and a jump to `slow`, which asks the exact operation itself, where they may not be.
 */
export class FastFunction {
  readonly f: FunctionBuilder;
  readonly slow: Label;
  readonly #fcsrAddress: number;
  readonly #fcsr: Local;

  constructor(f: FunctionBuilder, slow: Label, fcsrAddress: number) {
    this.f = f;
    this.slow = slow;
    this.#fcsrAddress = fcsrAddress;
    this.#fcsr = f.local("i32");
    f.i32(0).memory("i32.load", fcsrAddress).set(this.#fcsr);
  }

  /** A parameter of the function: an operand's whole register, or rm. */
  register(index: number): Local {
    const local = this.f.parameters[index];
    if (!local) throw new RangeError(`the operation has no operand ${index}`);
    return local;
  }

  /** Goes on only where rounding is to nearest, ties to even: what the host does. rm is the last parameter. */
  requireNearest(): void {
    this.pushRounding();
    this.f.brIf(this.slow);
  }

  /** Leaves (i32) the rounding mode that holds, RNE being 0; reserved values stay what they are. */
  pushRounding(): void {
    const rm = this.register(this.f.parameters.length - 1);
    this.f.get(this.#fcsr).i32(FRM_SHIFT).op("i32.shr_u").i32(7).op("i32.and");
    this.f.get(rm).op("i32.wrap_i64");
    this.f.get(rm).i64(BigInt(DYNAMIC_ROUNDING)).op("i64.eq", "select");
  }

  /** An operand as a host number; a single that is not NaN-boxed goes the slow way. */
  operand(type: FloatType, index: number): Local {
    const register = this.register(index);
    const value = this.f.local(type);
    if (type === "f32") {
      this.requireBoxed(index);
      this.f.get(register).op("i32.wrap_i64", "f32.reinterpret_i32").set(value);
    } else {
      this.f.get(register).op("f64.reinterpret_i64").set(value);
    }
    return value;
  }

  requireBoxed(index: number): void {
    this.f.get(this.register(index)).i64(NAN_BOX).op("i64.lt_u").brIf(this.slow);
  }

  /** Single operands as doubles, which hold their products exactly. */
  promoted(index: number): Local {
    const value = this.f.local("f64");
    this.f.get(this.operand("f32", index)).op("f64.promote_f32").set(value);
    return value;
  }

  push(type: FloatType, value: number): FunctionBuilder {
    return type === "f32" ? this.f.f32(value) : this.f.f64(value);
  }

  /** Goes on only where the value is neither infinite nor NaN. */
  requireFinite(value: Local): void {
    this.requireBelow(value, Infinity);
  }

  /** Goes on only where |value| < bound. */
  requireBelow(value: Local, bound: number): void {
    const type = floatType(value);
    this.f.get(value).op(`${type}.abs`);
    this.push(type, bound).op(`${type}.lt`, "i32.eqz").brIf(this.slow);
  }

  /**
   * Goes on only where |value| > bound. Above the least normal value a result cannot have been tiny before rounding;
   * on it, it can.
   */
  requireAbove(value: Local, bound: number): void {
    const type = floatType(value);
    this.f.get(value).op(`${type}.abs`);
    this.push(type, bound).op(`${type}.gt`, "i32.eqz").brIf(this.slow);
  }

  /** Emits what finds out about NX, to run where NX is not set yet. */
  unlessInexact(body: () => void): void {
    this.f.get(this.#fcsr).i32(FloatFlag.NX).op("i32.and", "i32.eqz").if(body);
  }

  /** Emits what may be done where NX is set. */
  ifInexact(body: () => void): void {
    this.f.get(this.#fcsr).i32(FloatFlag.NX).op("i32.and").if(body);
  }

  raiseInexact(): void {
    this.f.i32(0).get(this.#fcsr).i32(FloatFlag.NX).op("i32.or").memory("i32.store", this.#fcsrAddress);
  }

  /** NX where the condition (i32) on the stack is not 0. */
  raiseInexactIf(): void {
    this.f.if(() => this.raiseInexact());
  }

  /** Ends the function with a host number as register contents. */
  returnFloat(value: Local): void {
    this.f.get(value);
    if (value.type === "f32") this.f.op("i32.reinterpret_f32", "i64.extend_i32_u").i64(NAN_BOX).op("i64.or");
    else this.f.op("i64.reinterpret_f64");
    this.f.op("return");
  }

  /**
   * Ends the function with a double rounded to single. The double is exact but for `lost` (i32), which tells that it stands, odd,
   * for a value with more bits: either way it is rounded once.
   */
  returnSingle(value: Local, lost?: Local): void {
    const result = this.f.local("f32");
    this.f.get(value).op("f32.demote_f64").set(result);
    this.requireFinite(result);
    this.f.get(result).op("f64.promote_f32").get(value).op("f64.ne");
    if (lost) this.f.get(lost).op("i32.or");
    this.f.if(() => {
      this.requireAbove(result, LEAST_NORMAL.f32);
      this.raiseInexact();
    });
    this.returnFloat(result);
  }

  /** What `sum`, which is a + b rounded, lacks: exact, unless one of the steps overflows; then it is not finite (Knuth's TwoSum). */
  twoSumError(a: Local, b: Local, sum: Local): Local {
    const type = floatType(a);
    const virtual = this.f.local(type);
    const error = this.f.local(type);
    this.f.get(sum).get(a).op(`${type}.sub`).set(virtual);
    this.f.get(a).get(sum).get(virtual).op(`${type}.sub`, `${type}.sub`);
    this.f.get(b).get(virtual).op(`${type}.sub`, `${type}.add`).set(error);
    return error;
  }

  /** A local that holds a binary operation's result. */
  binary(operation: "add" | "sub" | "mul" | "div", a: Local, b: Local): Local {
    const type = floatType(a);
    const result = this.f.local(type);
    this.f.get(a).get(b).op(`${type}.${operation}`).set(result);
    return result;
  }
}

function floatType(local: Local): FloatType {
  return local.type === "f32" ? "f32" : "f64";
}

/** Emits one helper: `body` writes the fast path, and jumps to `slow` wherever it does not know. */
export function emitFast(
  module: ModuleBuilder,
  parameterCount: number,
  slow: FunctionReference,
  fcsrAddress: number,
  body: (code: FastFunction) => void,
): FunctionReference {
  const parameters = Array.from({ length: parameterCount }, () => "i64" as const);
  const emitted = module.function(parameters, ["i64"]);
  const f = emitted.body;
  f.block((end) => body(new FastFunction(f, end, fcsrAddress)));
  for (const parameter of f.parameters) f.get(parameter);
  f.call(slow);
  return emitted;
}
