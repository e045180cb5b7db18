import type { FunctionReference, Local, TypeReference } from "#wasm/function-builder.ts";
import type { ModuleBuilder } from "#wasm/module-builder.ts";
import { HartSlot, PAGE_BYTES, TLB_FETCH } from "#memory/layout.ts";
import { pushTlbEntry } from "#hart/emit/tlb-code.ts";
import { TRANSLATED } from "#hart/translation/operation.ts";
import { goOnParameters, regionResults } from "#hart/emit/region-calls.ts";

/**
 * Emits `GO_ON`. It stands in the interpreter's module: V8 keeps every instance alive that imports a table, and tells each of
 * every change of it, so that regions must not.
 */
export function emitGoOn(module: ModuleBuilder, region: TypeReference, hart: number): FunctionReference {
  const goOn = module.function(goOnParameters, regionResults);
  const f = goOn.body;
  const [pc, budget] = f.parameters as [Local, Local];
  const entry = f.local("i32");
  const operation = f.local("i64");
  f.block((missed) => {
    f.i32(0)
      .memory("i32.load", hart + HartSlot.fetchContext)
      .set(entry);
    pushTlbEntry(f, pc, entry);
    f.set(entry);
    f.get(pc).get(entry).memory("i64.load", TLB_FETCH).op("i64.xor").i64(BigInt(PAGE_BYTES)).op("i64.ge_u");
    f.brIf(missed);
    f.get(entry).memory("i32.load", TLB_FETCH + 8);
    f.get(pc)
      .op("i32.wrap_i64")
      .i32(PAGE_BYTES - 1)
      .op("i32.and")
      .i32(2)
      .op("i32.shl", "i32.add")
      .memory("i64.load");
    f.tee(operation).op("i32.wrap_i64").i32(0xff).op("i32.and").i32(TRANSLATED).op("i32.ne").brIf(missed);
    f.get(pc).i64(-BigInt(PAGE_BYTES)).op("i64.and").get(budget);
    f.get(operation).op("i32.wrap_i64").i32(8).op("i32.shr_u").i32(0xff).op("i32.and");
    f.get(operation).i64(32n).op("i64.shr_u", "i32.wrap_i64").returnCallIndirect(region);
  });
  f.i32(0)
    .get(pc)
    .memory("i64.store", hart + HartSlot.pc);
  f.get(budget);
  return goOn;
}
