import { Cause } from "#riscv/engine.ts";
import type { FunctionBuilder, FunctionReference, Local } from "#wasm/function-builder.ts";
import type { ModuleBuilder } from "#wasm/module-builder.ts";
import {
  Counter,
  DECODED,
  DECODED_PAGE_BYTES,
  HartSlot,
  PageFlag,
  RAM_BASE,
  TLB_FETCH,
  TLB_READ,
  TLB_WRITE,
  type MemoryLayout,
} from "#memory/layout.ts";
import { emitBeforeStore } from "./code-store-code.ts";
import type { MemoryFunctions, MemoryImports } from "./memory-functions.ts";
import { emitCount, emitRaise, pushSlot } from "./slot-code.ts";
import { DeviceAnswer } from "./region-calls.ts";
import { emitLogFill, pushTlbEntry } from "./tlb-code.ts";
import { emitWalk, FETCH, READ, WRITE } from "./walk-code.ts";

const PAGE_OFFSET = 0xfff;

/** Emits TLB refill and the slow paths of load, store and fetch for one hart, as wasm functions. */
export function emitMemoryFunctions(
  module: ModuleBuilder,
  imports: MemoryImports,
  layout: MemoryLayout,
  hart: number,
): MemoryFunctions {
  const code = new MemoryCode(module, imports, layout, hart);
  return {
    load: code.load(),
    store: code.store(),
    probe: code.probe(),
    fetch: code.fetch(),
    hostForLoad: code.hostFor(READ),
    hostForStore: code.hostFor(WRITE),
    loadFromDevice: code.deviceFor(READ),
    storeToDevice: code.deviceFor(WRITE),
  };
}

class MemoryCode {
  readonly #module: ModuleBuilder;
  readonly #imports: MemoryImports;
  readonly #layout: MemoryLayout;
  readonly #hart: number;
  readonly #walk: FunctionReference;
  /** Changes nothing: what a region asks, who may not have come to the access yet. */
  readonly #look: FunctionReference;

  constructor(module: ModuleBuilder, imports: MemoryImports, layout: MemoryLayout, hart: number) {
    this.#module = module;
    this.#imports = imports;
    this.#layout = layout;
    this.#hart = hart;
    this.#walk = emitWalk(module, layout, hart, imports);
    this.#look = emitWalk(module, layout, hart);
  }

  /** (va, width) → value. Crossing a page, it reads byte by byte. */
  load(): FunctionReference {
    const load = this.#module.function(["i64", "i32"], ["i64"]);
    const f = load.body;
    const [va, width] = f.parameters as [Local, Local];
    const physical = f.local("i64");
    const offset = f.local("i64");
    const value = f.local("i64");
    const index = f.local("i32");
    this.#ifCrossing(f, va, width, () => {
      f.i64(0n).set(value).i32(0).set(index);
      f.loop((again) => {
        f.get(va).get(index).op("i64.extend_i32_u", "i64.add").i32(1).call(load);
        f.get(index).i32(3).op("i32.shl", "i64.extend_i32_u", "i64.shl");
        f.get(value).op("i64.or").set(value);
        this.#returnOnException(f, () => f.i64(0n));
        f.get(index).i32(1).op("i32.add").tee(index).get(width).op("i32.lt_u").brIf(again);
      });
      f.get(value).op("return");
    });
    this.#translate(f, va, READ, physical, () => f.i64(0n));
    this.#ramOffset(f, physical, offset);
    f.if(() => {
      this.#refill(f, va, offset, TLB_READ, HartSlot.dataContext);
      this.#host(f, offset, index);
      const loads = ["i64.load8_u", "i64.load16_u", "i64.load32_u", "i64.load"] as const;
      this.#byWidth(f, width, (n) =>
        f
          .get(index)
          .memory(loads[n] ?? "i64.load")
          .op("return"),
      );
    });
    f.get(va).get(physical).get(width).call(this.#imports.readDevice);
    return load;
  }

  /** (va, width, value). Crossing a page, it first makes sure that both pages can be written. */
  store(): FunctionReference {
    const store = this.#module.function(["i64", "i32", "i64"], []);
    const f = store.body;
    const [va, width, value] = f.parameters as [Local, Local, Local];
    const physical = f.local("i64");
    const offset = f.local("i64");
    const index = f.local("i32");
    this.#ifCrossing(f, va, width, () => {
      this.#translate(f, va, WRITE, physical);
      f.get(va).get(width).op("i64.extend_i32_u", "i64.add").i64(1n).op("i64.sub").i64(~0xfffn).op("i64.and");
      f.i32(WRITE).call(this.#walk).set(physical);
      this.#returnOnException(f);
      f.i32(0).set(index);
      f.loop((again) => {
        f.get(va).get(index).op("i64.extend_i32_u", "i64.add").i32(1);
        f.get(value).get(index).i32(3).op("i32.shl", "i64.extend_i32_u", "i64.shr_u").call(store);
        f.get(index).i32(1).op("i32.add").tee(index).get(width).op("i32.lt_u").brIf(again);
      });
      f.op("return");
    });
    this.#translate(f, va, WRITE, physical);
    this.#ramOffset(f, physical, offset);
    f.if(() => {
      const { imports, layout } = { imports: this.#imports, layout: this.#layout };
      const open = () => this.#refill(f, va, offset, TLB_WRITE, HartSlot.dataContext);
      emitBeforeStore(f, { imports, layout, offset, width }, open);
      this.#host(f, offset, index);
      const stores = ["i64.store8", "i64.store16", "i64.store32", "i64.store"] as const;
      this.#byWidth(f, width, (n) =>
        f
          .get(index)
          .get(value)
          .memory(stores[n] ?? "i64.store")
          .op("return"),
      );
    });
    f.get(va).get(physical).get(width).get(value).call(this.#imports.writeDevice);
    return store;
  }

  probe(): FunctionReference {
    const probe = this.#module.function(["i64"], []);
    const f = probe.body;
    const [va] = f.parameters as [Local];
    const physical = f.local("i64");
    const offset = f.local("i64");
    this.#translate(f, va, WRITE, physical);
    this.#ramOffset(f, physical, offset);
    f.op("i32.eqz").if(() => emitRaise(f, this.#hart, () => f.i32(Cause.StoreAccessFault), va));
    return probe;
  }

  /** (pc) → decoded page. */
  fetch(): FunctionReference {
    const fetch = this.#module.function(["i64"], ["i32"]);
    const f = fetch.body;
    const [pc] = f.parameters as [Local];
    const physical = f.local("i64");
    const offset = f.local("i64");
    const page = f.local("i32");
    const decoded = f.local("i32");
    const context = f.local("i32");
    this.#translate(f, pc, FETCH, physical, () => f.i32(0));
    this.#ramOffset(f, physical, offset);
    f.op("i32.eqz").if(() => {
      emitRaise(f, this.#hart, () => f.i32(Cause.InstructionAccessFault), pc);
      f.i32(0).op("return");
    });
    f.get(offset).i64(12n).op("i64.shr_u", "i32.wrap_i64").set(page);
    f.get(page).i32(2).op("i32.shl").memory("i32.load", this.#layout.decodedIndex).set(decoded);
    f.get(decoded)
      .op("i32.eqz")
      .if(() => f.get(page).call(this.#imports.decodePage).set(decoded));
    f.get(decoded).i32(DECODED_PAGE_BYTES).op("i32.mul").i32(DECODED).op("i32.add").set(decoded);
    this.#slot(f, "i32.load", HartSlot.fetchContext).set(context);
    pushTlbEntry(f, pc, context);
    f.tee(page).get(pc).i64(~0xfffn).op("i64.and").memory("i64.store", TLB_FETCH);
    f.get(page)
      .get(decoded)
      .memory("i32.store", TLB_FETCH + 8);
    emitLogFill(f, this.#hart, page, TLB_FETCH, HartSlot.fetchContext);
    f.get(decoded);
    return fetch;
  }

  /** (va, width) → host address or 0. */
  hostFor(access: typeof READ | typeof WRITE): FunctionReference {
    const tlb = access === READ ? TLB_READ : TLB_WRITE;
    const hostFor = this.#module.function(["i64", "i32"], ["i32"]);
    const f = hostFor.body;
    const [va, width] = f.parameters as [Local, Local];
    const entry = f.local("i32");
    const physical = f.local("i64");
    const offset = f.local("i64");
    this.#ifCrossing(f, va, width, () => f.i32(0).op("return"));
    this.#slot(f, "i32.load", HartSlot.dataContext).set(entry);
    pushTlbEntry(f, va, entry);
    f.set(entry);
    f.get(va).get(entry).memory("i64.load", tlb).op("i64.xor").tee(offset).i64(BigInt(PAGE_OFFSET)).op("i64.le_u");
    f.if(() => {
      f.get(offset)
        .op("i32.wrap_i64")
        .get(entry)
        .memory("i32.load", tlb + 8)
        .op("i32.add", "return");
    });
    f.get(va).i32(access).call(this.#look).set(physical);
    this.#ifForgettingException(f, () => f.i32(0).op("return"));
    this.#ramOffset(f, physical, offset);
    f.op("i32.eqz").if(() => f.i32(0).op("return"));
    if (access === WRITE) {
      const page = f.local("i32");
      const flags = f.local("i32");
      f.get(offset).i64(12n).op("i64.shr_u", "i32.wrap_i64").tee(page);
      f.memory("i32.load8_u", this.#layout.pageFlags).tee(flags);
      f.i32(PageFlag.code)
        .op("i32.and")
        .if(() => f.i32(0).op("return"));
      f.get(page).get(flags).i32(PageFlag.dirty).op("i32.or").memory("i32.store8", this.#layout.pageFlags);
    }
    this.#refill(f, va, offset, tlb, HartSlot.dataContext);
    this.#host(f, offset, entry);
    f.get(entry);
    return hostFor;
  }

  /** (va, width, value of a store, budget) → `DeviceAnswer`. */
  deviceFor(access: typeof READ | typeof WRITE): FunctionReference {
    const deviceFor = this.#module.function(access === READ ? ["i64", "i32", "i32"] : ["i64", "i32", "i64", "i32"], [
      "i32",
    ]);
    const f = deviceFor.body;
    const va = f.parameters[0]!;
    const width = f.parameters[1]!;
    const value = access === READ ? undefined : f.parameters[2]!;
    const budget = f.parameters.at(-1)!;
    const physical = f.local("i64");
    const offset = f.local("i64");
    const none = () => f.i32(DeviceAnswer.none).op("return");
    this.#ifCrossing(f, va, width, none);
    f.get(va).i32(access).call(this.#look).set(physical);
    this.#ifForgettingException(f, none);
    this.#ramOffset(f, physical, offset);
    f.if(none);
    f.get(physical).i64(32n).op("i64.shr_u", "i64.eqz", "i32.eqz").if(none);
    f.i32(0)
      .get(budget)
      .memory("i32.store", this.#hart + HartSlot.budget);
    f.get(physical).op("i32.wrap_i64").get(width);
    if (value) f.get(value).op("i32.wrap_i64").get(value).i64(32n).op("i64.shr_u", "i32.wrap_i64").i32(1);
    else f.i32(0).i32(0).i32(0);
    f.call(this.#imports.accessDevice);
    return deviceFor;
  }

  /** The interpreter meets the fault again, and then counts. */
  #ifForgettingException(f: FunctionBuilder, body: () => void): void {
    this.#slot(f, "i32.load", HartSlot.exception).if(() => {
      for (const slot of [HartSlot.exception, HartSlot.exceptionValue])
        f.i32(0)
          .i64(0n)
          .memory("i64.store", this.#hart + slot);
      body();
    });
  }

  #refill(f: FunctionBuilder, va: Local, offset: Local, tlb: number, contextSlot: number): void {
    const entry = f.local("i32");
    this.#slot(f, "i32.load", contextSlot).set(entry);
    pushTlbEntry(f, va, entry);
    f.set(entry);
    f.get(entry).get(va).i64(~0xfffn).op("i64.and").memory("i64.store", tlb);
    f.get(entry).get(offset).op("i32.wrap_i64").i32(~PAGE_OFFSET).op("i32.and").i32(this.#layout.ram).op("i32.add");
    f.memory("i32.store", tlb + 8);
    emitLogFill(f, this.#hart, entry, tlb, contextSlot);
    emitCount(f, this.#hart, Counter.tlbMisses);
  }

  #translate(f: FunctionBuilder, va: Local, access: number, physical: Local, result?: () => void): void {
    f.get(va).i32(access).call(this.#walk).set(physical);
    this.#returnOnException(f, result);
  }

  /** Leaves whether the physical address is in RAM, and sets its offset there. */
  #ramOffset(f: FunctionBuilder, physical: Local, offset: Local): void {
    f.get(physical).i64(BigInt(RAM_BASE)).op("i64.sub").tee(offset);
    f.i64(BigInt(this.#layout.ramBytes)).op("i64.lt_u");
  }

  #host(f: FunctionBuilder, offset: Local, address: Local): void {
    f.get(offset).op("i32.wrap_i64").i32(this.#layout.ram).op("i32.add").set(address);
  }

  #ifCrossing(f: FunctionBuilder, va: Local, width: Local, body: () => void): void {
    f.get(va)
      .op("i32.wrap_i64")
      .i32(PAGE_OFFSET)
      .op("i32.and")
      .get(width)
      .op("i32.add")
      .i32(PAGE_OFFSET + 1);
    f.op("i32.gt_u").if(body);
  }

  #byWidth(f: FunctionBuilder, width: Local, body: (log2: number) => void): void {
    for (const [log2, bytes] of [1, 2, 4].entries())
      f.get(width)
        .i32(bytes)
        .op("i32.eq")
        .if(() => body(log2));
    body(3);
  }

  #returnOnException(f: FunctionBuilder, result?: () => void): void {
    this.#slot(f, "i32.load", HartSlot.exception).if(() => {
      result?.();
      f.op("return");
    });
  }

  #slot(f: FunctionBuilder, load: "i32.load" | "i64.load", slot: number): FunctionBuilder {
    return pushSlot(f, this.#hart, load, slot);
  }
}
