import type { FunctionBuilder, FunctionReference, Local } from "#wasm/function-builder.ts";
import type { ModuleBuilder } from "#wasm/module-builder.ts";
import { HartSlot, TLB_BARE, TLB_SUM, TLB_SUPERVISOR } from "#memory/layout.ts";
import { Status } from "#hart/state/status.ts";
import type { TlbFunctions } from "./tlb-code.ts";

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

/** What emitted traps and CSR accesses both need: slots, and what follows of a change of them. */
export abstract class HartCode {
  protected readonly module: ModuleBuilder;
  protected readonly imports: PrivilegedImports;
  protected readonly tlbs: TlbFunctions;
  /** Where the hart's state stands. */
  protected readonly hart: number;

  constructor(module: ModuleBuilder, imports: PrivilegedImports, tlbs: TlbFunctions, hart: number) {
    this.module = module;
    this.imports = imports;
    this.tlbs = tlbs;
    this.hart = hart;
  }

  /** `updateContexts` of translation.ts, for S- and U-mode. */
  protected updateContexts(f: FunctionBuilder, mode: () => void, status: Local): void {
    const bank = f.local("i32");
    const data = f.local("i32");
    const fetch = f.local("i32");
    this.load64(f, HartSlot.satp)
      .op("i64.eqz")
      .if(
        () => f.i32(TLB_BARE).set(data).i32(TLB_BARE).set(fetch),
        () => {
          this.load32(f, HartSlot.tlbBank).set(bank);
          f.get(bank).i32(TLB_SUM).op("i32.add").i32(TLB_SUPERVISOR).get(status).i32(Status.SUM).op("i32.and");
          f.op("select").get(bank);
          mode();
          f.op("select").set(data);
          f.i32(TLB_SUPERVISOR).get(bank);
          mode();
          f.op("select").set(fetch);
        },
      );
    this.store32(f, HartSlot.dataContext, () => f.get(data));
    this.store32(f, HartSlot.fetchContext, () => f.get(fetch));
  }

  protected checkInterrupts(f: FunctionBuilder): void {
    this.load32(f, HartSlot.mip);
    this.load32(f, HartSlot.mie)
      .op("i32.and")
      .if(() => f.call(this.imports.interruptsChanged));
  }

  protected load32(f: FunctionBuilder, slot: number): FunctionBuilder {
    return f.i32(0).memory("i32.load", this.hart + slot);
  }

  protected load64(f: FunctionBuilder, slot: number): FunctionBuilder {
    return f.i32(0).memory("i64.load", this.hart + slot);
  }

  protected store32(f: FunctionBuilder, slot: number, value: () => void): void {
    f.i32(0);
    value();
    f.memory("i32.store", this.hart + slot);
  }
}
