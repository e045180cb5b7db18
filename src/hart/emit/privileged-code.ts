import { Cause } from "#riscv/engine.ts";
import type { FunctionBuilder, FunctionReference, Local } from "#wasm/function-builder.ts";
import { Counter, HartSlot } from "#memory/layout.ts";
import { Status } from "#hart/state/status.ts";
import { HartCode } from "./hart-code.ts";
import { emitCount } from "./slot-code.ts";

/**
 * What a kernel does on every system call and every change of process, without leaving WebAssembly: traps from U- and S-mode
 * to S-mode, SRET, ecall and fences. Each function stands in for the import of its name and calls it for everything else.
 * Twins of `traps.ts` and `tlb.ts`; `privileged.test.ts` and
 * `engines-agree.test.ts` hold them together.
 */
export class PrivilegedCode extends HartCode {
  /** () : takes the trap in the exception slot; pc is where it happened, and then the handler. */
  trap(): FunctionReference {
    const trap = this.module.function([], []);
    const f = trap.body;
    const cause = f.local("i32");
    const mode = f.local("i32");
    const status = f.local("i32");
    this.load32(f, HartSlot.exception).i32(1).op("i32.sub").set(cause);
    this.load32(f, HartSlot.mode).set(mode);
    f.get(mode).i32(3).op("i32.eq");
    this.load32(f, HartSlot.medeleg).get(cause).op("i32.shr_u").i32(1).op("i32.and", "i32.eqz", "i32.or");
    f.get(cause)
      .i32(Cause.IllegalInstruction)
      .op("i32.eq", "i32.or")
      .if(() => f.call(this.imports.trap).op("return"));
    this.#copy(f, HartSlot.pc, HartSlot.sepc);
    this.#copy(f, HartSlot.exceptionValue, HartSlot.stval);
    f.i32(0)
      .get(cause)
      .op("i64.extend_i32_u")
      .memory("i64.store", this.hart + HartSlot.scause);
    this.#clear(f, HartSlot.exception);
    this.#clear(f, HartSlot.exceptionValue);
    this.load32(f, HartSlot.mstatus).set(status);
    f.get(status)
      .i32(~(Status.SPP | Status.SPIE | Status.SIE))
      .op("i32.and");
    f.i32(Status.SPP).i32(0).get(mode).op("select", "i32.or");
    f.i32(Status.SPIE).i32(0).get(status).i32(Status.SIE).op("i32.and", "select", "i32.or").set(status);
    this.store32(f, HartSlot.mstatus, () => f.get(status));
    this.store32(f, HartSlot.mode, () => f.i32(1));
    f.i32(0)
      .i32(0)
      .memory("i64.load", this.hart + HartSlot.stvec)
      .i64(-4n)
      .op("i64.and");
    f.memory("i64.store", this.hart + HartSlot.pc);
    this.updateContexts(f, () => f.i32(1), status);
    emitCount(f, this.hart, Counter.traps);
    return trap;
  }

  /** () → 0: SRET from S-mode. */
  sret(): FunctionReference {
    const sret = this.module.function([], ["i64"]);
    const f = sret.body;
    const status = f.local("i32");
    const mode = f.local("i32");
    this.load32(f, HartSlot.mstatus).set(status);
    this.load32(f, HartSlot.mode)
      .i32(1)
      .op("i32.ne")
      .get(status)
      .i32(Status.TSR)
      .op("i32.and", "i32.or")
      .if(() => {
        f.call(this.imports.sret).op("return");
      });
    f.get(status).i32(Status.SPP).op("i32.and").i32(0).op("i32.ne").set(mode);
    f.get(status)
      .i32(~(Status.SPP | Status.SIE | Status.MPRV))
      .op("i32.and")
      .i32(Status.SPIE)
      .op("i32.or");
    f.i32(Status.SIE).i32(0).get(status).i32(Status.SPIE).op("i32.and", "select", "i32.or").set(status);
    this.store32(f, HartSlot.mstatus, () => f.get(status));
    this.store32(f, HartSlot.mode, () => f.get(mode));
    this.#copy(f, HartSlot.sepc, HartSlot.pc);
    this.updateContexts(f, () => f.get(mode), status);
    this.checkInterrupts(f);
    f.i64(0n);
    return sret;
  }

  /** () → 0: raises the ecall's exception; S-mode's may be the built-in SBI's. */
  ecall(): FunctionReference {
    const ecall = this.module.function([], ["i64"]);
    const f = ecall.body;
    const mode = f.local("i32");
    this.load32(f, HartSlot.mode)
      .tee(mode)
      .i32(1)
      .op("i32.eq")
      .if(() => f.call(this.imports.ecall).op("return"));
    this.store32(f, HartSlot.exception, () =>
      f
        .get(mode)
        .i32(Cause.EcallFromU + 1)
        .op("i32.add"),
    );
    f.i64(0n);
    return ecall;
  }

  /** (instruction word, address, ASID) → 0: SFENCE.VMA (§4.2.1). */
  fence(): FunctionReference {
    const fence = this.module.function(["i64", "i64", "i64"], ["i64"]);
    const f = fence.body;
    const [word, address, asid] = f.parameters as [Local, Local, Local];
    const mode = f.local("i32");
    const field = (shift: number): FunctionBuilder =>
      f
        .get(word)
        .op("i32.wrap_i64")
        .i32(31 << shift)
        .op("i32.and");
    f.block((slow) => {
      this.load32(f, HartSlot.mode).tee(mode).op("i32.eqz").brIf(slow);
      f.get(mode).i32(1).op("i32.eq");
      this.load32(f, HartSlot.mstatus).i32(Status.TVM).op("i32.and").i32(0).op("i32.ne", "i32.and").brIf(slow);
      field(15).if(
        () => f.get(address).call(this.tlbs.emptyPage),
        () =>
          field(20).if(
            () => f.get(asid).call(this.tlbs.emptySpace),
            () => f.call(this.tlbs.emptyTranslated),
          ),
      );
      f.i64(0n).op("return");
    });
    f.get(word).get(address).get(asid).call(this.imports.fence);
    return fence;
  }

  /** () → 0: FENCE.I. Stores drop what was decoded from them. */
  fetchFence(): FunctionReference {
    const fetchFence = this.module.function([], ["i64"]);
    fetchFence.body.i64(0n);
    return fetchFence;
  }

  #copy(f: FunctionBuilder, from: number, to: number): void {
    f.i32(0)
      .i32(0)
      .memory("i64.load", this.hart + from)
      .memory("i64.store", this.hart + to);
  }

  #clear(f: FunctionBuilder, slot: number): void {
    f.i32(0)
      .i64(0n)
      .memory("i64.store", this.hart + slot);
  }
}
