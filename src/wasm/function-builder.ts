import { ByteWriter } from "./byte-writer.ts";
import {
  LaneOpcodes,
  MemoryOpcodes,
  Opcodes,
  ValueTypes,
  VectorOpcodes,
  type LaneOpcode,
  type MemoryOpcode,
  type Opcode,
  type ValueType,
  type VectorOpcode,
} from "./opcodes.ts";

const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;
const VECTOR_PREFIX = 0xfd;
const V128_CONST = 12;

/** A local variable or parameter of one function. */
export interface Local {
  readonly index: number;
  readonly type: ValueType;
}

/** A branch target: the end of a block or if, or the start of a loop. */
export interface Label {
  readonly depth: number;
}

/** The type of functions that can be called through the table. */
export interface TypeReference {
  readonly typeIndex: number;
}

/** A function that can be called: imported, or built in this module. */
export interface FunctionReference {
  readonly index: number;
}

/** Writes one function's body, an instruction a call, in the text format's names and order. */
export class FunctionBuilder {
  #code = new ByteWriter();
  readonly #parameterCount: number;
  readonly #locals: ValueType[] = [];
  /** Where in the code the branches stand that are seldom taken. */
  #unlikely: number[] = [];
  readonly #free: Record<ValueType, Local[]> = { i32: [], i64: [], f32: [], f64: [] };
  #depth = 0;
  /** The local that the last instruction set, so that getting it next can become a tee. */
  #justSet: { readonly index: number; readonly position: number } | undefined;
  readonly parameters: readonly Local[];

  constructor(parameters: readonly ValueType[]) {
    this.#parameterCount = parameters.length;
    this.parameters = parameters.map((type, index) => ({ index, type }));
  }

  /** A local not in use now; its first value is whatever it held. */
  local(type: ValueType): Local {
    return this.#free[type].pop() ?? this.ownLocal(type);
  }

  /** A local that was never another: for what `atStart` sets, before code that may have been written already. */
  ownLocal(type: ValueType): Local {
    this.#locals.push(type);
    return { index: this.#parameterCount + this.#locals.length - 1, type };
  }

  /** Gives a local back for `local` to hand out again. */
  release(local: Local): void {
    this.#free[local.type].push(local);
  }

  get(local: Local): this {
    const set = this.#justSet;
    if (set !== undefined && set.index === local.index) {
      this.#code.patch(set.position, LOCAL_TEE);
      this.#justSet = undefined;
      return this;
    }
    return this.#withIndex(LOCAL_GET, local.index);
  }

  set(local: Local): this {
    const position = this.#code.length;
    this.#withIndex(LOCAL_SET, local.index);
    this.#justSet = { index: local.index, position };
    return this;
  }

  tee(local: Local): this {
    return this.#withIndex(LOCAL_TEE, local.index);
  }

  i32(value: number): this {
    this.#begin(0x41);
    this.#code.signed(value);
    return this;
  }

  i64(value: bigint): this {
    this.#begin(0x42);
    this.#code.signed64(value);
    return this;
  }

  f64(value: number): this {
    this.#begin(0x44);
    this.#float(new Uint8Array(new Float64Array([value]).buffer));
    return this;
  }

  f32(value: number): this {
    this.#begin(0x43);
    this.#float(new Uint8Array(new Float32Array([value]).buffer));
    return this;
  }

  op(...names: readonly Opcode[]): this {
    for (const name of names) this.#begin(Opcodes[name]);
    return this;
  }

  /** A vector, by its 16 bytes from lane 0 on. */
  v128(bytes: readonly number[]): this {
    this.#vector(V128_CONST);
    for (const byte of bytes) this.#code.byte(byte);
    return this;
  }

  vector(...names: readonly VectorOpcode[]): this {
    for (const name of names) this.#vector(VectorOpcodes[name]);
    return this;
  }

  lane(name: LaneOpcode, index: number): this {
    this.#vector(LaneOpcodes[name]);
    this.#code.byte(index);
    return this;
  }

  /** A load or store of any alignment; the address (i32) is on the stack. */
  memory(name: MemoryOpcode, offset = 0): this {
    this.#begin(MemoryOpcodes[name]);
    this.#code.byte(0);
    this.#code.unsigned(offset);
    return this;
  }

  /** memory.fill of (address, byte, length) on the stack. */
  memoryFill(): this {
    this.#begin(0xfc);
    this.#code.unsigned(11);
    this.#code.byte(0);
    return this;
  }

  block(body: (end: Label) => void): this {
    return this.#structured(0x02, 0x40, body);
  }

  loop(body: (start: Label) => void): this {
    return this.#structured(0x03, 0x40, body);
  }

  if(body: (end: Label) => void, otherwise?: () => void, result?: ValueType): this {
    return this.#structured(0x04, result === undefined ? 0x40 : ValueTypes[result], (end) => {
      body(end);
      if (!otherwise) return;
      this.#begin(0x05);
      otherwise();
    });
  }

  /** The next instruction, `if` or `brIf`, will seldom see a condition other than 0: its body is kept out of the way of the rest. */
  unlikely(): this {
    this.#unlikely.push(this.#code.length);
    return this;
  }

  br(target: Label): this {
    return this.#withIndex(0x0c, this.#depth - target.depth);
  }

  brIf(target: Label): this {
    return this.#withIndex(0x0d, this.#depth - target.depth);
  }

  brTable(targets: readonly Label[], otherwise: Label): this {
    this.#begin(0x0e);
    this.#code.unsigned(targets.length);
    for (const target of targets) this.#code.unsigned(this.#depth - target.depth);
    this.#code.unsigned(this.#depth - otherwise.depth);
    return this;
  }

  /**
   * `cases.length` nested blocks around a br_table on the i32 that `selector` leaves; after each block's end its case's
   * body. A case that falls off its end runs into the next one. Values past the last case go to the last.
   */
  switch(selector: () => void, cases: readonly (() => void)[]): this {
    const open = (remaining: number, labels: readonly Label[]): void => {
      if (remaining === 0) {
        selector();
        const ordered = labels.toReversed();
        const last = ordered.at(-1);
        if (last) this.brTable(ordered, last);
        return;
      }
      this.block((end) => open(remaining - 1, [...labels, end]));
      const body = cases[remaining - 1];
      if (body) body();
    };
    open(cases.length, []);
    return this;
  }

  call(target: FunctionReference): this {
    return this.#withIndex(0x10, target.index);
  }

  /** As `call`, leaving this function first (tail calls, §3.3.8.19). */
  returnCall(target: FunctionReference): this {
    return this.#withIndex(0x12, target.index);
  }

  /** Calls the table's function whose index (i32) is on the stack, above its arguments. */
  callIndirect(type: TypeReference): this {
    return this.#throughTable(0x11, type);
  }

  /** As `callIndirect`, leaving this function first (tail calls, §3.3.8.20). */
  returnCallIndirect(type: TypeReference): this {
    return this.#throughTable(0x13, type);
  }

  /** Leaves on the stack what the last instruction set `local` to; nothing may read the local afterwards. */
  pop(local: Local): this {
    const set = this.#justSet;
    if (set === undefined || set.index !== local.index) return this.get(local);
    this.#code.truncate(set.position);
    this.#justSet = undefined;
    return this;
  }

  /** Puts what `body` writes before everything written so far. */
  atStart(body: () => void): this {
    const [code, unlikely] = [this.#code, this.#unlikely];
    this.#code = new ByteWriter();
    this.#unlikely = [];
    this.#justSet = undefined;
    body();
    this.#justSet = undefined;
    const moved = this.#code.length;
    this.#unlikely = [...this.#unlikely, ...unlikely.map((position) => position + moved)];
    this.#code.append(code);
    return this;
  }

  /** Bytes of code so far. */
  get codeBytes(): number {
    return this.#code.length;
  }

  /** The body in binary form (§5.4.x `func`), locals first. */
  encode(): ByteWriter {
    const out = this.#encodeLocals();
    out.append(this.#code);
    out.byte(0x0b);
    return out;
  }

  /** Offsets within the body of the branches that are seldom taken, ascending. */
  unlikelyBranches(): readonly number[] {
    const start = this.#encodeLocals().length;
    return this.#unlikely.map((position) => start + position);
  }

  #encodeLocals(): ByteWriter {
    const out = new ByteWriter();
    out.unsigned(this.#locals.length);
    for (const type of this.#locals) {
      out.unsigned(1);
      out.byte(ValueTypes[type]);
    }
    return out;
  }

  #throughTable(opcode: number, { typeIndex }: TypeReference): this {
    this.#withIndex(opcode, typeIndex);
    this.#code.unsigned(0);
    return this;
  }

  #structured(opcode: number, type: number, body: (label: Label) => void): this {
    this.#begin(opcode);
    this.#code.byte(type);
    this.#depth++;
    body({ depth: this.#depth });
    this.#depth--;
    this.#begin(0x0b);
    return this;
  }

  #withIndex(opcode: number, index: number): this {
    this.#begin(opcode);
    this.#code.unsigned(index);
    return this;
  }

  #vector(opcode: number): void {
    this.#begin(VECTOR_PREFIX);
    this.#code.unsigned(opcode);
  }

  #begin(opcode: number): void {
    this.#justSet = undefined;
    this.#code.byte(opcode);
  }

  #float(bytes: Uint8Array): void {
    for (const byte of bytes) this.#code.byte(byte);
  }
}
