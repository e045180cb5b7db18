import type { FunctionBuilder, Local } from "#wasm/function-builder.ts";
import type { Opcode, ValueType } from "#wasm/opcodes.ts";

/**
 * A guest value while code is emitted: a local that holds it (an i32 one holds a truth value, an f64 one its bits), a constant,
 * or their sum, not added yet. `signedBits`: it is known to be the sign extension of so many of its low bits.
 */
export type Value =
  | { readonly kind: "local"; readonly local: Local; readonly signedBits?: number }
  | { readonly kind: "sum"; readonly local: Local; readonly offset: bigint }
  | { readonly kind: "constant"; readonly value: bigint };

/**
 * Values between WebAssembly's stack, where operators find them, and locals, where they keep. Locals are handed out per
 * instruction: `releaseLocals` gives all of them back.
 */
export abstract class ValueStack {
  protected readonly f: FunctionBuilder;
  #taken: Local[] = [];

  constructor(f: FunctionBuilder) {
    this.f = f;
  }

  constant(value: bigint): Value {
    return { kind: "constant", value };
  }

  /** The instruction is over: its locals may be used again. */
  protected releaseLocals(): void {
    for (const local of this.#taken) this.f.release(local);
    this.#taken = [];
  }

  /** Leaves a value on the stack as i64. */
  protected push(value: Value): void {
    if (value.kind === "constant") {
      this.f.i64(value.value);
      return;
    }
    this.f.get(value.local);
    this.#widen(value.local);
    if (value.kind === "sum") this.f.i64(value.offset).op("i64.add");
  }

  /** As `push`, for a value that nothing reads afterwards. */
  protected consume(value: Value): void {
    if (value.kind !== "local" || !this.#taken.includes(value.local)) return this.push(value);
    this.f.pop(value.local);
    this.#widen(value.local);
  }

  /** Makes an i64 of what `local` left on the stack. */
  #widen({ type }: Local): void {
    if (type === "i32") this.f.op("i64.extend_i32_u");
    if (type === "f64") this.f.op("i64.reinterpret_f64");
  }

  /** As `pushCondition`, for a truth value that nothing reads afterwards. */
  protected consumeCondition(value: Value): void {
    if (value.kind === "local" && value.local.type === "i32" && this.#taken.includes(value.local)) {
      this.f.pop(value.local);
    } else {
      this.pushCondition(value);
    }
  }

  /** Leaves a truth value on the stack as i32. */
  protected pushCondition(value: Value): void {
    if (value.kind === "local" && value.local.type === "i32") {
      this.f.get(value.local);
      return;
    }
    this.push(value);
    this.f.i64(0n).op("i64.ne");
  }

  /** The i64 (or truth value) on the stack, in a local of this instruction. */
  protected take(type: ValueType = "i64"): Value {
    const local = this.local(type);
    this.f.set(local);
    return { kind: "local", local };
  }

  /** A local of this instruction. */
  protected local(type: ValueType): Local {
    const local = this.f.local(type);
    this.#taken.push(local);
    return local;
  }

  /** The value in an i64 local. */
  protected local64(value: Value): Local {
    if (value.kind === "local" && value.local.type === "i64") return value.local;
    this.push(value);
    const local = this.local("i64");
    this.f.set(local);
    return local;
  }

  protected binary(opcode: Opcode, a: Value, b: Value): Value {
    this.push(a);
    this.push(b);
    this.f.op(opcode);
    return this.take();
  }

  protected compare(opcode: Opcode, a: Value, b: Value): Value {
    this.push(a);
    this.push(b);
    this.f.op(opcode);
    return this.take("i32");
  }
}
