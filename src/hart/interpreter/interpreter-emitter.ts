import type { FunctionBuilder, FunctionReference, Label, Local, TypeReference } from "#wasm/function-builder.ts";
import {
  Counter,
  HartSlot,
  HOT_COUNTER_COUNT,
  HOT_COUNTERS,
  OPERATION_BYTES,
  ORIGINALS,
  PAGE_BYTES,
  TLB_FETCH,
} from "#memory/layout.ts";
import { SCRATCH, STEP, STEP_USED } from "#hart/translation/decoded-pages.ts";
import type { MultiplyFunctions, Value } from "#hart/emit/emitter.ts";
import { pushTlbEntry } from "#hart/emit/memory-code.ts";
import { operands, OperationValues, PAYLOAD, WORD, type OperationCalls } from "./operation-values.ts";
import {
  handlerAt,
  handlers,
  pairs,
  REENTER,
  TRANSLATED,
  type Handler,
  type OperandUse,
} from "#hart/translation/operation.ts";
import { STEP_FLAG } from "#hart/emit/region-calls.ts";

/** Bytes of operations that stand for one page: 4 for each of its bytes. */
const PAGE_OF_OPERATIONS = (PAGE_BYTES / 2) * OPERATION_BYTES;
/** Where the operation of an instruction that spans two pages is run. */
export const SPANNING_PLACE = SCRATCH + PAGE_OF_OPERATIONS - OPERATION_BYTES;

const SATP = 0x180;

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

/** How the interpreter finds what to translate, and runs what was. */
export interface RegionUse {
  /** (address of an operation): jumped to `threshold` times */
  readonly hot: FunctionReference;
  readonly threshold: number;
  /** Of translated regions, called through the table. */
  readonly type: TypeReference;
}

type LoopLabel = "next" | "entered" | "refetch" | "exception" | "trap";

/** Emits the interpreter: one loop that dispatches decoded operations with br_table; each handler is the semantics, emitted. */
export class InterpreterEmitter extends OperationValues {
  readonly #calls: InterpreterCalls;
  readonly #regions: RegionUse | undefined;
  /** pc while fetching. */
  readonly #pc: Local;
  readonly #fetchContext: Local;
  /** Not 0: the next operation is interpreted even where a region begins. */
  readonly #step: Local;
  readonly #uses: OperandUse[] = [];
  #labels: Readonly<Record<LoopLabel, Label>> | undefined;
  #ended = false;

  /** Without `regions` nothing is translated. */
  constructor(
    f: FunctionBuilder,
    calls: InterpreterCalls,
    multiply: MultiplyFunctions,
    regions: RegionUse | undefined,
    hart: number,
  ) {
    super(f, calls, multiply, hart);
    this.#calls = calls;
    this.#regions = regions;
    this.#pc = f.local("i64");
    this.#fetchContext = f.local("i32");
    this.#step = f.local("i32");
  }

  /** Emits the run loop: from the pc and budget slots, until the budget is spent. Yields each instruction's use of its fields, by number. */
  emitLoop(): readonly OperandUse[] {
    const { f } = this;
    this.#loadSlot("i64.load", HartSlot.pc, this.#pc);
    this.#loadSlot("i32.load", HartSlot.budget, this.budget);
    f.loop((refetch) => {
      f.block((trap) => {
        f.block((exception) => {
          this.#emitFetch(trap);
          f.loop((entered) => {
            this.#emitHotness();
            f.loop((next) => {
              this.#labels = { next, entered, refetch, exception, trap };
              this.#emitBudget();
              f.switch(() => f.get(this.ip).memory("i32.load8_u", 0), this.#cases());
            });
          });
        });
        this.storePc();
      });
      this.#storeBudget();
      f.call(this.#calls.trap);
      this.#loadSlot("i32.load", HartSlot.budget, this.budget);
      this.#loadSlot("i64.load", HartSlot.pc, this.#pc);
      f.br(refetch);
    });
    return this.#uses;
  }

  /** From pc to ip, through the fetch TLB. A fault here counts as an instruction begun. */
  #emitFetch(trap: Label): void {
    const { f } = this;
    const entry = f.local("i32");
    const offset = f.local("i64");
    f.get(this.budget)
      .op("i32.eqz")
      .if(() => {
        this.#storePcLocal();
        this.#storeBudget();
        f.op("return");
      });
    this.#loadSlot("i32.load", HartSlot.dataContext, this.dataContext);
    this.#loadSlot("i32.load", HartSlot.fetchContext, this.#fetchContext);
    pushTlbEntry(f, this.#pc, this.#fetchContext);
    f.set(entry);
    f.get(this.#pc).get(entry).memory("i64.load", TLB_FETCH).op("i64.xor").set(offset);
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
          this.#storeBudget();
          f.get(this.#pc)
            .call(this.#calls.memory.fetch)
            .tee(this.page)
            .op("i32.eqz")
            .if(() => {
              this.#storePcLocal();
              f.get(this.budget).i32(1).op("i32.sub").set(this.budget).br(trap);
            });
          this.#loadSlot("i32.load", HartSlot.budget, this.budget);
        },
      );
    f.get(this.#pc).i64(-4096n).op("i64.and").set(this.pageVa);
    f.get(this.page)
      .get(this.#pc)
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
  #emitHotness(): void {
    const { f } = this;
    const regions = this.#regions;
    if (!regions) return;
    const counter = f.local("i32");
    const count = f.local("i32");
    f.get(this.ip).i32(1).op("i32.shr_u");
    f.i32((HOT_COUNTER_COUNT - 1) << 2)
      .op("i32.and")
      .tee(counter);
    f.get(counter).memory("i32.load", HOT_COUNTERS).i32(1).op("i32.add").tee(count).memory("i32.store", HOT_COUNTERS);
    f.get(count)
      .i32(regions.threshold)
      .op("i32.ge_u")
      .if(() => {
        f.get(counter).i32(0).memory("i32.store", HOT_COUNTERS);
        f.get(this.ip).call(regions.hot);
      });
    f.release(counter);
    f.release(count);
  }

  /** Runs the region that begins here, and those it goes on to. */
  #emitRegion(): void {
    const { f } = this;
    if (!this.#regions) return void f.op("unreachable");
    const began = f.local("i32");
    this.#refundBudget();
    f.get(this.budget).set(began);
    f.get(this.pageVa).get(this.budget).get(this.ip).memory("i32.load8_u", 1);
    f.get(this.ip).memory("i32.load", PAYLOAD).callIndirect(this.#regions.type).set(this.budget);
    f.get(this.budget).i32(STEP_FLAG).op("i32.and").set(this.#step);
    f.get(this.budget).i32(~STEP_FLAG).op("i32.and").set(this.budget);
    const counter = this.hart + HartSlot.counters + Counter.translatedInstructions;
    f.i32(0).i32(0).memory("i64.load", counter);
    f.get(began).get(this.budget).op("i32.sub", "i64.extend_i32_u", "i64.add").memory("i64.store", counter);
    f.release(began);
    this.#loadSlot("i64.load", HartSlot.pc, this.#pc);
    f.br(this.#to("refetch"));
  }

  #emitBudget(): void {
    const { f } = this;
    f.get(this.budget)
      .op("i32.eqz")
      .if(() => {
        this.storePc();
        this.#storeBudget();
        f.op("return");
      });
    f.get(this.budget).i32(1).op("i32.sub").set(this.budget);
  }

  #cases(): readonly (() => void)[] {
    return [
      () => this.#emitUndecoded(),
      () => this.#emitReenter(),
      () => this.#emitSpanning(),
      () => this.#emitIllegal(2),
      () => this.#emitIllegal(4),
      () => this.#emitRegion(),
      ...handlers.map((handler) => () => this.#emitHandler(handler)),
      ...pairs.map(
        ([first, second]) =>
          () =>
            this.#emitPair(first, second),
      ),
    ];
  }

  #emitUndecoded(): void {
    const { f } = this;
    this.#refundBudget();
    f.get(this.ip).call(this.#calls.decode).br(this.#to("next"));
  }

  #emitReenter(): void {
    this.#begin(2);
    this.#refundBudget();
    this.push(this.pc());
    this.f.set(this.#pc).br(this.#to("refetch"));
    this.releaseLocals();
  }

  #emitSpanning(): void {
    const { f } = this;
    this.#begin(4);
    f.get(this.page);
    this.push(this.pc());
    f.call(this.#calls.spanning)
      .op("i32.eqz")
      .if(() => {
        this.storePc();
        f.get(this.page).call(this.#calls.decodeSpanning);
        f.i32(0)
          .memory("i32.load", this.hart + HartSlot.exception)
          .brIf(this.#to("trap"));
      });
    this.#refundBudget();
    f.i32(SCRATCH).set(this.page);
    f.i32(SPANNING_PLACE).set(this.ip).br(this.#to("next"));
    this.releaseLocals();
  }

  #emitIllegal(length: 2 | 4): void {
    this.#begin(length);
    this.call("illegal", this.immediate(WORD));
    this.#finish();
  }

  #emitHandler({ instruction, length }: Handler): void {
    this.#begin(length);
    if (instruction.instruction.format === "amo") this.readDestination();
    instruction.instruction.execute(this, operands);
    this.#uses[instruction.number] = this.operandUse();
    this.#finish();
  }

  /** The second may have been decoded anew, or translated, since they were found to be a pair. */
  #emitPair(firstNumber: number, secondNumber: number): void {
    const { f } = this;
    const first = handlerAt(firstNumber);
    const second = handlerAt(secondNumber);
    this.#begin(first.length);
    first.instruction.instruction.execute(this, operands);
    this.endOperation();
    this.#advance();
    f.get(this.ip).memory("i32.load8_u", 0).i32(secondNumber).op("i32.ne").brIf(this.#to("next"));
    this.#emitBudget();
    this.#begin(second.length);
    second.instruction.instruction.execute(this, operands);
    this.#finish();
  }

  /** On to the operation that follows. */
  #advance(): void {
    this.f
      .get(this.ip)
      .i32(this.length * 4)
      .op("i32.add")
      .set(this.ip);
  }

  #begin(length: 2 | 4): void {
    this.beginOperation(length);
    this.#ended = false;
  }

  #finish(): void {
    const { f } = this;
    if (this.helperCalled === "redirects") {
      this.#loadSlot("i64.load", HartSlot.pc, this.#pc);
      f.br(this.#to("refetch"));
    } else if (this.helperCalled === "csr") {
      this.#finishCsr();
    } else if (this.helperCalled === "continues") {
      this.push(this.nextPc());
      f.set(this.#pc).br(this.#to("refetch"));
    } else if (!this.#ended) {
      this.#advance();
      f.br(this.#to("next"));
    }
    this.endOperation();
  }

  protected override exceptionLabel(): Label {
    return this.#to("exception");
  }

  /** All but satp leave the page where it is. */
  #finishCsr(): void {
    const { f } = this;
    f.get(this.ip).memory("i32.load", PAYLOAD).i32(20).op("i32.shr_u").i32(SATP).op("i32.eq");
    f.unlikely().if(() => {
      this.push(this.nextPc());
      f.set(this.#pc).br(this.#to("refetch"));
    });
    this.#loadSlot("i32.load", HartSlot.dataContext, this.dataContext);
    this.#advance();
    f.br(this.#to("entered"));
  }

  override branchIf(condition: Value): void {
    this.pushCondition(condition);
    this.f.if(() => this.#jump());
  }

  override jump(): void {
    this.#jump();
    this.#ended = true;
  }

  override jumpTo(address: Value): void {
    const { f } = this;
    this.push(address);
    f.set(this.#pc);
    f.get(this.#pc)
      .get(this.pageVa)
      .op("i64.xor")
      .i64(BigInt(PAGE_BYTES))
      .op("i64.lt_u")
      .if(() => {
        f.get(this.page).get(this.#pc).op("i32.wrap_i64").i32(0xfff).op("i32.and").i32(2).op("i32.shl", "i32.add");
        f.set(this.ip).br(this.#to("entered"));
      });
    f.br(this.#to("refetch"));
    this.#ended = true;
  }

  /** Within the page, only ip moves. */
  #jump(): void {
    const { f } = this;
    const target = f.local("i32");
    f.get(this.ip).get(this.page).op("i32.sub");
    f.get(this.ip).memory("i32.load", PAYLOAD).i32(2).op("i32.shl", "i32.add").set(target);
    f.get(target)
      .i32(PAGE_OF_OPERATIONS)
      .op("i32.lt_u")
      .if(() => {
        f.get(this.page).get(target).op("i32.add").set(this.ip).br(this.#to("entered"));
      });
    f.get(this.pageVa).get(target).i32(2).op("i32.shr_s", "i64.extend_i32_s", "i64.add").set(this.#pc);
    f.br(this.#to("refetch"));
    f.release(target);
  }

  #refundBudget(): void {
    this.f.get(this.budget).i32(1).op("i32.add").set(this.budget);
  }

  #storePcLocal(): void {
    this.f
      .i32(0)
      .get(this.#pc)
      .memory("i64.store", this.hart + HartSlot.pc);
  }

  #storeBudget(): void {
    this.f
      .i32(0)
      .get(this.budget)
      .memory("i32.store", this.hart + HartSlot.budget);
  }

  #loadSlot(load: "i32.load" | "i64.load", slot: number, into: Local): void {
    this.f
      .i32(0)
      .memory(load, this.hart + slot)
      .set(into);
  }

  #to(label: LoopLabel): Label {
    if (!this.#labels) throw new Error("an instruction is emitted within the loop");
    return this.#labels[label];
  }
}
