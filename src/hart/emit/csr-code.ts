import type { FunctionBuilder, FunctionReference, Local } from "#wasm/function-builder.ts";
import { HartSlot } from "#memory/layout.ts";
import { SSTATUS_WRITABLE, Status, UXL_64 } from "#hart/state/status.ts";
import { SV39 } from "#hart/translation/translation.ts";
import { HartCode } from "./hart-code.ts";

const SSCRATCH = 0x140;
const SEPC = 0x141;
const SSTATUS = 0x100;
const SATP = 0x180;
const FFLAGS = 0x001;
const FRM = 0x002;
const TIME = 0xc01;
const SAVED_CSRS = 4;
const FLOAT_CSRS = 3;
/** Of mcounteren and scounteren. */
const TM = 2;
const SIGN_64 = 1n << 63n;

interface CsrLocals {
  readonly word: Local;
  readonly source: Local;
  readonly number: Local;
  readonly old: Local;
}

/** The CSRs that a kernel touches on every system call and every change of process. Twin of `csrs.ts`. */
export class CsrCode extends HartCode {
  /** (instruction word, rs1 value) → old value. */
  csr(): FunctionReference {
    const csr = this.module.function(["i64", "i64"], ["i64"]);
    const f = csr.body;
    const [word, source] = f.parameters as [Local, Local];
    const number = f.local("i32");
    const old = f.local("i64");
    f.get(word).i64(20n).op("i64.shr_u", "i32.wrap_i64").set(number);
    this.load32(f, HartSlot.mode)
      .i32(1)
      .op("i32.eq")
      .if(() => {
        f.get(number)
          .i32(SSCRATCH)
          .op("i32.sub")
          .i32(SAVED_CSRS)
          .op("i32.lt_u")
          .if(() => {
            this.#savedCsr(f, { word, source, number, old });
          });
        f.get(number)
          .i32(SSTATUS)
          .op("i32.eq")
          .if(() => this.#sstatus(f, { word, source, number, old }));
        f.get(number)
          .i32(SATP)
          .op("i32.eq")
          .if(() => this.#satp(f, { word, source, number, old }));
      });
    f.get(number)
      .i32(TIME)
      .op("i32.eq")
      .if(() => this.#time(f, word));
    f.get(number)
      .i32(FFLAGS)
      .op("i32.sub")
      .i32(FLOAT_CSRS)
      .op("i32.lt_u")
      .if(() => this.#floatCsr(f, { word, source, number, old }));
    f.get(word).get(source).call(this.imports.csr);
    return csr;
  }

  /** sscratch, sepc, scause and stval: slots that stand in the order of their numbers. */
  #savedCsr(f: FunctionBuilder, access: CsrLocals): void {
    const { number, old } = access;
    const base = this.hart + HartSlot.sscratch;
    const slot = f.local("i32");
    const value = f.local("i64");
    f.get(number).i32(SSCRATCH).op("i32.sub").i32(3).op("i32.shl").set(slot);
    f.get(slot).memory("i64.load", base).set(old);
    this.#ifWritten(f, access, () => {
      f.set(value).get(slot).get(value);
      f.i64(-2n).i64(-1n).get(number).i32(SEPC).op("i32.eq", "select", "i64.and").memory("i64.store", base);
    });
    f.get(old).op("return");
  }

  #sstatus(f: FunctionBuilder, access: CsrLocals): void {
    const { old } = access;
    const status = f.local("i32");
    const after = f.local("i32");
    const changed = f.local("i32");
    this.load32(f, HartSlot.mstatus).set(status);
    f.get(status).i32(SSTATUS_WRITABLE).op("i32.and", "i64.extend_i32_u").i64(UXL_64).op("i64.or");
    f.i64(BigInt.asIntN(64, SIGN_64)).i64(0n).get(status).i32(Status.FS).op("i32.and").i32(Status.FS);
    f.op("i32.eq", "select", "i64.or").set(old);
    f.block((slow) => {
      this.#ifWritten(f, access, () => {
        f.op("i32.wrap_i64").i32(SSTATUS_WRITABLE).op("i32.and");
        f.get(status).i32(~SSTATUS_WRITABLE).op("i32.and", "i32.or").set(after);
        f.get(status).get(after).op("i32.xor").set(changed);
        f.get(changed).i32(Status.MXR).op("i32.and").brIf(slow);
        this.store32(f, HartSlot.mstatus, () => f.get(after));
        f.get(changed)
          .i32(Status.SUM)
          .op("i32.and")
          .if(() => this.updateContexts(f, () => f.i32(1), after));
        f.get(changed)
          .get(after)
          .op("i32.and")
          .i32(Status.SIE)
          .op("i32.and")
          .if(() => this.checkInterrupts(f));
      });
      f.get(old).op("return");
    });
  }

  /** To any address space that there is, by CSRRW. */
  #satp(f: FunctionBuilder, { word, source, old }: CsrLocals): void {
    const status = f.local("i32");
    f.block((slow) => {
      f.get(word).op("i32.wrap_i64").i32(12).op("i32.shr_u").i32(7).op("i32.and").i32(1).op("i32.ne").brIf(slow);
      f.get(source).i64(60n).op("i64.shr_u").i64(SV39).op("i64.ne");
      f.get(source).op("i64.eqz", "i32.eqz", "i32.and").brIf(slow);
      this.load32(f, HartSlot.mstatus).set(status);
      f.get(status).i32(Status.TVM).op("i32.and").brIf(slow);
      this.load64(f, HartSlot.satp).set(old);
      f.i32(0)
        .get(source)
        .memory("i64.store", this.hart + HartSlot.satp);
      this.store32(f, HartSlot.tlbBank, () => f.get(source).call(this.tlbs.bankFor));
      this.updateContexts(f, () => f.i32(1), status);
      f.get(old).op("return");
    });
  }

  #time(f: FunctionBuilder, word: Local): void {
    const mode = f.local("i32");
    this.load32(f, HartSlot.mode).set(mode);
    f.block((slow) => {
      f.get(mode).i32(3).op("i32.eq").brIf(slow);
      // CSRRS or CSRRC that write nothing.
      f.get(word).op("i32.wrap_i64").i32(0x2000).op("i32.and", "i32.eqz").brIf(slow);
      f.get(word)
        .op("i32.wrap_i64")
        .i32(31 << 15)
        .op("i32.and")
        .brIf(slow);
      this.load32(f, HartSlot.mcounteren).i32(TM).op("i32.and", "i32.eqz").brIf(slow);
      this.load32(f, HartSlot.scounteren).i32(TM).op("i32.and").get(mode).op("i32.or", "i32.eqz").brIf(slow);
      f.call(this.imports.time).op("return");
    });
  }

  /** fflags, frm and fcsr: fields of one slot. */
  #floatCsr(f: FunctionBuilder, access: CsrLocals): void {
    const { number, old } = access;
    const status = f.local("i32");
    const shift = f.local("i32");
    const mask = f.local("i32");
    const word = f.local("i32");
    this.load32(f, HartSlot.mstatus).set(status);
    f.get(status)
      .i32(Status.FS)
      .op("i32.and")
      .if(() => {
        f.i32(5).i32(0).get(number).i32(FRM).op("i32.eq", "select").set(shift);
        f.i32(0x1f).i32(0xff).get(number).i32(FFLAGS).op("i32.eq", "select").set(mask);
        f.i32(7).get(mask).get(number).i32(FRM).op("i32.eq", "select").set(mask);
        this.load32(f, HartSlot.fcsr).set(word);
        f.get(word).get(shift).op("i32.shr_u").get(mask).op("i32.and", "i64.extend_i32_u").set(old);
        this.#ifWritten(f, access, () => {
          const value = f.local("i32");
          f.op("i32.wrap_i64").get(mask).op("i32.and").get(shift).op("i32.shl").set(value);
          f.get(word).get(mask).get(shift).op("i32.shl").i32(-1).op("i32.xor", "i32.and").get(value);
          f.op("i32.or").set(value);
          this.store32(f, HartSlot.fcsr, () => f.get(value));
          this.store32(f, HartSlot.mstatus, () => f.get(status).i32(Status.FS).op("i32.or"));
        });
        f.get(old).op("return");
      });
  }

  /** Runs `write` with the CSR's new value on the stack, where the instruction writes at all. */
  #ifWritten(f: FunctionBuilder, { word, source, old }: CsrLocals, write: () => void): void {
    const operation = f.local("i32");
    const rs1 = f.local("i64");
    const operand = f.local("i64");
    f.get(word).op("i32.wrap_i64").i32(12).op("i32.shr_u").i32(7).op("i32.and").set(operation);
    f.get(word).i64(15n).op("i64.shr_u").i64(31n).op("i64.and").set(rs1);
    f.get(rs1).get(source).get(operation).i32(4).op("i32.and", "select").set(operand);
    f.get(operation)
      .i32(3)
      .op("i32.and")
      .i32(1)
      .op("i32.eq")
      .get(rs1)
      .op("i64.eqz", "i32.eqz", "i32.or")
      .if(() => {
        const value = f.local("i64");
        f.get(old).get(operand).op("i64.or");
        f.get(old).get(operand).i64(-1n).op("i64.xor", "i64.and");
        f.get(operation).i32(3).op("i32.and").i32(2).op("i32.eq", "select").set(value);
        f.get(operand).get(value).get(operation).i32(3).op("i32.and").i32(1).op("i32.eq", "select");
        write();
      });
  }
}
