import type { FunctionBuilder, FunctionReference, Local } from "#wasm/function-builder.ts";
import { DECODED, DECODED_PAGE_BYTES, PAGE_BYTES, PageFlag, type MemoryLayout } from "#memory/layout.ts";
import { REGIONS_IN_PAGE, STORES_SINCE_DECODE } from "#hart/translation/decoded-layout.ts";

/** A code page written this often without being decoded again has become a data page. */
const STORES_TO_RELEASE = 64;
const PAGE_OFFSET = PAGE_BYTES - 1;

/** A store within one page: of `width` bytes (i32) at `offset` in RAM (i64). */
export interface RamStore {
  readonly imports: { readonly codeChanged: FunctionReference; readonly releasePage: FunctionReference };
  readonly layout: MemoryLayout;
  readonly offset: Local;
  readonly width: Local;
}

/** Before RAM changes: marks the page dirty, and forgets what was decoded from the bytes. `isData`: where nothing is. */
export function emitBeforeStore(f: FunctionBuilder, store: RamStore, isData?: () => void): void {
  const { layout, offset } = store;
  const page = f.local("i32");
  const flags = f.local("i32");
  f.get(offset).i64(12n).op("i64.shr_u", "i32.wrap_i64").set(page);
  f.get(page).memory("i32.load8_u", layout.pageFlags).set(flags);
  // First: the page may be released below, and has other flags then.
  f.get(page).get(flags).i32(PageFlag.dirty).op("i32.or").memory("i32.store8", layout.pageFlags);
  f.get(flags)
    .i32(PageFlag.code)
    .op("i32.and")
    .if(() => emitDropOperations(f, store, page), isData);
}

/** Forgets the operations that the bytes about to be stored belong to: from one halfword before the first. */
function emitDropOperations(f: FunctionBuilder, { imports, layout, offset, width }: RamStore, page: Local): void {
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
