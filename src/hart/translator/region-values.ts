import type { Decoded } from "#riscv/decode.ts";
import type { AccessWidth, FloatHelper, HelperName, Immediate } from "#riscv/engine.ts";
import type { FunctionBuilder, FunctionReference, Local } from "#wasm/function-builder.ts";
import type { MemoryOpcode, Opcode } from "#wasm/opcodes.ts";
import { HartSlot, PAGE_BYTES, TLB_READ, TLB_WRITE } from "#memory/layout.ts";
import { loads, stores, type MultiplyFunctions } from "#hart/emit/emitter.ts";
import type { Value } from "#hart/emit/value-stack.ts";
import { floatOperandCount, givesInteger, hasRounding } from "#hart/float/float-unit.ts";
import { InlineFloat } from "#hart/float/emitted/inline-float.ts";
import { DeviceAnswer } from "#hart/emit/region-calls.ts";
import { isSystemHelper } from "#hart/emit/host-functions.ts";
import { withBits } from "./known-bits.ts";
import { RegionRegisters } from "./region-registers.ts";
import type { RegionInstruction } from "./region.ts";

/** What regions call: functions of the interpreter's module. */
export interface RegionCalls {
  readonly helpers: Readonly<Partial<Record<HelperName, FunctionReference>>>;
  readonly multiply: MultiplyFunctions;
  readonly hostForLoad: FunctionReference;
  readonly hostForStore: FunctionReference;
  readonly loadFromDevice: FunctionReference;
  readonly storeToDevice: FunctionReference;
  /** `GO_ON`; undefined where the browser has no tail calls. */
  readonly goOn: FunctionReference | undefined;
  /** The host's relaxed_madd rounds once. */
  readonly fused: boolean;
}

/** A translation that was looked up, for an address at `offset` from a register: what is near it needs no TLB. */
interface Pointer {
  readonly offset: bigint;
  /** i32: the address within its page, and in our memory. */
  readonly inPage: Local;
  readonly host: Local;
  readonly isWritable: boolean;
}

/** Emits what asks a device for the access at an address, and sets where in our memory it goes on. */
type AskDevice = (va: Local, host: Local) => void;

/** Loads and stores that a device may answer: those that do nothing else. */
const deviceAccesses = /^(l[bhw]u?|ld|s[bhwd])$/;

/** What sign injection makes of one register: a copy, where it is no operation. */
const signsOfOne: ReadonlyMap<string, Opcode | undefined> = new Map([
  ["fsgnj.d", undefined],
  ["fsgnjn.d", "f64.neg"],
  ["fsgnjx.d", "f64.abs"],
]);
const signedLoads: Readonly<Record<AccessWidth, MemoryOpcode>> = {
  1: "i64.load8_s",
  2: "i64.load16_s",
  4: "i64.load32_s",
  8: "i64.load",
};

/** What an instruction does within a region: memory with the TLB in place, and known of where registers point to; floats inline. */
export abstract class RegionValues extends RegionRegisters {
  protected readonly calls: RegionCalls;
  protected readonly pageVa: Local;
  /** What is known of the page that a register points into, while this block has not written the register. */
  readonly #pointers = new Map<Local, Pointer>();
  #instruction: RegionInstruction | undefined;
  #floatChecked = false;
  #float: InlineFloat | undefined;
  /** The host address that an atomic has just been found to be allowed to write. */
  #probed: { readonly address: Value; readonly host: Local } | undefined;

  constructor(f: FunctionBuilder, calls: RegionCalls, hart: number, pageVa: Local, budget: Local) {
    super(f, calls.multiply, hart, budget);
    this.calls = calls;
    this.pageVa = pageVa;
  }

  /** Leaves before the present instruction, for the interpreter to run it. */
  protected abstract bailHere(): void;
  /** Leaves behind the present instruction, which has been done, with the budget that is in its slot. */
  protected abstract leaveBehind(): void;
  /** Leaves how much of the budget there is behind the present instruction. */
  protected abstract pushBudgetBehind(): void;

  protected override loadRegisters(): void {
    super.loadRegisters();
    this.#float?.readFcsr();
  }

  protected override beginBlock(): void {
    for (const register of this.#pointers.keys()) this.registerChanges(register);
    this.#floatChecked = false;
    super.beginBlock();
  }

  protected emitInstruction(instruction: RegionInstruction): void {
    this.#instruction = instruction;
    this.#probed = undefined;
    const { decoded } = instruction;
    if (!this.#emitSignOfOne(decoded)) decoded.instruction.execute(this, decoded.operands);
    this.noteShift(decoded);
  }

  protected get present(): RegionInstruction {
    if (!this.#instruction) throw new Error("no instruction is being emitted");
    return this.#instruction;
  }

  /** Sign injection from a register into itself: fmv.d, fneg.d and fabs.d, which the host has. */
  #emitSignOfOne({ name, operands: { rd, rs1, rs2 } }: Decoded): boolean {
    if (rs1 !== rs2 || !signsOfOne.has(name)) return false;
    this.useFloat();
    const source = this.register(HartSlot.f + rs1 * 8);
    this.f.get(source);
    const operation = signsOfOne.get(name);
    if (operation) this.f.op(operation);
    this.writeF(rd, this.take("f64"));
    return true;
  }

  // Values.

  override immediate(imm: Immediate): Value {
    return this.constant(BigInt(imm));
  }

  override pc(): Value {
    return { kind: "sum", local: this.pageVa, offset: BigInt(this.present.offset) };
  }

  override nextPc(): Value {
    const { offset, length } = this.present;
    return { kind: "sum", local: this.pageVa, offset: BigInt(offset + length) };
  }

  // Memory.

  override load(width: AccessWidth, address: Value): Value {
    const { name } = this.present.decoded;
    const isDouble = name === "fld";
    const isSigned = name === "lb" || name === "lh" || name === "lw";
    const value = this.local(isDouble ? "f64" : "i64");
    const device = this.#mayBeDevice && ((va: Local, host: Local) => this.#loadFromDevice(width, va, host));
    const host = this.#probed?.address === address ? this.#probed.host : this.#hostOf(width, address, false, device);
    this.f
      .get(host)
      .memory(isDouble ? "f64.load" : isSigned ? signedLoads[width] : loads[width])
      .set(value);
    return withBits({ kind: "local", local: value }, isSigned ? width * 8 : width * 8 + 1);
  }

  override store(width: AccessWidth, address: Value, value: Value): void {
    const device = this.#mayBeDevice && ((va: Local, host: Local) => this.#askDevice(va, width, value, host, () => {}));
    const host = this.#probed?.address === address ? this.#probed.host : this.#hostOf(width, address, true, device);
    this.f.get(host);
    if (width === 8 && value.kind === "local" && value.local.type === "f64") {
      this.f.get(value.local).memory("f64.store");
    } else {
      this.consume(value);
      this.f.memory(stores[width]);
    }
  }

  override probeStore(width: 4 | 8, address: Value): void {
    this.#probed = { address, host: this.#hostOf(width, address, true, false) };
  }

  override storeConditional(width: 4 | 8, address: Value, value: Value): Value {
    const failed = super.storeConditional(width, address, value);
    // It was looked up only if the reservation stood.
    if (address.kind === "local") this.registerChanges(address.local);
    return failed;
  }

  override requireAligned(width: 4 | 8, address: Value): void {
    this.push(address);
    this.f
      .op("i32.wrap_i64")
      .i32(width - 1)
      .op("i32.and")
      .unlikely()
      .if(() => this.bailHere());
  }

  /** Loads and stores that do nothing else, where a region has often declined: only those have the code to ask a device. */
  get #mayBeDevice(): boolean {
    return this.present.isDeclined && deviceAccesses.test(this.present.decoded.name);
  }

  /**
   * Where in our memory a guest address is (i32 local). Where that cannot be said, the region is left, or `device` sets the
   * host address to where this one access may go.
   */
  #hostOf(width: AccessWidth, address: Value, forStore: boolean, device: AskDevice | false): Local {
    const { f } = this;
    const base = address.kind === "constant" ? undefined : address.local;
    const offset = address.kind === "sum" ? address.offset : 0n;
    const host = this.local("i32");
    const pointer = base && this.#pointers.get(base);
    if (pointer && (pointer.isWritable || !forStore)) {
      const distance = Number(offset - pointer.offset);
      f.get(pointer.inPage).i32(distance).op("i32.add");
      f.i32(PAGE_BYTES - width)
        .op("i32.gt_u")
        .unlikely()
        .if(
          () => this.#emitSlowHost(width, this.local64(address), forStore, host, device),
          () => f.get(pointer.host).i32(distance).op("i32.add").set(host),
        );
      return host;
    }
    const va = this.local64(address);
    // Where a device is the page is not known, and what is kept of it would have to say so on the fast way, too.
    const isKept = base !== undefined && this.isRegister(base) && !device;
    const kept = isKept ? f.local("i32") : host;
    this.translated(
      width,
      va,
      forStore ? TLB_WRITE : TLB_READ,
      (hit) => f.get(hit).set(kept),
      () => this.#emitSlowHost(width, va, forStore, kept, device),
    );
    if (!isKept) return host;
    const inPage = f.local("i32");
    f.get(va)
      .op("i32.wrap_i64")
      .i32(PAGE_BYTES - 1)
      .op("i32.and")
      .set(inPage);
    this.registerChanges(base);
    this.#pointers.set(base, { offset, inPage, host: kept, isWritable: forStore });
    return kept;
  }

  #emitSlowHost(width: AccessWidth, va: Local, forStore: boolean, host: Local, device: AskDevice | false): void {
    const { hostForLoad, hostForStore } = this.calls;
    this.f
      .get(va)
      .i32(width)
      .call(forStore ? hostForStore : hostForLoad)
      .tee(host)
      .op("i32.eqz")
      .unlikely()
      .if(() => (device ? device(va, host) : this.bailHere()));
  }

  /** What a device gives is loaded from where it was put. */
  #loadFromDevice(width: AccessWidth, va: Local, host: Local): void {
    const { name, operands } = this.present.decoded;
    this.#askDevice(va, width, undefined, host, () => {
      if (operands.rd === 0) return;
      this.f.i32(0).memory(name.endsWith("u") ? loads[width] : signedLoads[width], this.hart + HartSlot.xSink);
      this.setRegister(HartSlot.x + operands.rd * 8);
    });
  }

  /**
   * Has a device answer the present instruction: a store of `value`, or a load. Where it may not go on in the region, it is
   * left behind the instruction, once `finish` has done the rest of it; else the access goes on at `host`, where nobody looks.
   */
  #askDevice(va: Local, width: AccessWidth, value: Value | undefined, host: Local, finish: () => void): void {
    const { f } = this;
    f.get(va).i32(width);
    if (value) this.push(value);
    this.pushBudgetBehind();
    f.call(value ? this.calls.storeToDevice : this.calls.loadFromDevice)
      .tee(host)
      .op("i32.eqz")
      .if(() => this.bailHere());
    f.get(host)
      .i32(DeviceAnswer.leave)
      .op("i32.eq")
      .if(() => {
        finish();
        this.leaveBehind();
      });
    f.i32(this.hart + HartSlot.xSink).set(host);
  }

  /** The page that it pointed into is not known any more. */
  protected override registerChanges(register: Local): void {
    const pointer = this.#pointers.get(register);
    if (!pointer) return;
    this.#pointers.delete(register);
    this.f.release(pointer.inPage);
    this.f.release(pointer.host);
  }

  // Floating point.

  override useFloat(): void {
    if (this.#floatChecked) return;
    this.#floatChecked = true;
    this.pushFloatIsClean();
    this.f.unlikely().if(() => this.bailHere());
  }

  override call(helper: HelperName, ...args: readonly Value[]): Value {
    if (helper === "fence.i") return this.constant(0n);
    if (isSystemHelper(helper)) throw new Error(`a region holds ${helper}`);
    const { f } = this;
    const rounding = hasRounding(helper) ? args.at(-1) : undefined;
    const rm = rounding?.kind === "constant" ? Number(rounding.value) : 0;
    const operands = args.slice(0, floatOperandCount(helper)).map((arg) => this.#operand(arg));
    this.#float ??= new InlineFloat(f, this.hart + HartSlot.fcsr, this.calls.fused);
    this.#float.emit(helper, operands, rm, () => this.#callSlowly(helper, args));
    return this.take(givesInteger(helper) ? "i64" : "f64");
  }

  #operand(value: Value): Local {
    return value.kind === "local" && value.local.type === "f64" ? value.local : this.local64(value);
  }

  #callSlowly(helper: FloatHelper, args: readonly Value[]): void {
    const { f } = this;
    const target = this.calls.helpers[helper];
    if (!target) throw new Error(`${helper} was not imported`);
    for (const arg of args) this.push(arg);
    f.call(target);
    f.i32(0)
      .memory("i32.load", this.hart + HartSlot.exception)
      .if(() => {
        // A rounding mode that is none: the interpreter raises it, with pc.
        f.i32(0)
          .i64(0n)
          .memory("i64.store", this.hart + HartSlot.exception);
        this.bailHere();
      });
  }
}
