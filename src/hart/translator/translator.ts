import type { GuestMemory } from "#memory/guest-memory.ts";
import { Counter, DECODED, DECODED_PAGE_BYTES, HOT_COUNTER_COUNT, HOT_COUNTERS, PAGE_BYTES } from "#memory/layout.ts";
import type { DecodedPages } from "#hart/translation/decoded-pages.ts";
import type { HartState } from "#hart/state/hart-state.ts";
import { hasFusedMultiplyAdd } from "#hart/float/emitted/fused.ts";
import { TRANSLATED } from "#hart/translation/operation.ts";
import { GO_ON } from "#hart/emit/region-calls.ts";
import { buildRegionModule } from "./region-module.ts";
import { RegionJoin } from "./region-join.ts";
import { instructionOf, type CodePage } from "./region.ts";
import { operationAt, StandingRegions, type Planned, type Standing } from "./standing-regions.ts";

/** A region so large that was joined with others so often stays as it is: what becomes hot beside it goes on in it. */
const GENERATIONS_MAX = 2;
const JOINED_FREELY_MAX = 200;
/**
 * After so many instructions only half of the arrivals still count. What is executed more seldom than about once in sixteen thousand
 * instructions is never translated: so much code would not stay in the host's caches, where operations take less room.
 */
const HALF_LIFE_INSTRUCTIONS = 64_000_000n;
/** Hot operations translated between two slices: a guest can make any number of them at once. */
const BATCH_OPERATIONS_MAX = 64;
/** Time after which those that are left wait for the next slice. */
const PLANNING_MS = 6;
/** Hot operations that may wait; those turned away become hot again. */
const WAITING_MAX = 4096;
/** Slices after which what became hot waits no longer for more of its kind. */
const BATCH_SLICES = 12;
/** A page whose regions were thrown away so often, half of it forgotten with arrivals, is left to the interpreter for now. */
const REBUILDS_MAX = 40;
/** Modules that failed one after the other, with none between that did not, before no more are tried. */
const FAILURES_MAX = 16;

/** A module of regions: its functions by their number. */
interface Built {
  readonly exports: WebAssembly.Instance["exports"];
  readonly bytes: number;
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
  /** Milliseconds; what it says changes when code is translated, never what it does. */
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
  readonly #standing: StandingRegions;
  readonly #rebuilds = new Map<number, number>();
  /** By RAM page, offsets of instructions that regions have often declined: loads and stores there may be of devices. */
  readonly #declined = new Map<number, Set<number>>();
  readonly #fused = hasFusedMultiplyAdd();
  /** Slices since the first hot operation that waits. */
  #waited = 0;
  /** Ticks when arrivals were last halved. */
  #halvedAt = 0n;
  /** Since a module was last made. */
  #failures = 0;

  constructor(host: TranslatorHost) {
    this.#host = host;
    this.#standing = new StandingRegions(host.memory, host.table);
  }

  /** Execution often jumps to the operation at this address. */
  hot(operation: number): void {
    if (this.#failures < FAILURES_MAX && this.#hot.size < WAITING_MAX) this.#hot.add(operation);
  }

  /** The region that begins at this operation often leaves it to the interpreter. */
  declined(operation: number): void {
    const place = this.#placeOf(operation);
    // One that is turned away now comes again.
    if (!place || this.#hot.size >= WAITING_MAX) return;
    const { page, offset } = place;
    const ofPage = this.#declined.get(page) ?? new Set();
    if (ofPage.has(offset)) return;
    this.#declined.set(page, ofPage.add(offset));
    this.hot(operation);
  }

  /** Between slices: translates what has become hot, once it is worth a module. */
  translate(): void {
    this.#forgetArrivals();
    if (this.#hot.size === 0) return;
    if (this.#hot.size < this.#host.batchOperations && ++this.#waited < BATCH_SLICES) return;
    this.#waited = 0;
    const began = this.#host.now();
    const found = new Set<Planned>();
    let looked = 0;
    for (const operation of this.#hot) {
      if (looked++ >= BATCH_OPERATIONS_MAX || this.#host.now() - began > PLANNING_MS) break;
      this.#hot.delete(operation);
      this.#plan(operation, found);
    }
    if (found.size > 0) this.#tryToBuild([...found]);
    this.#standing.makeRoom();
    this.#count(began);
  }

  /** Bytes of a page are about to change: regions made of them are dropped. */
  codeChanged(page: number, first: number, end: number): void {
    const touched = this.#standing
      .of(page)
      .filter(({ region }) => region.blocks.some(({ offset, endOffset }) => offset < end && first < endOffset));
    // A kernel that patches itself as it boots writes beside its regions, too: that costs none of them.
    if (touched.length === 0) return;
    for (const standing of touched) this.#standing.drop(standing);
    this.#rebuilds.set(page, (this.#rebuilds.get(page) ?? 0) + 1);
  }

  /** A page is data again, or its decoded page is another's. */
  dropPage(page: number): void {
    for (const standing of this.#standing.of(page)) this.#standing.drop(standing);
    this.#rebuilds.delete(page);
    this.#declined.delete(page);
  }

  dropAll(): void {
    this.#standing.dropAll();
    this.#hot.clear();
    this.#rebuilds.clear();
    this.#declined.clear();
  }

  #forgetArrivals(): void {
    const { memory, state } = this.#host;
    const ticks = state.get("ticks");
    // A snapshot goes back in time.
    if (ticks >= this.#halvedAt && ticks - this.#halvedAt < HALF_LIFE_INSTRUCTIONS) return;
    this.#halvedAt = ticks;
    const arrivals = new Int32Array(memory.view.buffer, HOT_COUNTERS, HOT_COUNTER_COUNT);
    for (let place = 0; place < arrivals.length; place++) arrivals[place] = (arrivals[place] ?? 0) >> 1;
    for (const [page, rebuilds] of this.#rebuilds) {
      if (rebuilds > 1) this.#rebuilds.set(page, rebuilds >> 1);
      else this.#rebuilds.delete(page);
    }
  }

  /** Finds the region that an operation belongs to; those that it belongs with are dropped, to become one. */
  #plan(operation: number, found: Set<Planned>): void {
    const { memory } = this.#host;
    const { view } = memory;
    const place = this.#placeOf(operation);
    if (!place || (this.#rebuilds.get(place.page) ?? 0) > REBUILDS_MAX) return;
    const { decodedPage, page, offset } = place;
    const unaware = this.#unaware(page, offset);
    if ((view.getUint32(operation, true) & 0xff) === TRANSLATED && unaware.length === 0) return;
    for (const each of unaware) this.#standing.drop(each);
    const codePage: CodePage = {
      bytes: new DataView(view.buffer, memory.layout.ram + page * PAGE_BYTES, PAGE_BYTES),
      isReached: (at) => view.getUint32(operationAt(decodedPage, at), true) !== 0,
      isDeclined: (at) => this.#declined.get(page)?.has(at) ?? false,
    };
    this.#dropWritten(page);
    const standing = this.#standing.of(page);
    const planned = [...found].filter((each) => each.page === page);
    const finished = standing.filter(
      ({ generation, region: { instructionCount } }) =>
        generation >= GENERATIONS_MAX && instructionCount > JOINED_FREELY_MAX,
    );
    const joined = new RegionJoin(codePage, [...new Set([offset, ...entriesOf(unaware)])], entriesOf(finished));
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
    for (const each of joinedStanding) this.#standing.drop(each);
    const before = [...unaware, ...joinedPlanned].map(({ generation }) => generation);
    const again = [...joinedStanding].map(({ generation }) => generation + 1);
    found.add({ page, decodedPage, region, generation: Math.max(0, ...before, ...again) });
  }

  /** The instruction that an operation stands for; undefined where its page is no longer decoded. */
  #placeOf(operation: number): { decodedPage: number; page: number; offset: number } | undefined {
    const decodedPage = Math.floor((operation - DECODED) / DECODED_PAGE_BYTES);
    const page = this.#host.decoded.ownerOf(decodedPage);
    return page === undefined
      ? undefined
      : { decodedPage, page, offset: (operation - operationAt(decodedPage, 0)) / 4 };
  }

  /** The regions that were made before it was known that the instruction at this offset is often declined. */
  #unaware(page: number, offset: number): readonly Standing[] {
    if (!this.#declined.get(page)?.has(offset)) return [];
    return this.#standing.of(page).filter(({ region }) => instructionOf(region, offset)?.isDeclined === false);
  }

  /** Regions of a page that was written from outside are unreachable already. */
  #dropWritten(page: number): void {
    for (const each of this.#standing.of(page)) {
      if (!each.region.entries.every((entry) => this.#standing.isEntered(each, entry))) this.#standing.drop(each);
    }
  }

  /** What cannot be built together is built one by one; what fails alone is left, with its page, to the interpreter. */
  #tryToBuild(found: readonly Planned[]): void {
    if (this.#failures >= FAILURES_MAX) return;
    this.#standing.makeRoom(found);
    const places = found.map(() => this.#standing.takePlace());
    const built = this.#build(found, places);
    if (built) {
      this.#failures = 0;
      for (const [index, planned] of found.entries()) {
        const tableIndex = places[index] ?? 0;
        const codeBytes = Math.ceil(built.bytes / found.length);
        this.#standing.stand(planned, tableIndex, built.exports[String(index)], codeBytes);
        this.#host.state.count(Counter.regionsTranslated);
      }
      return;
    }
    this.#failures++;
    this.#host.state.count(Counter.translationFailures);
    this.#standing.givePlaces(places);
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

  #count(began: number): void {
    const { state, now } = this.#host;
    state.setCounter(Counter.regions, this.#standing.count);
    state.setCounter(Counter.regionBytes, this.#standing.codeBytes);
    state.count(Counter.translationMicroseconds, Math.round((now() - began) * 1000));
  }
}

function entriesOf(regions: readonly Planned[]): ReadonlySet<number> {
  return new Set(regions.flatMap(({ region }) => region.entries));
}
