import type { GuestMemory } from "#memory/guest-memory.ts";
import { DECODED, DECODED_PAGE_BYTES, OPERATION_BYTES, ORIGINAL_COUNT, ORIGINALS } from "#memory/layout.ts";
import { TABLE_SIZE } from "#hart/interpreter/interpreter.ts";
import { REGIONS_IN_PAGE } from "#hart/translation/decoded-layout.ts";
import { TRANSLATED } from "#hart/translation/operation.ts";
import type { Region } from "./region.ts";

/** Bytes of WebAssembly that may stand at once; machine code takes several times as many. */
export const CODE_BYTES_MAX = 24 * 2 ** 20;
/** Regions and kept operations that may stand at once: half of what there is room for, since others are being built beside them. */
const REGIONS_MAX = TABLE_SIZE / 2;
const ORIGINALS_MAX = ORIGINAL_COUNT / 2;

/** A region of a page that is to be translated. */
export interface Planned {
  readonly region: Region;
  readonly page: number;
  readonly decodedPage: number;
  /** How often it was put together anew from regions that stood. */
  readonly generation: number;
}

/** A region that stands: its function is in the table, and its entries in place of operations. */
export interface Standing extends Planned {
  readonly tableIndex: number;
  /** For each entry, where its operation is kept. */
  readonly originals: readonly number[];
  readonly codeBytes: number;
}

/** The regions that stand: in the table, in place of operations, and by page. The oldest goes where there is no room. */
export class StandingRegions {
  readonly #memory: GuestMemory;
  readonly #table: WebAssembly.Table;
  /** By RAM page. */
  readonly #pages = new Map<number, Set<Standing>>();
  /** Oldest first. */
  readonly #standing = new Set<Standing>();
  readonly #freePlaces: number[] = [];
  #places = 0;
  readonly #freeOriginals: number[] = [];
  #originals = 0;
  #codeBytes = 0;

  constructor(memory: GuestMemory, table: WebAssembly.Table) {
    this.#memory = memory;
    this.#table = table;
  }

  get count(): number {
    return this.#standing.size;
  }

  get codeBytes(): number {
    return this.#codeBytes;
  }

  of(page: number): readonly Standing[] {
    return [...(this.#pages.get(page) ?? [])];
  }

  /** Drops the oldest until `planned` has room beside the others, which must be few; and code memory is within its bound. */
  makeRoom(planned: readonly Planned[] = []): void {
    const entries = planned.reduce((sum, { region }) => sum + region.entries.length, 0);
    for (const standing of this.#standing) {
      const hasRoom =
        this.#codeBytes <= CODE_BYTES_MAX &&
        this.#standing.size + planned.length <= REGIONS_MAX &&
        this.#originals - this.#freeOriginals.length + entries <= ORIGINALS_MAX;
      if (hasRoom) return;
      this.drop(standing);
    }
  }

  /** Takes a place in the table. */
  takePlace(): number {
    return this.#freePlaces.pop() ?? this.#places++;
  }

  givePlaces(places: readonly number[]): void {
    this.#freePlaces.push(...places);
  }

  /** A region's function, whose place was taken, goes to work. */
  stand(planned: Planned, tableIndex: number, run: unknown, codeBytes: number): void {
    this.#table.set(tableIndex, run);
    const { region, page, decodedPage } = planned;
    const { view } = this.#memory;
    const originals: number[] = [];
    for (const [entry, offset] of region.entries.entries()) {
      const at = operationAt(decodedPage, offset);
      const original = this.#freeOriginals.pop() ?? this.#originals++;
      originals.push(original);
      const kept = ORIGINALS + original * OPERATION_BYTES;
      view.setBigUint64(kept, view.getBigUint64(at, true), true);
      view.setUint32(at, TRANSLATED | (entry << 8) | (original << 16), true);
      view.setUint32(at + 4, tableIndex, true);
    }
    const standing = { ...planned, tableIndex, originals, codeBytes };
    this.#standing.add(standing);
    const ofPage = this.#pages.get(page) ?? new Set();
    ofPage.add(standing);
    this.#pages.set(page, ofPage);
    view.setUint32(operationAt(decodedPage, 0) + REGIONS_IN_PAGE, ofPage.size, true);
    this.#codeBytes += codeBytes;
  }

  drop(standing: Standing): void {
    const { view } = this.#memory;
    const { region, page, decodedPage, tableIndex, originals, codeBytes } = standing;
    for (const [entry, offset] of region.entries.entries()) {
      const original = originals[entry] ?? 0;
      const kept = ORIGINALS + original * OPERATION_BYTES;
      if (this.isEntered(standing, offset))
        view.setBigUint64(operationAt(decodedPage, offset), view.getBigUint64(kept, true), true);
      this.#freeOriginals.push(original);
    }
    this.#table.set(tableIndex, null);
    this.#freePlaces.push(tableIndex);
    this.#standing.delete(standing);
    const ofPage = this.#pages.get(page);
    ofPage?.delete(standing);
    if (ofPage?.size === 0) this.#pages.delete(page);
    view.setUint32(operationAt(decodedPage, 0) + REGIONS_IN_PAGE, ofPage?.size ?? 0, true);
    this.#codeBytes -= codeBytes;
  }

  dropAll(): void {
    for (const standing of this.#standing) this.drop(standing);
  }

  /** Whether the entry at an offset still stands in place of its operation: the page may have been written since. */
  isEntered({ decodedPage, tableIndex }: Standing, offset: number): boolean {
    const at = operationAt(decodedPage, offset);
    const { view } = this.#memory;
    return (view.getUint32(at, true) & 0xff) === TRANSLATED && view.getUint32(at + 4, true) === tableIndex;
  }
}

/** Where the operation of the instruction at an offset in a page stands. */
export function operationAt(decodedPage: number, offset: number): number {
  return DECODED + decodedPage * DECODED_PAGE_BYTES + offset * (OPERATION_BYTES / 2);
}
