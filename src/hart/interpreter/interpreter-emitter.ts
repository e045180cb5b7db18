import type { Label } from "#wasm/function-builder.ts";
import { HartSlot, OPERATION_BYTES, PAGE_BYTES } from "#memory/layout.ts";
import { SCRATCH } from "#hart/translation/decoded-pages.ts";
import type { Value } from "#hart/emit/value-stack.ts";
import { handlerAt, handlers, pairs, type Handler, type OperandUse } from "#hart/translation/operation.ts";
import { FetchCode } from "./fetch-code.ts";
import { operands, PAYLOAD, WORD } from "./operation-values.ts";

/** Bytes of operations that stand for one page: 4 for each of its bytes. */
const PAGE_OF_OPERATIONS = (PAGE_BYTES / 2) * OPERATION_BYTES;
/** Where the operation of an instruction that spans two pages is run. */
export const SPANNING_PLACE = SCRATCH + PAGE_OF_OPERATIONS - OPERATION_BYTES;

const SATP = 0x180;

type LoopLabel = "next" | "entered" | "refetch" | "exception" | "trap";

/** Emits the interpreter: one loop that dispatches decoded operations with br_table; each handler is the semantics, emitted. */
export class InterpreterEmitter extends FetchCode {
  readonly #uses: OperandUse[] = [];
  #labels: Readonly<Record<LoopLabel, Label>> | undefined;
  #ended = false;

  /** Emits the run loop: from the pc and budget slots, until the budget is spent. Yields each instruction's use of its fields, by number. */
  emitLoop(): readonly OperandUse[] {
    const { f } = this;
    this.loadSlot("i64.load", HartSlot.pc, this.fetchPc);
    this.loadSlot("i32.load", HartSlot.budget, this.budget);
    f.loop((refetch) => {
      f.block((trap) => {
        f.block((exception) => {
          this.emitFetch(trap);
          f.loop((entered) => {
            this.emitHotness();
            f.loop((next) => {
              this.#labels = { next, entered, refetch, exception, trap };
              this.emitBudget();
              f.switch(() => f.get(this.ip).memory("i32.load8_u", 0), this.#cases());
            });
          });
        });
        this.storePc();
      });
      this.storeBudget();
      f.call(this.calls.trap);
      this.loadSlot("i32.load", HartSlot.budget, this.budget);
      this.loadSlot("i64.load", HartSlot.pc, this.fetchPc);
      f.br(refetch);
    });
    return this.#uses;
  }

  #cases(): readonly (() => void)[] {
    return [
      () => this.#emitUndecoded(),
      () => this.#emitReenter(),
      () => this.#emitSpanning(),
      () => this.#emitIllegal(2),
      () => this.#emitIllegal(4),
      () => this.emitRegion(this.#to("refetch")),
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
    this.refundBudget();
    this.storeBudget();
    f.get(this.ip).call(this.calls.decode);
    this.loadSlot("i32.load", HartSlot.budget, this.budget);
    f.br(this.#to("next"));
  }

  #emitReenter(): void {
    this.#begin(2);
    this.refundBudget();
    this.push(this.pc());
    this.f.set(this.fetchPc).br(this.#to("refetch"));
    this.releaseLocals();
  }

  #emitSpanning(): void {
    const { f } = this;
    this.#begin(4);
    f.get(this.page);
    this.push(this.pc());
    f.call(this.calls.spanning)
      .op("i32.eqz")
      .if(() => {
        this.storePc();
        f.get(this.page).call(this.calls.decodeSpanning);
        f.i32(0)
          .memory("i32.load", this.hart + HartSlot.exception)
          .brIf(this.#to("trap"));
      });
    this.refundBudget();
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
    this.emitBudget();
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
      this.loadSlot("i64.load", HartSlot.pc, this.fetchPc);
      f.br(this.#to("refetch"));
    } else if (this.helperCalled === "csr") {
      this.#finishCsr();
    } else if (this.helperCalled === "continues") {
      this.push(this.nextPc());
      f.set(this.fetchPc).br(this.#to("refetch"));
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
      f.set(this.fetchPc).br(this.#to("refetch"));
    });
    this.loadSlot("i32.load", HartSlot.dataContext, this.dataContext);
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
    f.set(this.fetchPc);
    f.get(this.fetchPc)
      .get(this.pageVa)
      .op("i64.xor")
      .i64(BigInt(PAGE_BYTES))
      .op("i64.lt_u")
      .if(() => {
        f.get(this.page).get(this.fetchPc).op("i32.wrap_i64").i32(0xfff).op("i32.and").i32(2).op("i32.shl", "i32.add");
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
    f.get(this.pageVa).get(target).i32(2).op("i32.shr_s", "i64.extend_i32_s", "i64.add").set(this.fetchPc);
    f.br(this.#to("refetch"));
    f.release(target);
  }

  #to(label: LoopLabel): Label {
    if (!this.#labels) throw new Error("an instruction is emitted within the loop");
    return this.#labels[label];
  }
}
