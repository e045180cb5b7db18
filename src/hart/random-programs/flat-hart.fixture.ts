import { HartSlot } from "#memory/layout.ts";
import { Cause, type AccessWidth, type HelperName } from "#riscv/engine.ts";
import type { CaseHart } from "#riscv/cases/all.fixture.ts";
import { Evaluator, type EvaluatorHart } from "#hart/evaluator/evaluator.ts";
import { GuestException } from "#hart/state/exception.ts";
import { floatHelpers } from "#hart/float/float-helpers.ts";

const RAM = 0x8000_0000n;
const RAM_BYTES = 0x4000;

/** The evaluator on flat memory, in M-mode, with no CSRs and no traps: enough for the table of expectations. */
export class FlatHart implements CaseHart, EvaluatorHart {
  readonly view = new DataView(new ArrayBuffer(0x1000));
  readonly base = 0;
  readonly helpers: Readonly<Record<HelperName, (...args: readonly bigint[]) => bigint>>;
  readonly #ram = new DataView(new ArrayBuffer(RAM_BYTES));
  readonly #evaluator = new Evaluator(this);

  constructor() {
    this.view.setBigUint64(HartSlot.mstatus, 0x6000n, true);
    const raise = (cause: number, value: bigint) => (): never => {
      throw new GuestException(cause, value);
    };
    const nothing = (): bigint => 0n;
    const illegal = (): never => {
      throw new GuestException(Cause.IllegalInstruction, this.load(4, this.pc));
    };
    this.helpers = {
      ...floatHelpers({ view: this.view, fcsrAddress: HartSlot.fcsr, illegal }),
      csr: nothing,
      mret: nothing,
      sret: nothing,
      wfi: nothing,
      "sfence.vma": nothing,
      "fence.i": nothing,
      ecall: raise(Cause.EcallFromM, 0n),
      ebreak: () => raise(Cause.Breakpoint, this.pc)(),
      illegal,
    };
  }

  fetch16(address: bigint): number {
    return Number(this.load(2, address));
  }

  load(width: AccessWidth, address: bigint): bigint {
    let value = 0n;
    for (let i = width - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#ram.getUint8(Number(address - RAM) + i));
    return value;
  }

  store(width: AccessWidth, address: bigint, value: bigint): void {
    for (let i = 0; i < width; i++) {
      this.#ram.setUint8(Number(address - RAM) + i, Number((value >> BigInt(8 * i)) & 0xffn));
    }
  }

  probeStore(width: 4 | 8, address: bigint): void {
    this.load(width, address);
  }

  x(register: number): bigint {
    return this.view.getBigUint64(HartSlot.x + register * 8, true);
  }

  setX(register: number, value: bigint): void {
    this.view.setBigUint64(HartSlot.x + register * 8, value, true);
  }

  f(register: number): bigint {
    return this.view.getBigUint64(HartSlot.f + register * 8, true);
  }

  setF(register: number, value: bigint): void {
    this.view.setBigUint64(HartSlot.f + register * 8, value, true);
  }

  get pc(): bigint {
    return this.view.getBigUint64(HartSlot.pc, true);
  }

  set pc(value: bigint) {
    this.view.setBigUint64(HartSlot.pc, value, true);
  }

  step(): { readonly cause: number; readonly value: bigint } | undefined {
    try {
      this.#evaluator.step();
      return undefined;
    } catch (error) {
      if (!(error instanceof GuestException)) throw error;
      return { cause: error.code, value: error.value };
    }
  }
}
