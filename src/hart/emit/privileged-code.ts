import { Cause } from "#riscv/engine.ts";
import type { FunctionBuilder, FunctionReference, Local } from "#wasm/function-builder.ts";
import type { ModuleBuilder } from "#wasm/module-builder.ts";
import {
  Counter,
  HartSlot,
  TLB_BANK_BYTES,
  TLB_BANKS,
  TLB_BARE,
  TLB_ENTRIES,
  TLB_SUM,
  TLB_SUPERVISOR,
} from "#memory/layout.ts";
import { emitCount } from "./slot-code.ts";
import { SSTATUS_WRITABLE, Status, UXL_64 } from "#hart/state/status.ts";
import { COLLIDING, EMPTY_TAG, tlbs, translatedContexts } from "#hart/translation/tlb.ts";
import { SV39 } from "#hart/translation/translation.ts";

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

/** The host's versions, which know every case. */
export interface PrivilegedImports {
  readonly csr: FunctionReference;
  readonly ecall: FunctionReference;
  readonly sret: FunctionReference;
  readonly trap: FunctionReference;
  readonly fence: FunctionReference;
  /** () → the time CSR */
  readonly time: FunctionReference;
  /** Interrupts may have become deliverable. */
  readonly interruptsChanged: FunctionReference;
}

/**
 * What a kernel does on every system call and every change of process, without leaving WebAssembly: traps from U- and S-mode
 * to S-mode, SRET, ecall, fences of one page, and the CSRs that it touches there. Each function stands in for the import of
 * its name and calls it for everything else. Twins of `traps.ts`, `csrs.ts` and `tlb.ts`; `privileged.test.ts` and
 * `engines-agree.test.ts` hold them together.
 */
export class PrivilegedCode {
  readonly #module: ModuleBuilder;
  readonly #imports: PrivilegedImports;
  readonly #hart: number;

  constructor(module: ModuleBuilder, imports: PrivilegedImports, hart: number) {
    this.#module = module;
    this.#imports = imports;
    this.#hart = hart;
  }

  /** () : takes the trap in the exception slot; pc is where it happened, and then the handler. */
  trap(): FunctionReference {
    const trap = this.#module.function([], []);
    const f = trap.body;
    const cause = f.local("i32");
    const mode = f.local("i32");
    const status = f.local("i32");
    this.#load32(f, HartSlot.exception).i32(1).op("i32.sub").set(cause);
    this.#load32(f, HartSlot.mode).set(mode);
    f.get(mode).i32(3).op("i32.eq");
    this.#load32(f, HartSlot.medeleg).get(cause).op("i32.shr_u").i32(1).op("i32.and", "i32.eqz", "i32.or");
    f.get(cause)
      .i32(Cause.IllegalInstruction)
      .op("i32.eq", "i32.or")
      .if(() => f.call(this.#imports.trap).op("return"));
    this.#copy(f, HartSlot.pc, HartSlot.sepc);
    this.#copy(f, HartSlot.exceptionValue, HartSlot.stval);
    f.i32(0)
      .get(cause)
      .op("i64.extend_i32_u")
      .memory("i64.store", this.#hart + HartSlot.scause);
    this.#clear(f, HartSlot.exception);
    this.#clear(f, HartSlot.exceptionValue);
    this.#load32(f, HartSlot.mstatus).set(status);
    f.get(status)
      .i32(~(Status.SPP | Status.SPIE | Status.SIE))
      .op("i32.and");
    f.i32(Status.SPP).i32(0).get(mode).op("select", "i32.or");
    f.i32(Status.SPIE).i32(0).get(status).i32(Status.SIE).op("i32.and", "select", "i32.or").set(status);
    this.#store32(f, HartSlot.mstatus, () => f.get(status));
    this.#store32(f, HartSlot.mode, () => f.i32(1));
    f.i32(0)
      .i32(0)
      .memory("i64.load", this.#hart + HartSlot.stvec)
      .i64(-4n)
      .op("i64.and");
    f.memory("i64.store", this.#hart + HartSlot.pc);
    this.#updateContexts(f, () => f.i32(1), status);
    emitCount(f, this.#hart, Counter.traps);
    return trap;
  }

  /** () → 0: SRET from S-mode. */
  sret(): FunctionReference {
    const sret = this.#module.function([], ["i64"]);
    const f = sret.body;
    const status = f.local("i32");
    const mode = f.local("i32");
    this.#load32(f, HartSlot.mstatus).set(status);
    this.#load32(f, HartSlot.mode)
      .i32(1)
      .op("i32.ne")
      .get(status)
      .i32(Status.TSR)
      .op("i32.and", "i32.or")
      .if(() => {
        f.call(this.#imports.sret).op("return");
      });
    f.get(status).i32(Status.SPP).op("i32.and").i32(0).op("i32.ne").set(mode);
    f.get(status)
      .i32(~(Status.SPP | Status.SIE | Status.MPRV))
      .op("i32.and")
      .i32(Status.SPIE)
      .op("i32.or");
    f.i32(Status.SIE).i32(0).get(status).i32(Status.SPIE).op("i32.and", "select", "i32.or").set(status);
    this.#store32(f, HartSlot.mstatus, () => f.get(status));
    this.#store32(f, HartSlot.mode, () => f.get(mode));
    this.#copy(f, HartSlot.sepc, HartSlot.pc);
    this.#updateContexts(f, () => f.get(mode), status);
    this.#checkInterrupts(f);
    f.i64(0n);
    return sret;
  }

  /** () → 0: raises the ecall's exception; S-mode's may be the built-in SBI's. */
  ecall(): FunctionReference {
    const ecall = this.#module.function([], ["i64"]);
    const f = ecall.body;
    const mode = f.local("i32");
    this.#load32(f, HartSlot.mode)
      .tee(mode)
      .i32(1)
      .op("i32.eq")
      .if(() => f.call(this.#imports.ecall).op("return"));
    this.#store32(f, HartSlot.exception, () =>
      f
        .get(mode)
        .i32(Cause.EcallFromU + 1)
        .op("i32.add"),
    );
    f.i64(0n);
    return ecall;
  }

  /** (instruction word, rs1 value) → old value. */
  csr(): FunctionReference {
    const csr = this.#module.function(["i64", "i64"], ["i64"]);
    const f = csr.body;
    const [word, source] = f.parameters as [Local, Local];
    const number = f.local("i32");
    const old = f.local("i64");
    f.get(word).i64(20n).op("i64.shr_u", "i32.wrap_i64").set(number);
    this.#load32(f, HartSlot.mode)
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
    f.get(word).get(source).call(this.#imports.csr);
    return csr;
  }

  /** sscratch, sepc, scause and stval: slots that stand in the order of their numbers. */
  #savedCsr(f: FunctionBuilder, access: CsrLocals): void {
    const { number, old } = access;
    const base = this.#hart + HartSlot.sscratch;
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
    this.#load32(f, HartSlot.mstatus).set(status);
    f.get(status).i32(SSTATUS_WRITABLE).op("i32.and", "i64.extend_i32_u").i64(UXL_64).op("i64.or");
    f.i64(BigInt.asIntN(64, SIGN_64)).i64(0n).get(status).i32(Status.FS).op("i32.and").i32(Status.FS);
    f.op("i32.eq", "select", "i64.or").set(old);
    f.block((slow) => {
      this.#ifWritten(f, access, () => {
        f.op("i32.wrap_i64").i32(SSTATUS_WRITABLE).op("i32.and");
        f.get(status).i32(~SSTATUS_WRITABLE).op("i32.and", "i32.or").set(after);
        f.get(status).get(after).op("i32.xor").set(changed);
        f.get(changed).i32(Status.MXR).op("i32.and").brIf(slow);
        this.#store32(f, HartSlot.mstatus, () => f.get(after));
        f.get(changed)
          .i32(Status.SUM)
          .op("i32.and")
          .if(() => this.#updateContexts(f, () => f.i32(1), after));
        f.get(changed)
          .get(after)
          .op("i32.and")
          .i32(Status.SIE)
          .op("i32.and")
          .if(() => this.#checkInterrupts(f));
      });
      f.get(old).op("return");
    });
  }

  /** To an address space that has a bank of TLBs, by CSRRW: `bankFor` of tlb.ts. */
  #satp(f: FunctionBuilder, { word, source, old }: CsrLocals): void {
    const status = f.local("i32");
    const bank = f.local("i32");
    f.block((slow) => {
      f.get(word).op("i32.wrap_i64").i32(12).op("i32.shr_u").i32(7).op("i32.and").i32(1).op("i32.ne").brIf(slow);
      f.get(source).i64(60n).op("i64.shr_u").i64(SV39).op("i64.ne").brIf(slow);
      this.#load32(f, HartSlot.mstatus).set(status);
      f.get(status).i32(Status.TVM).op("i32.and").brIf(slow);
      this.#load32(f, HartSlot.supervisorLocal).brIf(slow);
      f.block((found) => {
        for (let index = 0; index < TLB_BANKS; index++) {
          f.i32(index * TLB_BANK_BYTES).set(bank);
          this.#load64(f, HartSlot.tlbSpaces + index * 8)
            .get(source)
            .op("i64.eq")
            .brIf(found);
        }
        f.br(slow);
      });
      this.#load64(f, HartSlot.satp).set(old);
      f.i32(0)
        .get(source)
        .memory("i64.store", this.#hart + HartSlot.satp);
      this.#store32(f, HartSlot.tlbBank, () => f.get(bank));
      this.#updateContexts(f, () => f.i32(1), status);
      f.get(old).op("return");
    });
  }

  #time(f: FunctionBuilder, word: Local): void {
    const mode = f.local("i32");
    this.#load32(f, HartSlot.mode).set(mode);
    f.block((slow) => {
      f.get(mode).i32(3).op("i32.eq").brIf(slow);
      // CSRRS or CSRRC that write nothing.
      f.get(word).op("i32.wrap_i64").i32(0x2000).op("i32.and", "i32.eqz").brIf(slow);
      f.get(word)
        .op("i32.wrap_i64")
        .i32(31 << 15)
        .op("i32.and")
        .brIf(slow);
      this.#load32(f, HartSlot.mcounteren).i32(TM).op("i32.and", "i32.eqz").brIf(slow);
      this.#load32(f, HartSlot.scounteren).i32(TM).op("i32.and").get(mode).op("i32.or", "i32.eqz").brIf(slow);
      f.call(this.#imports.time).op("return");
    });
  }

  /** fflags, frm and fcsr: fields of one slot. */
  #floatCsr(f: FunctionBuilder, access: CsrLocals): void {
    const { number, old } = access;
    const status = f.local("i32");
    const shift = f.local("i32");
    const mask = f.local("i32");
    const word = f.local("i32");
    this.#load32(f, HartSlot.mstatus).set(status);
    f.get(status)
      .i32(Status.FS)
      .op("i32.and")
      .if(() => {
        f.i32(5).i32(0).get(number).i32(FRM).op("i32.eq", "select").set(shift);
        f.i32(0x1f).i32(0xff).get(number).i32(FFLAGS).op("i32.eq", "select").set(mask);
        f.i32(7).get(mask).get(number).i32(FRM).op("i32.eq", "select").set(mask);
        this.#load32(f, HartSlot.fcsr).set(word);
        f.get(word).get(shift).op("i32.shr_u").get(mask).op("i32.and", "i64.extend_i32_u").set(old);
        this.#ifWritten(f, access, () => {
          const value = f.local("i32");
          f.op("i32.wrap_i64").get(mask).op("i32.and").get(shift).op("i32.shl").set(value);
          f.get(word).get(mask).get(shift).op("i32.shl").i32(-1).op("i32.xor", "i32.and").get(value);
          f.op("i32.or").set(value);
          this.#store32(f, HartSlot.fcsr, () => f.get(value));
          this.#store32(f, HartSlot.mstatus, () => f.get(status).i32(Status.FS).op("i32.or"));
        });
        f.get(old).op("return");
      });
  }

  /** (instruction word, address, ASID) → 0: SFENCE.VMA; of one page, `flushPage` of tlb.ts. */
  fence(): FunctionReference {
    const fence = this.#module.function(["i64", "i64", "i64"], ["i64"]);
    const f = fence.body;
    const [word, address, asid] = f.parameters as [Local, Local, Local];
    const entry = f.local("i32");
    const tag = f.local("i64");
    f.block((slow) => {
      f.get(word)
        .op("i32.wrap_i64")
        .i32(31 << 15)
        .op("i32.and", "i32.eqz")
        .brIf(slow);
      this.#load32(f, HartSlot.mode).i32(1).op("i32.ne").brIf(slow);
      this.#load32(f, HartSlot.mstatus).i32(Status.TVM).op("i32.and").brIf(slow);
      this.#load64(f, HartSlot.superpages).get(address).i64(30n).op("i64.shr_u", "i64.shr_u");
      f.i64(1n).op("i64.and", "i64.eqz", "i32.eqz").brIf(slow);
      f.get(address)
        .i64(12n)
        .op("i64.shr_u", "i32.wrap_i64")
        .i32(TLB_ENTRIES - 1)
        .op("i32.and")
        .set(entry);
      f.i64(0n).i64(BigInt.asIntN(64, EMPTY_TAG)).get(entry).i32(COLLIDING).op("i32.eq", "select").set(tag);
      f.get(entry).i32(4).op("i32.shl").set(entry);
      for (const tlb of tlbs) {
        for (const context of translatedContexts)
          f.get(entry)
            .get(tag)
            .memory("i64.store", tlb + context);
      }
      f.i64(0n).op("return");
    });
    f.get(word).get(address).get(asid).call(this.#imports.fence);
    return fence;
  }

  /** () → 0: FENCE.I. Stores drop what was decoded from them. */
  fetchFence(): FunctionReference {
    const fetchFence = this.#module.function([], ["i64"]);
    fetchFence.body.i64(0n);
    return fetchFence;
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

  /** `updateContexts` of translation.ts, for S- and U-mode. */
  #updateContexts(f: FunctionBuilder, mode: () => void, status: Local): void {
    const bank = f.local("i32");
    const data = f.local("i32");
    const fetch = f.local("i32");
    this.#load64(f, HartSlot.satp)
      .op("i64.eqz")
      .if(
        () => f.i32(TLB_BARE).set(data).i32(TLB_BARE).set(fetch),
        () => {
          this.#load32(f, HartSlot.tlbBank).set(bank);
          f.get(bank).i32(TLB_SUM).op("i32.add").i32(TLB_SUPERVISOR).get(status).i32(Status.SUM).op("i32.and");
          f.op("select").get(bank);
          mode();
          f.op("select").set(data);
          f.i32(TLB_SUPERVISOR).get(bank);
          mode();
          f.op("select").set(fetch);
        },
      );
    this.#store32(f, HartSlot.dataContext, () => f.get(data));
    this.#store32(f, HartSlot.fetchContext, () => f.get(fetch));
  }

  #checkInterrupts(f: FunctionBuilder): void {
    this.#load32(f, HartSlot.mip);
    this.#load32(f, HartSlot.mie)
      .op("i32.and")
      .if(() => f.call(this.#imports.interruptsChanged));
  }

  #copy(f: FunctionBuilder, from: number, to: number): void {
    f.i32(0)
      .i32(0)
      .memory("i64.load", this.#hart + from)
      .memory("i64.store", this.#hart + to);
  }

  #clear(f: FunctionBuilder, slot: number): void {
    f.i32(0)
      .i64(0n)
      .memory("i64.store", this.#hart + slot);
  }

  #load32(f: FunctionBuilder, slot: number): FunctionBuilder {
    return f.i32(0).memory("i32.load", this.#hart + slot);
  }

  #load64(f: FunctionBuilder, slot: number): FunctionBuilder {
    return f.i32(0).memory("i64.load", this.#hart + slot);
  }

  #store32(f: FunctionBuilder, slot: number, value: () => void): void {
    f.i32(0);
    value();
    f.memory("i32.store", this.#hart + slot);
  }
}

interface CsrLocals {
  readonly word: Local;
  readonly source: Local;
  readonly number: Local;
  readonly old: Local;
}
