import type { FunctionBuilder, FunctionReference, Local } from "#wasm/function-builder.ts";
import { DECODED, DECODED_PAGE_BYTES, PAGE_BYTES, type MemoryLayout } from "#memory/layout.ts";
import { REGIONS_IN_PAGE, STORES_SINCE_DECODE } from "#hart/translation/decoded-layout.ts";

/** A code page written this often without being decoded again has become a data page. */
const STORES_TO_RELEASE = 64;
const PAGE_OFFSET = PAGE_BYTES - 1;

/** A store of `width` bytes (i32) at `offset` in RAM (i64), to RAM page `page` (i32), which holds decoded operations. */
export interface CodeStore {
  readonly imports: { readonly codeChanged: FunctionReference; readonly releasePage: FunctionReference };
  readonly layout: MemoryLayout;
  readonly page: Local;
  readonly offset: Local;
  readonly width: Local;
}

/** Forgets the operations that the bytes about to be stored belong to: from one halfword before the first. */
export function emitDropOperations(f: FunctionBuilder, { imports, layout, page, offset, width }: CodeStore): void {
  const decoded = f.local("i32");
  const at = f.local("i32");
  const end = f.local("i32");
  const count = f.local("i32");
  f.get(page).i32(2).op("i32.shl").memory("i32.load", layout.decodedIndex);
  f.i32(DECODED_PAGE_BYTES).op("i32.mul").i32(DECODED).op("i32.add").set(decoded);
  f.get(offset).op("i32.wrap_i64").i32(PAGE_OFFSET).op("i32.and").set(at);
  f.get(decoded)
    .memory("i32.load", REGIONS_IN_PAGE)
    .if(() => f.get(page).get(at).get(at).get(width).op("i32.add").call(imports.codeChanged));
  // Operation n stands at 8 n and decodes from byte 2 n: 4 bytes of decoded page a byte.
  f.get(at).get(width).op("i32.add").i32(1).op("i32.add").i32(1).op("i32.shr_u").i32(3).op("i32.shl");
  f.get(decoded).op("i32.add").set(end);
  f.get(at)
    .i32(2)
    .op("i32.sub")
    .i32(0)
    .get(at)
    .i32(2)
    .op("i32.ge_u", "select")
    .i32(1)
    .op("i32.shr_u")
    .i32(3)
    .op("i32.shl");
  f.get(decoded).op("i32.add").set(at);
  f.loop((again) => {
    f.get(at).i64(0n).memory("i64.store");
    f.get(at).i32(8).op("i32.add").tee(at).get(end).op("i32.lt_u").brIf(again);
  });
  f.get(decoded).get(decoded).memory("i32.load", STORES_SINCE_DECODE).i32(1).op("i32.add").tee(count);
  f.memory("i32.store", STORES_SINCE_DECODE);
  f.get(count)
    .i32(STORES_TO_RELEASE)
    .op("i32.gt_u")
    .if(() => f.get(page).call(imports.releasePage));
}
