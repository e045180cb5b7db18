/**
 * Pages of a guest's RAM, packed into one buffer, as page and worker exchange them:
 *
 *   entryCount u32 │ dataCount u32 │ entries: page number u32, slot u32 (0: all zeros; n: the n-th page of data) │ … │ data
 *
 * Entries ascend by page number. Data begins at the next multiple of 4096. Never changed once built:
 * whoever gives one away gives a copy.
 */
const HEADER_BYTES = 8;
const ENTRY_BYTES = 8;
export const PAGE_SET_PAGE_BYTES = 4096;

/** A page set does not have the shape it must have. */
export class PageSetError extends Error {}

/** What stands in one buffer; built by `packPages` or `mergePageSets`. */
export class PageSet {
  readonly buffer: ArrayBuffer;
  readonly entries: Uint32Array;
  readonly #data: Uint8Array;

  /** Checks everything: the buffer may come from a corrupt worker, but nobody changes it any more. Throws PageSetError. */
  constructor(buffer: ArrayBuffer, pageCount: number) {
    if (buffer.byteLength < HEADER_BYTES) throw new PageSetError("a page set is cut short");
    const [entryCount = 0, dataCount = 0] = new Uint32Array(buffer, 0, 2);
    const start = dataStart(entryCount);
    if (entryCount > pageCount || dataCount > entryCount)
      throw new PageSetError("a page set has more pages than its guest");
    if (buffer.byteLength !== start + dataCount * PAGE_SET_PAGE_BYTES)
      throw new PageSetError("a page set has the wrong size");
    this.buffer = buffer;
    this.entries = new Uint32Array(buffer, HEADER_BYTES, entryCount * 2);
    this.#data = new Uint8Array(buffer, start);
    let previous = -1;
    for (let index = 0; index < this.entries.length; index += 2) {
      const page = this.entries[index] ?? 0;
      if (page <= previous || page >= pageCount || (this.entries[index + 1] ?? 0) > dataCount) {
        throw new PageSetError("a page set names a page that its guest does not have");
      }
      previous = page;
    }
  }

  get entryCount(): number {
    return this.entries.length / 2;
  }

  get dataBytes(): number {
    return this.#data.length;
  }

  /** The contents of slot `slot` ≥ 1. */
  slot(slot: number): Uint8Array {
    return this.#data.subarray((slot - 1) * PAGE_SET_PAGE_BYTES, slot * PAGE_SET_PAGE_BYTES);
  }
}

/** Packs the given pages of `ram`, in ascending order; pages of zeros take no data. */
export function packPages(ram: Uint8Array, pages: readonly number[] | Uint32Array): ArrayBuffer {
  const entries = new Uint32Array(pages.length * 2);
  let dataCount = 0;
  for (let index = 0; index < pages.length; index++) {
    const page = pages[index] ?? 0;
    entries[index * 2] = page;
    entries[index * 2 + 1] = isZeroPage(ram, page) ? 0 : ++dataCount;
  }
  return pack(entries, dataCount, (page) => ram.subarray(page * PAGE_SET_PAGE_BYTES, (page + 1) * PAGE_SET_PAGE_BYTES));
}

/** Whether a page holds only zeros. */
export function isZeroPage(ram: Uint8Array, page: number): boolean {
  const words = new Int32Array(ram.buffer, ram.byteOffset + page * PAGE_SET_PAGE_BYTES, PAGE_SET_PAGE_BYTES / 4);
  for (let index = 0; index < words.length; index += 4) {
    if (((words[index] ?? 0) | (words[index + 1] ?? 0) | (words[index + 2] ?? 0) | (words[index + 3] ?? 0)) !== 0)
      return false;
  }
  return true;
}

/** One set that says what `child` over `parent` said: for a child whose parent goes away. */
export function mergePageSets(parent: PageSet, child: PageSet): ArrayBuffer {
  const sources = new Map<number, Uint8Array | undefined>();
  for (const set of [parent, child]) {
    for (let index = 0; index < set.entries.length; index += 2) {
      const slot = set.entries[index + 1] ?? 0;
      sources.set(set.entries[index] ?? 0, slot === 0 ? undefined : set.slot(slot));
    }
  }
  const pages = [...sources.keys()].sort((a, b) => a - b);
  let dataCount = 0;
  const entries = Uint32Array.from(pages.flatMap((page) => [page, sources.get(page) ? ++dataCount : 0]));
  return pack(entries, dataCount, (page) => sources.get(page));
}

function pack(
  entries: Uint32Array,
  dataCount: number,
  contents: (page: number) => Uint8Array | undefined,
): ArrayBuffer {
  const start = dataStart(entries.length / 2);
  const buffer = new ArrayBuffer(start + dataCount * PAGE_SET_PAGE_BYTES);
  new Uint32Array(buffer, 0, 2).set([entries.length / 2, dataCount]);
  new Uint32Array(buffer, HEADER_BYTES, entries.length).set(entries);
  const data = new Uint8Array(buffer, start);
  for (let index = 0; index < entries.length; index += 2) {
    const slot = entries[index + 1] ?? 0;
    const source = slot === 0 ? undefined : contents(entries[index] ?? 0);
    if (source) data.set(source, (slot - 1) * PAGE_SET_PAGE_BYTES);
  }
  return buffer;
}

function dataStart(entryCount: number): number {
  return Math.ceil((HEADER_BYTES + entryCount * ENTRY_BYTES) / PAGE_SET_PAGE_BYTES) * PAGE_SET_PAGE_BYTES;
}
