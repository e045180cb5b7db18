import type { FunctionBuilder, FunctionReference, Label, Local, TypeReference } from "#wasm/function-builder.ts";
import {
  Counter,
  HartSlot,
  HOT_COUNTER_COUNT,
  HOT_COUNTERS,
  ORIGINALS,
  PAGE_BYTES,
  TLB_FETCH,
} from "#memory/layout.ts";
import { STEP, STEP_USED } from "#hart/translation/decoded-pages.ts";
import type { MultiplyFunctions } from "#hart/emit/emitter.ts";
import { pushTlbEntry } from "#hart/emit/tlb-code.ts";
import { STEP_FLAG } from "#hart/emit/region-calls.ts";
import { REENTER, TRANSLATED } from "#hart/translation/operation.ts";
import { OperationValues, PAYLOAD, type OperationCalls } from "./operation-values.ts";

/** What the interpreter's loop calls. */
export interface InterpreterCalls extends OperationCalls {
  /** (address of an operation): decodes what stands there */
  readonly decode: FunctionReference;
  /** (decoded page, pc) → whether the instruction there, which spans two pages, stands at `SPANNING_PLACE` now */
  readonly spanning: FunctionReference;
  /** (decoded page): decodes the instruction at the pc slot, which spans two pages, to `SPANNING_PLACE`, or raises */
  readonly decodeSpanning: FunctionReference;
  /** Takes the trap for the `exception` slot; pc is where it happened, and then where the trap handler is. */
  readonly trap: FunctionReference;
}

/** Where an operation's count of declined arrivals is, from its count of arrivals: half of the counters away. */
const DECLINED = (HOT_COUNTER_COUNT / 2) << 2;

/** How the interpreter finds what to translate, and runs what was. */
export interface RegionUse {
  /** (address of an operation): jumped to `threshold` times */
  readonly hot: FunctionReference;
  /** (address of an operation that is an entry): so often its region did not take the instruction there */
  readonly declined: FunctionReference;
  readonly threshold: number;
  /** Of translated regions, called through the table. */
  readonly type: TypeReference;
}

/** How the interpreter's loop comes from a pc to the operation there: fetch, budget, counts of arrivals, translated regions. */
export abstract class FetchCode extends OperationValues {
  protected override readonly calls: InterpreterCalls;
  readonly #regions: RegionUse | undefined;
  /** pc while fetching. */
  protected readonly fetchPc: Local;
  readonly #fetchContext: Local;
  /** Not 0: the next operation is interpreted even where a region begins. */
  readonly #step: Local;

  /** Without `regions` nothing is translated. */
  constructor(
    f: FunctionBuilder,
    calls: InterpreterCalls,
    multiply: MultiplyFunctions,
    regions: RegionUse | undefined,
    hart: number,
  ) {
    super(f, calls, multiply, hart);
    this.calls = calls;
    this.#regions = regions;
    this.fetchPc = f.local("i64");
    this.#fetchContext = f.local("i32");
    this.#step = f.local("i32");
  }

  /** From pc to ip, through the fetch TLB. A fault here counts as an instruction begun. */
  protected emitFetch(trap: Label): void {
    const { f } = this;
    const entry = f.local("i32");
    const offset = f.local("i64");
    f.get(this.budget)
      .op("i32.eqz")
      .if(() => {
        this.#storePcLocal();
        this.storeBudget();
        f.op("return");
      });
    this.loadSlot("i32.load", HartSlot.dataContext, this.dataContext);
    this.loadSlot("i32.load", HartSlot.fetchContext, this.#fetchContext);
    pushTlbEntry(f, this.fetchPc, this.#fetchContext);
    f.set(entry);
    f.get(this.fetchPc).get(entry).memory("i64.load", TLB_FETCH).op("i64.xor").set(offset);
    f.get(offset)
      .i64(BigInt(PAGE_BYTES))
      .op("i64.lt_u")
      .if(
        () =>
          f
            .get(entry)
            .memory("i32.load", TLB_FETCH + 8)
            .set(this.page),
        () => {
          this.storeBudget();
          f.get(this.fetchPc)
            .call(this.calls.memory.fetch)
            .tee(this.page)
            .op("i32.eqz")
            .if(() => {
              this.#storePcLocal();
              f.get(this.budget).i32(1).op("i32.sub").set(this.budget).br(trap);
            });
          this.loadSlot("i32.load", HartSlot.budget, this.budget);
        },
      );
    f.get(this.fetchPc).i64(-4096n).op("i64.and").set(this.pageVa);
    f.get(this.page)
      .get(this.fetchPc)
      .op("i32.wrap_i64")
      .i32(0xfff)
      .op("i32.and")
      .i32(2)
      .op("i32.shl", "i32.add")
      .set(this.ip);
    f.release(entry);
    f.release(offset);
    if (this.#regions) f.get(this.#step).if(() => this.#emitStep());
  }

  /** Where a region begins that did not take this instruction, its own operation is run, from the step page. */
  #emitStep(): void {
    const { f } = this;
    const at = f.local("i32");
    f.i32(0).set(this.#step);
    f.get(this.ip)
      .memory("i32.load8_u")
      .i32(TRANSLATED)
      .op("i32.eq")
      .if(() => {
        this.#countHere(this.#regions?.declined, DECLINED);
        // What stood there last would be run again by a jump to it.
        f.i32(0).memory("i32.load", STEP_USED).i64(BigInt(REENTER)).memory("i64.store");
        f.get(this.ip).get(this.page).op("i32.sub").i32(STEP).op("i32.add").set(at);
        f.i32(0).get(at).memory("i32.store", STEP_USED);
        f.get(at).get(this.ip).memory("i32.load16_u", 2).i32(3).op("i32.shl").memory("i64.load", ORIGINALS);
        f.memory("i64.store");
        f.get(at).set(this.ip).i32(STEP).set(this.page);
      });
    f.release(at);
  }

  /** Counts arrivals at this operation. */
  protected emitHotness(): void {
    this.#countHere(this.#regions?.hot, 0);
  }

  /** Counts at this operation, and calls `target` whenever it is enough. `kind` keeps counts of one operation apart. */
  #countHere(target: FunctionReference | undefined, kind: number): void {
    const { f } = this;
    const regions = this.#regions;
    if (!regions || !target) return;
    const counter = f.local("i32");
    const count = f.local("i32");
    f.get(this.ip).i32(1).op("i32.shr_u");
    f.i32((HOT_COUNTER_COUNT - 1) << 2).op("i32.and");
    if (kind !== 0) f.i32(kind).op("i32.xor");
    f.tee(counter);
    f.get(counter).memory("i32.load", HOT_COUNTERS).i32(1).op("i32.add").tee(count).memory("i32.store", HOT_COUNTERS);
    f.get(count)
      .i32(regions.threshold)
      .op("i32.ge_u")
      .if(() => {
        f.get(counter).i32(0).memory("i32.store", HOT_COUNTERS);
        f.get(this.ip).call(target);
      });
    f.release(counter);
    f.release(count);
  }

  /** Runs the region that begins here, and those it goes on to. */
  protected emitRegion(refetch: Label): void {
    const { f } = this;
    if (!this.#regions) return void f.op("unreachable");
    const began = f.local("i32");
    this.refundBudget();
    f.get(this.budget).set(began);
    f.get(this.pageVa).get(this.budget).get(this.ip).memory("i32.load8_u", 1);
    f.get(this.ip).memory("i32.load", PAYLOAD).callIndirect(this.#regions.type).set(this.budget);
    f.get(this.budget).i32(STEP_FLAG).op("i32.and").set(this.#step);
    f.get(this.budget).i32(~STEP_FLAG).op("i32.and").set(this.budget);
    const counter = this.hart + HartSlot.counters + Counter.translatedInstructions;
    f.i32(0).i32(0).memory("i64.load", counter);
    f.get(began).get(this.budget).op("i32.sub", "i64.extend_i32_u", "i64.add").memory("i64.store", counter);
    f.release(began);
    this.loadSlot("i64.load", HartSlot.pc, this.fetchPc);
    f.br(refetch);
  }

  protected emitBudget(): void {
    const { f } = this;
    f.get(this.budget)
      .op("i32.eqz")
      .if(() => {
        this.storePc();
        this.storeBudget();
        f.op("return");
      });
    f.get(this.budget).i32(1).op("i32.sub").set(this.budget);
  }

  protected refundBudget(): void {
    this.f.get(this.budget).i32(1).op("i32.add").set(this.budget);
  }

  #storePcLocal(): void {
    this.f
      .i32(0)
      .get(this.fetchPc)
      .memory("i64.store", this.hart + HartSlot.pc);
  }

  protected storeBudget(): void {
    this.f
      .i32(0)
      .get(this.budget)
      .memory("i32.store", this.hart + HartSlot.budget);
  }

  protected loadSlot(load: "i32.load" | "i64.load", slot: number, into: Local): void {
    this.f
      .i32(0)
      .memory(load, this.hart + slot)
      .set(into);
  }
}
