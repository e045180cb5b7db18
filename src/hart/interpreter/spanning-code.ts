import type { FunctionReference, Local } from "#wasm/function-builder.ts";
import type { ModuleBuilder } from "#wasm/module-builder.ts";
import { HartSlot, PAGE_BYTES, TLB_FETCH } from "#memory/layout.ts";
import { RAM_OF_PAGE, SPANNING_OPERATION, SPANNING_WORD } from "#hart/translation/decoded-layout.ts";
import { pushTlbEntry } from "#hart/emit/tlb-code.ts";
import { pushSlot } from "#hart/emit/slot-code.ts";

/**
 * Emits (decoded page, pc) → whether the instruction at pc, which spans two pages, is the one that was decoded there last:
 * then its operation is put at `target`.
 */
export function emitSpanning(module: ModuleBuilder, hart: number, target: number): FunctionReference {
  const spanning = module.function(["i32", "i64"], ["i32"]);
  const f = spanning.body;
  const [page, pc] = f.parameters as [Local, Local];
  const next = f.local("i64");
  const entry = f.local("i32");
  f.get(pc).i64(2n).op("i64.add").set(next);
  pushSlot(f, hart, "i32.load", HartSlot.fetchContext).set(entry);
  pushTlbEntry(f, next, entry);
  f.set(entry);
  f.get(next).get(entry).memory("i64.load", TLB_FETCH).op("i64.ne");
  f.if(() => f.i32(0).op("return"));
  f.get(page)
    .memory("i32.load", RAM_OF_PAGE)
    .memory("i32.load16_u", PAGE_BYTES - 2);
  f.get(entry)
    .memory("i32.load", TLB_FETCH + 8)
    .memory("i32.load", RAM_OF_PAGE)
    .memory("i32.load16_u");
  f.i32(16).op("i32.shl", "i32.or").get(page).memory("i32.load", SPANNING_WORD).op("i32.ne");
  f.if(() => f.i32(0).op("return"));
  f.i32(target).get(page).memory("i64.load", SPANNING_OPERATION).memory("i64.store");
  f.i32(1);
  return spanning;
}
