import { Cause, type AccessWidth, type HelperName, type Immediate, type Register } from "#riscv/engine.ts";
import type { Operands } from "#riscv/instruction.ts";
import type { FunctionBuilder, FunctionReference, Label, Local } from "#wasm/function-builder.ts";
import { HartSlot, TLB_READ, TLB_WRITE } from "#memory/layout.ts";
import { Emitter, loads, stores, type MultiplyFunctions } from "#hart/emit/emitter.ts";
import type { Value } from "#hart/emit/value-stack.ts";
import { isSystemHelper } from "#hart/emit/host-functions.ts";
import type { MemoryFunctions } from "#hart/emit/memory-functions.ts";
import type { OperandUse, PayloadKind } from "#hart/translation/operation.ts";

// Operand handles: the byte of an operation that holds a register, and three ways to read its payload.
export const RD = 1;
const RS1 = 2;
const RS2 = 3;
const RS3 = 5;
export const PAYLOAD = 4;
const IMM = 0x10;
const RM = 0x11;
export const WORD = 0x12;
export const operands: Operands = { rd: RD, rs1: RS1, rs2: RS2, rs3: RS3, imm: IMM, rm: RM, word: WORD };

/** What instructions call. */
export interface OperationCalls {
  readonly memory: MemoryFunctions;
  readonly helpers: Readonly<Record<HelperName, FunctionReference>>;
  /** FS is not Dirty: raises illegal instruction or makes it so. */
  readonly useFloat: FunctionReference;
}

/**
 * What an instruction does when its operands stand in a decoded operation: registers in memory, the TLB in place, slow
 * paths and helpers called. Where it goes on is the subclass's.
 */
export abstract class OperationValues extends Emitter {
  protected readonly calls: OperationCalls;
  /** Address of the operation, of its decoded page, and the page's virtual address. */
  protected readonly ip: Local;
  protected readonly page: Local;
  protected readonly pageVa: Local;
  /** Bytes of the instruction. */
  protected length: 2 | 4 = 4;
  /** The system helper that the instruction has called: a CSR's, one that sets pc, or another. */
  protected helperCalled: "csr" | "continues" | "redirects" | undefined;
  #payload: PayloadKind = "immediate";
  #floatDestination = false;
  /** Holds the rd field where it is read before the instruction. */
  #destination: Local | undefined;

  constructor(f: FunctionBuilder, calls: OperationCalls, multiply: MultiplyFunctions, hart: number) {
    super(f, multiply, hart, f.local("i32"));
    this.calls = calls;
    this.ip = f.local("i32");
    this.page = f.local("i32");
    this.pageVa = f.local("i64");
  }

  /** Where emitted code goes when the `exception` slot is set. */
  protected abstract exceptionLabel(): Label;

  protected beginOperation(length: 2 | 4): void {
    this.length = length;
    this.helperCalled = undefined;
    this.#payload = "immediate";
    this.#floatDestination = false;
  }

  /** Its locals may be used again. */
  protected endOperation(): void {
    if (this.#destination) this.f.release(this.#destination);
    this.#destination = undefined;
    this.releaseLocals();
  }

  /** How the instruction has used its operation's fields. */
  protected operandUse(): OperandUse {
    return { payload: this.#payload, floatDestination: this.#floatDestination };
  }

  /** Keeps rd's field: an atomic that stores over itself has no operation left when it comes to write rd. */
  protected readDestination(): void {
    this.#destination = this.f.local("i32");
    this.f.get(this.ip).memory("i32.load8_u", RD).set(this.#destination);
  }

  override immediate(imm: Immediate): Value {
    const load = imm === IMM ? "i64.load32_s" : imm === WORD ? "i64.load32_u" : "i64.load8_u";
    if (imm === WORD) this.#payload = "word";
    if (imm === RM) this.#payload = "float";
    this.f.get(this.ip).memory(load, PAYLOAD);
    return this.take();
  }

  override pc(): Value {
    return this.#address(0);
  }

  override nextPc(): Value {
    return this.#address(this.length);
  }

  override readX(register: Register): Value {
    return this.#readRegister(register, HartSlot.x);
  }

  override writeX(register: Register, value: Value): void {
    if (this.#destination) this.f.get(this.#destination);
    else this.f.get(this.ip).memory("i32.load8_u", register);
    this.push(value);
    this.f.memory("i64.store", this.hart + HartSlot.x + 8);
  }

  override readF(register: Register): Value {
    if (register === RS3) this.#payload = "float";
    return this.#readRegister(register, HartSlot.f);
  }

  override writeF(register: Register, value: Value): void {
    this.#floatDestination = true;
    this.f.get(this.ip).memory("i32.load8_u", register);
    this.push(value);
    this.f.memory("i64.store", this.hart + HartSlot.f);
  }

  override useFloat(): void {
    this.pushFloatIsClean();
    this.f.if(() => {
      this.storePc();
      this.f.call(this.calls.useFloat);
      this.#leaveOnException();
    });
  }

  override load(width: AccessWidth, address: Value): Value {
    const va = this.local64(address);
    const value = this.local("i64");
    this.translated(
      width,
      va,
      TLB_READ,
      (host) => this.f.get(host).memory(loads[width]).set(value),
      () => {
        this.#slowCall(() => this.f.get(va).i32(width).call(this.calls.memory.load).set(value));
      },
    );
    return { kind: "local", local: value };
  }

  override store(width: AccessWidth, address: Value, value: Value): void {
    const va = this.local64(address);
    this.translated(
      width,
      va,
      TLB_WRITE,
      (host) => {
        this.f.get(host);
        this.push(value);
        this.f.memory(stores[width]);
      },
      () => {
        this.#slowCall(() => {
          this.f.get(va).i32(width);
          this.push(value);
          this.f.call(this.calls.memory.store);
        });
      },
    );
  }

  override requireAligned(width: 4 | 8, address: Value, kind: "load" | "store"): void {
    const va = this.local64(address);
    this.f
      .get(va)
      .op("i32.wrap_i64")
      .i32(width - 1)
      .op("i32.and")
      .if(() => {
        const cause = kind === "load" ? Cause.LoadMisaligned : Cause.StoreMisaligned;
        this.f
          .i32(0)
          .i32(cause + 1)
          .memory("i32.store", this.hart + HartSlot.exception);
        this.f
          .i32(0)
          .get(va)
          .memory("i64.store", this.hart + HartSlot.exceptionValue);
        this.f.br(this.exceptionLabel());
      });
  }

  override probeStore(width: 4 | 8, address: Value): void {
    const va = this.local64(address);
    this.translated(
      width,
      va,
      TLB_WRITE,
      () => {},
      () => this.#slowCall(() => this.f.get(va).call(this.calls.memory.probe)),
    );
  }

  override call(helper: HelperName, ...args: readonly Value[]): Value {
    const result = this.local("i64");
    const isSystem = isSystemHelper(helper);
    // Floating point needs pc only to say which instruction was illegal, which the exception path stores.
    if (isSystem && helper !== "csr") this.storePc();
    this.#slowCall(() => {
      for (const arg of args) this.push(arg);
      this.f.call(this.calls.helpers[helper]).set(result);
    });
    if (helper === "csr") this.helperCalled = helper;
    else if (isSystem) this.helperCalled = helper === "mret" || helper === "sret" ? "redirects" : "continues";
    return { kind: "local", local: result };
  }

  /** The register that a field of the operation names, of those that begin at `slot`. */
  #readRegister(field: Register, slot: number): Value {
    this.f
      .get(this.ip)
      .memory("i32.load8_u", field)
      .memory("i64.load", this.hart + slot);
    return this.take();
  }

  /** A call that may look at the budget, change it, or raise an exception. */
  #slowCall(call: () => void): void {
    this.f
      .i32(0)
      .get(this.budget)
      .memory("i32.store", this.hart + HartSlot.budget);
    call();
    this.f
      .i32(0)
      .memory("i32.load", this.hart + HartSlot.budget)
      .set(this.budget);
    this.#leaveOnException();
  }

  #leaveOnException(): void {
    this.f
      .i32(0)
      .memory("i32.load", this.hart + HartSlot.exception)
      .brIf(this.exceptionLabel());
  }

  #address(offset: number): Value {
    const { f } = this;
    f.get(this.pageVa).get(this.ip).get(this.page).op("i32.sub").i32(2).op("i32.shr_u");
    if (offset !== 0) f.i32(offset).op("i32.add");
    f.op("i64.extend_i32_u", "i64.add");
    return this.take();
  }
}
