import type { FunctionBuilder, FunctionReference, Local } from "#wasm/function-builder.ts";
import type { ModuleBuilder } from "#wasm/module-builder.ts";
import {
  HartSlot,
  TLB_BANK_BYTES,
  TLB_BANKS,
  TLB_BYTES,
  TLB_ENTRIES,
  TLB_ENTRY_BYTES,
  TLB_LOG_BYTES,
  TLB_LOG_ENTRIES,
  TLB_SUM,
  TLB_SUPERVISOR,
} from "#memory/layout.ts";
import { COLLIDING, EMPTY, EMPTY_TAG, tlbs, translatedContexts } from "#hart/translation/tlb.ts";
import { pushSlot, storeSlot } from "./slot-code.ts";

const LOG_SHIFT = Math.log2(TLB_BYTES / TLB_LOG_BYTES);

/** Leaves the address of `address`'s entry in a TLB whose context stands in `context` (i32), less the TLB's own base. */
export function pushTlbEntry(f: FunctionBuilder, address: Local, context: Local): void {
  f.get(address)
    .i64(8n)
    .op("i64.shr_u", "i32.wrap_i64")
    .i32((TLB_ENTRIES - 1) << 4)
    .op("i32.and");
  f.get(context).op("i32.add");
}

/**
 * Emits the log of an entry that is being filled: `entry` (i32) is its place less that of the TLB at `tlb`, and `contextSlot`
 * the slot that says of which context. What is logged is all that a flush has to empty; of a context with more than that
 * only the number is known to be too large.
 */
export function emitLogFill(f: FunctionBuilder, hart: number, entry: Local, tlb: number, contextSlot: number): void {
  const log = f.local("i32");
  const count = f.local("i32");
  pushSlot(f, hart, "i32.load", contextSlot).i32(LOG_SHIFT).op("i32.shr_u").set(log);
  f.get(log)
    .memory("i32.load", hart + HartSlot.tlbLogs)
    .tee(count)
    .i32(TLB_LOG_ENTRIES)
    .op("i32.le_u")
    .if(() => {
      f.get(count)
        .i32(TLB_LOG_ENTRIES)
        .op("i32.lt_u")
        .if(() => {
          f.get(log).get(count).i32(2).op("i32.shl", "i32.add").get(entry).i32(tlb).op("i32.add");
          f.memory("i32.store", hart + HartSlot.tlbLogs + 4);
        });
      f.get(log)
        .get(count)
        .i32(1)
        .op("i32.add")
        .memory("i32.store", hart + HartSlot.tlbLogs);
    });
  f.release(log);
  f.release(count);
}

/** What of the TLBs is emptied, in WebAssembly. */
export interface TlbFunctions {
  /** (byte offset of a context): all of its entries. */
  readonly emptyContext: FunctionReference;
  /** (): what came of page tables, in every address space: `flushTranslated` of tlb.ts. */
  readonly emptyTranslated: FunctionReference;
  /** (address): of one page: `flushPage`. */
  readonly emptyPage: FunctionReference;
  /** (ASID): of one address space: `flushSpace`. */
  readonly emptySpace: FunctionReference;
  /** (satp) → byte offset of the bank of the address space that it names: `bankFor`. */
  readonly bankFor: FunctionReference;
}

/**
 * Emits what empties the TLBs of the hart at `hart`. Fences in a loop find little that has been filled since the last one: it
 * is all in the logs, so they cost no sweep.
 */
export function emitTlbFunctions(module: ModuleBuilder, hart: number): TlbFunctions {
  const emptyContext = emitEmptyContext(module, hart);
  const emptyTranslated = emitEmptyTranslated(module, hart, emptyContext);
  return {
    emptyContext,
    emptyTranslated,
    emptyPage: emitEmptyPage(module, hart, emptyTranslated),
    emptySpace: emitEmptySpace(module, hart, emptyContext),
    bankFor: emitBankFor(module, hart, emptyContext),
  };
}

function emitEmptyContext(module: ModuleBuilder, hart: number): FunctionReference {
  const emptyContext = module.function(["i32"], []);
  const f = emptyContext.body;
  const [context] = f.parameters as [Local];
  const log = f.local("i32");
  const end = f.local("i32");
  const entry = f.local("i32");
  f.get(context).i32(LOG_SHIFT).op("i32.shr_u").tee(log);
  f.memory("i32.load", hart + HartSlot.tlbLogs).tee(end);
  f.op("i32.eqz").if(() => f.op("return"));
  f.get(log)
    .i32(0)
    .memory("i32.store", hart + HartSlot.tlbLogs);
  f.get(end)
    .i32(TLB_LOG_ENTRIES)
    .op("i32.gt_u")
    .if(() => {
      for (const tlb of tlbs) {
        f.get(context).i32(tlb).op("i32.add").i32(EMPTY).i32(TLB_BYTES).memoryFill();
        f.get(context)
          .i64(0n)
          .memory("i64.store", tlb + COLLIDING * TLB_ENTRY_BYTES);
      }
      f.op("return");
    });
  f.get(log).get(end).i32(2).op("i32.shl", "i32.add").set(end);
  f.loop((again) => {
    f.get(log)
      .memory("i32.load", hart + HartSlot.tlbLogs + 4)
      .tee(entry);
    f.i64(0n).i64(BigInt.asIntN(64, EMPTY_TAG));
    f.get(entry)
      .i32(4)
      .op("i32.shr_u")
      .i32(TLB_ENTRIES - 1)
      .op("i32.and")
      .i32(COLLIDING)
      .op("i32.eq", "select")
      .memory("i64.store");
    f.get(log).i32(4).op("i32.add").tee(log).get(end).op("i32.lt_u").brIf(again);
  });
  return emptyContext;
}

function emitEmptyBank(f: FunctionBuilder, bank: Local, emptyContext: FunctionReference): void {
  f.get(bank).call(emptyContext);
  f.get(bank).i32(TLB_SUM).op("i32.add").call(emptyContext);
}

function emitEmptySupervisor(f: FunctionBuilder, hart: number, emptyContext: FunctionReference): void {
  f.i32(TLB_SUPERVISOR).call(emptyContext);
  storeSlot(f, hart, HartSlot.supervisorLocal, () => f.i32(0));
}

/** The supervisor TLB is every address space's: what is not global must not be found from another one. */
function emitDropLocal(f: FunctionBuilder, hart: number, emptyContext: FunctionReference): void {
  pushSlot(f, hart, "i32.load", HartSlot.supervisorLocal).if(() => emitEmptySupervisor(f, hart, emptyContext));
}

function emitEmptyTranslated(module: ModuleBuilder, hart: number, emptyContext: FunctionReference): FunctionReference {
  const emptyTranslated = module.function([], []);
  const f = emptyTranslated.body;
  const current = f.local("i32");
  pushSlot(f, hart, "i32.load", HartSlot.tlbBank).set(current);
  for (let bank = 0; bank < TLB_BANKS; bank++) {
    f.get(current)
      .i32(bank * TLB_BANK_BYTES)
      .op("i32.ne")
      .if(() => emitSetSpace(f, hart, bank, () => f.i64(0n)));
  }
  emitEmptyBank(f, current, emptyContext);
  emitEmptySupervisor(f, hart, emptyContext);
  f.i32(0)
    .i64(0n)
    .memory("i64.store", hart + HartSlot.superpages);
  return emptyTranslated;
}

function emitSetSpace(f: FunctionBuilder, hart: number, bank: number, satp: () => void): void {
  f.i32(0);
  satp();
  f.memory("i64.store", hart + HartSlot.tlbSpaces + bank * 8);
}

function emitEmptyPage(module: ModuleBuilder, hart: number, emptyTranslated: FunctionReference): FunctionReference {
  const emptyPage = module.function(["i64"], []);
  const f = emptyPage.body;
  const [address] = f.parameters as [Local];
  const entry = f.local("i32");
  const tag = f.local("i64");
  pushSlot(f, hart, "i64.load", HartSlot.superpages).get(address).i64(30n).op("i64.shr_u", "i64.shr_u");
  f.i64(1n)
    .op("i64.and", "i64.eqz", "i32.eqz")
    .if(() => f.call(emptyTranslated).op("return"));
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
  return emptyPage;
}

function emitEmptySpace(module: ModuleBuilder, hart: number, emptyContext: FunctionReference): FunctionReference {
  const emptySpace = module.function(["i64"], []);
  const f = emptySpace.body;
  const [asid] = f.parameters as [Local];
  const bank = f.local("i32");
  for (let index = 0; index < TLB_BANKS; index++) {
    pushSlot(f, hart, "i64.load", HartSlot.tlbSpaces + index * 8)
      .i64(44n)
      .op("i64.shr_u");
    f.get(asid)
      .op("i64.xor")
      .i64(0xffffn)
      .op("i64.and", "i64.eqz")
      .if(() => {
        f.i32(index * TLB_BANK_BYTES).set(bank);
        pushSlot(f, hart, "i32.load", HartSlot.tlbBank).get(bank).op("i32.eq");
        f.if(
          () => emitEmptyBank(f, bank, emptyContext),
          () => emitSetSpace(f, hart, index, () => f.i64(0n)),
        );
      });
  }
  emitDropLocal(f, hart, emptyContext);
  return emptySpace;
}

function emitBankFor(module: ModuleBuilder, hart: number, emptyContext: FunctionReference): FunctionReference {
  const bankFor = module.function(["i64"], ["i32"]);
  const f = bankFor.body;
  const [satp] = f.parameters as [Local];
  const current = f.local("i32");
  const bank = f.local("i32");
  pushSlot(f, hart, "i32.load", HartSlot.tlbBank).set(current);
  f.get(satp).op("i64.eqz");
  f.get(current)
    .i32(Math.log2(TLB_BANK_BYTES / 8))
    .op("i32.shr_u")
    .memory("i64.load", hart + HartSlot.tlbSpaces)
    .get(satp)
    .op("i64.eq", "i32.or")
    .if(() => f.get(current).op("return"));
  emitDropLocal(f, hart, emptyContext);
  for (let index = 0; index < TLB_BANKS; index++) {
    pushSlot(f, hart, "i64.load", HartSlot.tlbSpaces + index * 8)
      .get(satp)
      .op("i64.eq")
      .if(() => f.i32(index * TLB_BANK_BYTES).op("return"));
  }
  const next = (): void =>
    void f
      .get(bank)
      .i32(TLB_BANK_BYTES)
      .op("i32.add")
      .i32(TLB_BANKS * TLB_BANK_BYTES - 1)
      .op("i32.and")
      .set(bank);
  pushSlot(f, hart, "i32.load", HartSlot.tlbOldest).set(bank);
  next();
  f.get(bank).get(current).op("i32.eq").if(next);
  storeSlot(f, hart, HartSlot.tlbOldest, () => f.get(bank));
  f.get(bank)
    .i32(Math.log2(TLB_BANK_BYTES / 8))
    .op("i32.shr_u")
    .get(satp)
    .memory("i64.store", hart + HartSlot.tlbSpaces);
  emitEmptyBank(f, bank, emptyContext);
  f.get(bank);
  return bankFor;
}
