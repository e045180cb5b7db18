import type { GuestMemory } from "#memory/guest-memory.ts";
import {
  Counter,
  DECODED,
  DECODED_PAGE_BYTES,
  HOT_COUNTER_COUNT,
  HOT_COUNTERS,
  OPERATION_BYTES,
  ORIGINAL_COUNT,
  ORIGINALS,
  PAGE_BYTES,
} from "#memory/layout.ts";
import type { DecodedPages } from "#hart/translation/decoded-pages.ts";
import type { HartState } from "#hart/state/hart-state.ts";
import { hasFusedMultiplyAdd } from "#hart/float/emitted/fused.ts";
import { TABLE_SIZE } from "#hart/interpreter/interpreter.ts";
import { REGIONS_IN_PAGE } from "#hart/translation/decoded-layout.ts";
import { TRANSLATED } from "#hart/translation/operation.ts";
import { GO_ON } from "#hart/emit/region-calls.ts";
import { buildRegionModule } from "./region-module.ts";
import { findRegion, REGION_INSTRUCTIONS_MAX, type CodePage, type Region } from "./region.ts";

/** Bytes of WebAssembly that may stand at once; machine code takes several times as many. */
export const CODE_BYTES_MAX = 24 * 2 ** 20;
/** A region so large that was joined with others so often stays as it is: what becomes hot beside it goes on in it. */
const GENERATIONS_MAX = 2;
const JOINED_FREELY_MAX = 200;
/**
 * After so many instructions only half of the arrivals still count. What is executed more seldom than about once in sixteen thousand
 * instructions is never translated: so much code would not stay in the host's caches, where operations take less room.
 */
const HALF_LIFE_INSTRUCTIONS = 64_000_000n;
/** Slices after which what became hot waits no longer for more of its kind. */
const BATCH_SLICES = 12;
/** A page whose regions were thrown away so often is left to the interpreter for the rest of its life as code. */
const REBUILDS_MAX = 40;
/** Modules that failed one after the other, with none between that did not, before no more are tried. */
const FAILURES_MAX = 16;

/** A region of a page that is to be translated. */
interface Planned {
  readonly region: Region;
  readonly page: number;
  readonly decodedPage: number;
  /** How often it was put together anew from regions that stood. */
  readonly generation: number;
}

/** A region that stands: its function is in the table, and its entries in place of operations. */
interface Standing extends Planned {
  readonly tableIndex: number;
  /** For each entry, where its operation is kept. */
  readonly originals: readonly number[];
  readonly codeBytes: number;
}

/** A module of regions: its functions by their number. */
interface Built {
  readonly exports: WebAssembly.Instance["exports"];
  readonly bytes: number;
}

/** What a newly hot place reaches, joined with regions that share instructions with it where that is not too large. */
class Join {
  readonly #page: CodePage;
  readonly #stops: ReadonlySet<number>;
  #region: Region | undefined;

  constructor(page: CodePage, offset: number, stops: ReadonlySet<number>) {
    this.#page = page;
    this.#stops = stops;
    this.#region = findRegion(page, [offset], stops);
  }

  tryWith(other: Region): boolean {
    if (!this.#region || !overlaps(this.#region, other)) return false;
    const entries = [...new Set([...this.#region.entries, ...other.entries])];
    const together = findRegion(this.#page, entries, this.#stops);
    if (!together || together.instructionCount >= REGION_INSTRUCTIONS_MAX) return false;
    this.#region = together;
    return true;
  }

  /** The region, going no further than where others begin. */
  apartFrom(others: ReadonlySet<number>): Region | undefined {
    if (!this.#region || others.size === 0) return this.#region;
    const entries = this.#region.entries.filter((entry) => !others.has(entry));
    return findRegion(this.#page, entries, others);
  }
}

function entriesOf(regions: readonly Planned[]): ReadonlySet<number> {
  return new Set(regions.flatMap(({ region }) => region.entries));
}

/** What of the hart the translator works with. */
export interface TranslatorHost {
  readonly memory: GuestMemory;
  readonly state: HartState;
  readonly decoded: DecodedPages;
  readonly table: WebAssembly.Table;
  /** The interpreter's module's. */
  readonly exports: Readonly<Record<string, object>>;
  /** Hot operations that are translated without waiting for more. */
  readonly batchOperations: number;
  /** Milliseconds. */
  readonly now: () => number;
}

/**
 * Translates what became hot, and throws away what is no longer so. All of it is a cache: whatever cannot be translated is
 * interpreted, and everything can be dropped between two instructions.
 */
export class Translator {
  readonly #host: TranslatorHost;
  /** Places of hot operations, not looked at yet. */
  readonly #hot = new Set<number>();
  /** By RAM page. */
  readonly #pages = new Map<number, Set<Standing>>();
  /** Oldest first. */
  readonly #standing = new Set<Standing>();
  readonly #rebuilds = new Map<number, number>();
  readonly #fused = hasFusedMultiplyAdd();
  readonly #freePlaces: number[] = [];
  #places = 0;
  readonly #freeOriginals: number[] = [];
  #originals = 0;
  #codeBytes = 0;
  /** Slices since the first hot operation that waits. */
  #waited = 0;
  /** Ticks when arrivals were last halved. */
  #halvedAt = 0n;
  /** Since a module was last made. */
  #failures = 0;

  constructor(host: TranslatorHost) {
    this.#host = host;
  }

  /** Execution often jumps to the operation at this address. */
  hot(operation: number): void {
    if (this.#failures < FAILURES_MAX) this.#hot.add(operation);
  }

  /** Between slices: translates what has become hot, once it is worth a module. */
  translate(): void {
    this.#forgetArrivals();
    if (this.#hot.size === 0) return;
    if (this.#hot.size < this.#host.batchOperations && ++this.#waited < BATCH_SLICES) return;
    this.#waited = 0;
    const began = this.#host.now();
    const wanted = [...this.#hot];
    this.#hot.clear();
    const found = new Set<Planned>();
    for (const operation of wanted) this.#plan(operation, found);
    if (found.size > 0) this.#tryToBuild([...found]);
    this.#makeRoom();
    this.#count(began);
  }

  /** Bytes of a page are about to change: regions made of them are dropped. */
  codeChanged(page: number, first: number, end: number): void {
    for (const standing of this.#pages.get(page) ?? []) {
      const isTouched = standing.region.blocks.some(({ offset, endOffset }) => offset < end && first < endOffset);
      if (isTouched) this.#drop(standing);
    }
    this.#rebuilds.set(page, (this.#rebuilds.get(page) ?? 0) + 1);
  }

  /** A page is data again, or its decoded page is another's. */
  dropPage(page: number): void {
    for (const standing of this.#pages.get(page) ?? []) this.#drop(standing);
    this.#rebuilds.delete(page);
  }

  dropAll(): void {
    for (const standing of this.#standing) this.#drop(standing);
    this.#hot.clear();
    this.#rebuilds.clear();
  }

  #forgetArrivals(): void {
    const { memory, state } = this.#host;
    const ticks = state.get("ticks");
    // A snapshot goes back in time.
    if (ticks >= this.#halvedAt && ticks - this.#halvedAt < HALF_LIFE_INSTRUCTIONS) return;
    this.#halvedAt = ticks;
    const arrivals = new Int32Array(memory.view.buffer, HOT_COUNTERS, HOT_COUNTER_COUNT);
    for (let place = 0; place < arrivals.length; place++) arrivals[place] = (arrivals[place] ?? 0) >> 1;
  }

  /** Finds the region that an operation belongs to; those that it belongs with are dropped, to become one. */
  #plan(operation: number, found: Set<Planned>): void {
    const { decoded, memory } = this.#host;
    const { view } = memory;
    const decodedPage = Math.floor((operation - DECODED) / DECODED_PAGE_BYTES);
    const page = decoded.ownerOf(decodedPage);
    if (page === undefined || (this.#rebuilds.get(page) ?? 0) > REBUILDS_MAX) return;
    if ((view.getUint32(operation, true) & 0xff) === TRANSLATED) return;
    const codePage: CodePage = {
      bytes: new DataView(view.buffer, memory.layout.ram + page * PAGE_BYTES, PAGE_BYTES),
      isReached: (at) => view.getUint32(operationAt(decodedPage, at), true) !== 0,
    };
    this.#dropWritten(page);
    const standing = [...(this.#pages.get(page) ?? [])];
    const planned = [...found].filter((each) => each.page === page);
    const finished = standing.filter(
      ({ generation, region: { instructionCount } }) =>
        generation >= GENERATIONS_MAX && instructionCount > JOINED_FREELY_MAX,
    );
    const offset = (operation - operationAt(decodedPage, 0)) / 4;
    const joined = new Join(codePage, offset, entriesOf(finished));
    const joinedPlanned = new Set(planned.filter((each) => joined.tryWith(each.region)));
    const joinedStanding = new Set(standing.filter((each) => !finished.includes(each) && joined.tryWith(each.region)));
    const region = joined.apartFrom(
      entriesOf([
        ...planned.filter((each) => !joinedPlanned.has(each)),
        ...standing.filter((each) => !joinedStanding.has(each)),
      ]),
    );
    if (!region) return;
    for (const each of joinedPlanned) found.delete(each);
    for (const each of joinedStanding) this.#drop(each);
    const before = [...joinedPlanned].map(({ generation }) => generation);
    const again = [...joinedStanding].map(({ generation }) => generation + 1);
    found.add({ page, decodedPage, region, generation: Math.max(0, ...before, ...again) });
  }

  /** Regions of a page that was written from outside are unreachable already. */
  #dropWritten(page: number): void {
    for (const each of this.#pages.get(page) ?? []) {
      if (!each.region.entries.every((entry) => this.#isEntered(each, entry))) this.#drop(each);
    }
  }

  /** What cannot be built together is built one by one; what fails alone is left, with its page, to the interpreter. */
  #tryToBuild(found: readonly Planned[]): void {
    if (this.#failures >= FAILURES_MAX) return;
    const places = found.map(() => this.#freePlaces.pop() ?? this.#places++);
    const built = this.#build(found, places);
    if (built) {
      this.#failures = 0;
      for (const [index, planned] of found.entries()) {
        const tableIndex = places[index] ?? 0;
        this.#host.table.set(tableIndex, built.exports[String(index)]);
        this.#stand(planned, tableIndex, Math.ceil(built.bytes / found.length));
      }
      return;
    }
    this.#failures++;
    this.#host.state.count(Counter.translationFailures);
    this.#freePlaces.push(...places);
    if (found.length > 1) for (const each of found) this.#tryToBuild([each]);
    else for (const { page } of found) this.#rebuilds.set(page, REBUILDS_MAX + 1);
  }

  /** Undefined where the host takes no such module. */
  #build(found: readonly Planned[], places: readonly number[]): Built | undefined {
    const { memory, exports, state } = this.#host;
    const hasTailCalls = GO_ON in exports;
    try {
      const bytes = buildRegionModule(
        found.map(({ region, decodedPage }, index) => ({
          region,
          place: { decodedPage, tableIndex: places[index] ?? 0 },
        })),
        { memoryPages: memory.layout.totalBytes / 0x1_0000, hart: state.base, hasTailCalls, fused: this.#fused },
      );
      const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
        env: { ...exports, memory: memory.wasm },
      });
      return { exports: instance.exports, bytes: bytes.length };
    } catch {
      return undefined;
    }
  }

  #stand(planned: Planned, tableIndex: number, codeBytes: number): void {
    const { region, page, decodedPage } = planned;
    const { view } = this.#host.memory;
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
    this.#host.state.count(Counter.regionsTranslated);
  }

  #drop(standing: Standing): void {
    const { view } = this.#host.memory;
    const { region, page, decodedPage, tableIndex, originals, codeBytes } = standing;
    for (const [entry, offset] of region.entries.entries()) {
      const original = originals[entry] ?? 0;
      const kept = ORIGINALS + original * OPERATION_BYTES;
      if (this.#isEntered(standing, offset))
        view.setBigUint64(operationAt(decodedPage, offset), view.getBigUint64(kept, true), true);
      this.#freeOriginals.push(original);
    }
    this.#host.table.set(tableIndex, null);
    this.#freePlaces.push(tableIndex);
    this.#standing.delete(standing);
    const ofPage = this.#pages.get(page);
    ofPage?.delete(standing);
    if (ofPage?.size === 0) this.#pages.delete(page);
    view.setUint32(operationAt(decodedPage, 0) + REGIONS_IN_PAGE, ofPage?.size ?? 0, true);
    this.#codeBytes -= codeBytes;
  }

  /** Whether the entry at an offset still stands in place of its operation: the page may have been written since. */
  #isEntered({ decodedPage, tableIndex }: Standing, offset: number): boolean {
    const at = operationAt(decodedPage, offset);
    const { view } = this.#host.memory;
    return (view.getUint32(at, true) & 0xff) === TRANSLATED && view.getUint32(at + 4, true) === tableIndex;
  }

  /** Keeps code memory, the table and the kept operations within their bounds: the oldest goes first. */
  #makeRoom(): void {
    for (const standing of this.#standing) {
      const hasRoom =
        this.#codeBytes <= CODE_BYTES_MAX &&
        this.#standing.size <= TABLE_SIZE / 2 &&
        this.#originals - this.#freeOriginals.length <= ORIGINAL_COUNT / 2;
      if (hasRoom) return;
      this.#drop(standing);
    }
  }

  #count(began: number): void {
    const { state, now } = this.#host;
    state.setCounter(Counter.regions, this.#standing.size);
    state.setCounter(Counter.regionBytes, this.#codeBytes);
    state.count(Counter.translationMicroseconds, Math.round((now() - began) * 1000));
  }
}

/** Where the operation of the instruction at an offset in a page stands. */
function operationAt(decodedPage: number, offset: number): number {
  return DECODED + decodedPage * DECODED_PAGE_BYTES + offset * (OPERATION_BYTES / 2);
}

function overlaps(one: Region, other: Region): boolean {
  return one.blocks.some((a) => other.blocks.some((b) => a.offset < b.endOffset && b.offset < a.endOffset));
}
