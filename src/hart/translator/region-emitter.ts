import type { FunctionBuilder, Label, Local } from "#wasm/function-builder.ts";
import { DECODED, DECODED_PAGE_BYTES, HartSlot, PAGE_BYTES } from "#memory/layout.ts";
import type { Value } from "#hart/emit/value-stack.ts";
import { TRANSLATED } from "#hart/translation/operation.ts";
import { STEP_FLAG } from "#hart/emit/region-calls.ts";
import { planFlow, type FlowPlan } from "./region-flow.ts";
import { RegionValues, type RegionCalls } from "./region-values.ts";
import { targetsOf, type Block, type Region } from "./region.ts";

/** Where a region stands. */
export interface RegionPlace {
  /** Index of the decoded page of its code. */
  readonly decodedPage: number;
  /** Its place in the table. */
  readonly tableIndex: number;
}

/** How the last instruction of a block goes on. */
type Ending =
  | { readonly type: "direct" }
  | { readonly type: "branch"; readonly condition: Value }
  | { readonly type: "indirect" };

const OFFSET_BITS = 12;
/** Of an operation that is an entry, the handler and the place in the table. */
const OWN_MASK = -0x1_0000_0000n | 0xffn;

/**
 * Emits one region as one function: registers in locals, loaded when it is entered and stored when it is left; its control flow
 * structured; instructions counted a block at a time, and the budget looked at wherever a loop begins, so that the next
 * instructions up to there surely fit. What it cannot do it leaves to the interpreter, before the instruction has any effect.
 */
export class RegionEmitter extends RegionValues {
  readonly #region: Region;
  readonly #place: RegionPlace;
  readonly #successors: readonly (readonly number[])[];
  readonly #plan: FlowPlan;
  readonly #entry: Local;
  /** Where to go on, when leaving. */
  readonly #pc: Local;
  /** Where to go on when an instruction is not for us: its offset, and above it what to give back of the budget. */
  readonly #at: Local;
  /** `STEP_FLAG`, or 0. */
  readonly #flag: Local;
  readonly #longest = new Map<number, number>();
  readonly #nodeOf = new Map<number, number>();
  readonly #loopLabels = new Map<number, Label>();
  readonly #mergeLabels = new Map<number, Label>();
  #dispatch: Label = { depth: 0 };
  #leave: Label = { depth: 0 };
  #bail: Label = { depth: 0 };
  /** Instructions of this block from the present one on. */
  #rest = 0;
  #ending: Ending = { type: "direct" };

  constructor(f: FunctionBuilder, calls: RegionCalls, hart: number, region: Region, place: RegionPlace) {
    const [pageVa, budget, entry] = f.parameters as [Local, Local, Local];
    super(f, calls, hart, pageVa, budget);
    this.#region = region;
    this.#place = place;
    this.#entry = entry;
    this.#pc = f.local("i64");
    this.#at = f.local("i32");
    this.#flag = f.local("i32");
    for (const [node, { offset }] of region.blocks.entries()) this.#nodeOf.set(offset, node);
    this.#successors = region.blocks.map((block) => this.#successorsOf(block));
    this.#plan = planFlow({
      successors: this.#successors,
      entries: region.entries.flatMap((offset) => this.#nodeOf.get(offset) ?? []),
    });
  }

  emit(): void {
    const { f } = this;
    f.loop((dispatch) => {
      this.#dispatch = dispatch;
      f.block((out) => {
        f.block((leave) => {
          this.#leave = leave;
          f.block((bail) => {
            this.#bail = bail;
            this.#emitWithin(this.#root);
          });
          this.#emitBail();
          f.br(out);
        });
        this.#emitLeave();
      });
    });
    this.#emitOut();
    f.atStart(() => this.loadRegisters());
  }

  get #root(): number {
    return this.#region.blocks.length;
  }

  #successorsOf(block: Block): readonly number[] {
    if (block.end === "interpret") return [];
    const last = block.instructions.at(-1);
    const targets = last === undefined ? [] : (targetsOf(last) ?? []);
    return targets.flatMap((offset) => this.#nodeOf.get(offset) ?? []);
  }

  // Leaving.

  /** At an instruction that is not for us: the interpreter is to run it. */
  #emitBail(): void {
    const { f } = this;
    f.get(this.pageVa)
      .get(this.#at)
      .i32(PAGE_BYTES - 1)
      .op("i32.and", "i64.extend_i32_u", "i64.add")
      .set(this.#pc);
    f.get(this.budget).get(this.#at).i32(OFFSET_BITS).op("i32.shr_u", "i32.add").set(this.budget);
    f.i32(STEP_FLAG).set(this.#flag);
  }

  /** At pc: where it is one of our own entries, goes on there. */
  #emitLeave(): void {
    const { f } = this;
    const found = f.local("i64");
    f.i32(0).set(this.#flag);
    if (!this.calls.goOn) return;
    f.get(this.#pc).get(this.pageVa).op("i64.xor").i64(BigInt(PAGE_BYTES)).op("i64.lt_u");
    f.if(() => {
      f.get(this.#pc)
        .op("i32.wrap_i64")
        .i32(PAGE_BYTES - 1);
      f.op("i32.and").i32(2).op("i32.shl");
      f.memory("i64.load", DECODED + this.#place.decodedPage * DECODED_PAGE_BYTES).tee(found);
      f.op("i32.wrap_i64").i32(8).op("i32.shr_u").i32(0xff).op("i32.and").set(this.#entry);
      // All that is not the entry's number, or where its operation is kept.
      f.get(found).i64(OWN_MASK).op("i64.and");
      f.i64((BigInt(this.#place.tableIndex) << 32n) | BigInt(TRANSLATED))
        .op("i64.eq")
        .brIf(this.#dispatch);
    });
    f.release(found);
  }

  #emitOut(): void {
    const { f } = this;
    this.storeRegisters();
    const { goOn } = this.calls;
    if (goOn)
      f.get(this.#flag)
        .op("i32.eqz")
        .if(() => f.get(this.#pc).get(this.budget).returnCall(goOn));
    f.i32(0)
      .get(this.#pc)
      .memory("i64.store", this.hart + HartSlot.pc);
    f.get(this.budget).get(this.#flag).op("i32.or");
  }

  // Control flow.

  #emitTree(node: number): void {
    if (!this.#plan.isLoop[node]) return this.#emitWithin(node);
    this.f.loop((start) => {
      this.#loopLabels.set(node, start);
      this.#emitWithin(node);
    });
  }

  #emitWithin(node: number): void {
    const merges = this.#plan.merges[node] ?? [];
    const open = (count: number): void => {
      const merge = merges[count - 1];
      if (merge === undefined) return this.#emitNode(node);
      this.f.block((end) => {
        this.#mergeLabels.set(merge, end);
        open(count - 1);
      });
      this.#emitTree(merge);
    };
    open(merges.length);
  }

  #emitNode(node: number): void {
    const block = this.#region.blocks[node];
    if (block) this.#emitBlock(node, block);
    else this.#emitDispatch();
  }

  #emitDispatch(): void {
    const labels = this.#plan.dispatched.map((node) => labelOf(this.#mergeLabels, node));
    const [first] = labels;
    if (!first) throw new Error("a region has an entry");
    if (labels.length === 1) this.f.br(first);
    else this.f.get(this.#entry).brTable(labels, first);
  }

  #emitBlock(node: number, block: Block): void {
    const { f } = this;
    const count = block.instructions.length;
    if (this.#isChecked(node)) {
      f.get(this.budget)
        .i32(this.#longestFrom(node))
        .op("i32.lt_s")
        .unlikely()
        .if(() => this.#emitInterpret(block.offset));
    }
    f.get(this.budget).i32(count).op("i32.sub").set(this.budget);
    this.beginBlock();
    for (const [index, instruction] of block.instructions.entries()) {
      this.#rest = count - index;
      this.#ending = { type: "direct" };
      this.emitInstruction(instruction);
      if (index < count - 1) this.releaseLocals();
    }
    this.#emitEnding(node, block);
  }

  #emitEnding(node: number, block: Block): void {
    const last = block.instructions.at(-1);
    const ending = this.#ending;
    if (ending.type === "branch") this.consumeCondition(ending.condition);
    this.releaseLocals();
    if (block.end === "interpret" || last === undefined) return this.#emitInterpret(block.endOffset);
    if (ending.type === "indirect") return void this.f.br(this.#leave);
    const [first, second] = targetsOf(last) ?? [];
    if (ending.type === "branch") {
      const label = this.#labelTo(node, first ?? 0);
      if (label) this.f.brIf(label);
      else this.f.if(() => this.#goTo(node, first ?? 0));
      return this.#goTo(node, second ?? 0);
    }
    this.#goTo(node, first ?? 0);
  }

  /** Where a branch alone takes an edge. */
  #labelTo(from: number, offset: number): Label | undefined {
    const to = this.#nodeOf.get(offset);
    const kind = to === undefined ? undefined : this.#plan.edge(from, to);
    if (to === undefined || (kind !== "back" && kind !== "forward")) return undefined;
    return labelOf(kind === "back" ? this.#loopLabels : this.#mergeLabels, to);
  }

  /** The block goes on with what only the interpreter does. */
  #emitInterpret(offset: number): void {
    this.f.i32(offset).set(this.#at).br(this.#bail);
  }

  #goTo(from: number, offset: number): void {
    const { f } = this;
    const to = this.#nodeOf.get(offset);
    if (to === undefined) {
      f.get(this.pageVa).i64(BigInt(offset)).op("i64.add").set(this.#pc).br(this.#leave);
      return;
    }
    const kind = this.#plan.edge(from, to);
    if (kind === "inline") return this.#emitTree(to);
    if (kind === "dispatch") f.i32(this.#plan.dispatched.indexOf(to)).set(this.#entry).br(this.#dispatch);
    else f.br(labelOf(kind === "back" ? this.#loopLabels : this.#mergeLabels, to));
  }

  #isChecked(node: number): boolean {
    return this.#plan.isLoop[node] === true || this.#plan.dispatched.includes(node);
  }

  /** Most instructions from a node's beginning to the next place where the budget is looked at. */
  #longestFrom(node: number): number {
    const known = this.#longest.get(node);
    if (known !== undefined) return known;
    const block = this.#region.blocks[node];
    if (!block) return 0;
    const after = (this.#successors[node] ?? []).map((next) => (this.#isChecked(next) ? 0 : this.#longestFrom(next)));
    const longest = block.instructions.length + Math.max(0, ...after);
    this.#longest.set(node, longest);
    return longest;
  }

  override branchIf(condition: Value): void {
    this.#ending = { type: "branch", condition };
  }

  override jump(): void {}

  override jumpTo(address: Value): void {
    this.consume(address);
    this.f.set(this.#pc);
    this.#ending = { type: "indirect" };
  }

  protected override pushBudgetBehind(): void {
    this.f
      .get(this.budget)
      .i32(this.#rest - 1)
      .op("i32.add");
  }

  protected override leaveBehind(): void {
    const { f } = this;
    const { offset, length } = this.present;
    f.i32(0)
      .memory("i32.load", this.hart + HartSlot.budget)
      .set(this.budget);
    f.get(this.pageVa)
      .i64(BigInt(offset + length))
      .op("i64.add")
      .set(this.#pc)
      .br(this.#leave);
  }

  protected override bailHere(): void {
    this.f
      .i32(this.present.offset | (this.#rest << OFFSET_BITS))
      .set(this.#at)
      .br(this.#bail);
  }
}

function labelOf(labels: ReadonlyMap<number, Label>, node: number): Label {
  const label = labels.get(node);
  if (!label) throw new Error(`no label stands around node ${node}`);
  return label;
}
