import type { FunctionReference, Local } from "#wasm/function-builder.ts";
import type { ModuleBuilder } from "#wasm/module-builder.ts";
import { HartSlot, OPERATION_BYTES, PAGE_BYTES, TLB_FETCH } from "#memory/layout.ts";
import { pushTlbEntry } from "./memory-code.ts";
import { pushSlot } from "./slot-code.ts";

/** Where a decoded page says (u32) at which address of our memory its RAM page stands. */
export const RAM_OF_PAGE = 2053 * OPERATION_BYTES;
/** The instruction (u32) that last began in a decoded page's last halfword and ended in the next page, and its operation. */
export const SPANNING_WORD = RAM_OF_PAGE + 4;
export const SPANNING_OPERATION = 2054 * OPERATION_BYTES;

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
