import type { CodeSymbol, SymbolTable } from "./symbols.ts";

const PAGE_MASK = 0xfffn;

/** What a hart did since the sample before. */
export interface Stretch {
  readonly instructions: number;
  /** Of these, in translated code. */
  readonly translated: number;
  /** Host time, without translating. */
  readonly milliseconds: number;
  /** Of that, in devices and SBI. */
  readonly deviceMs: number;
  readonly tlbMisses: number;
}

/** Where host time went, in milliseconds. */
export interface TimeShares {
  readonly translated: number;
  readonly interpreter: number;
  readonly tlbRefill: number;
  readonly translation: number;
  readonly devices: number;
  readonly betweenSlices: number;
}

/** What was counted over a whole run. */
export interface RunCounts {
  readonly instructions: number;
  readonly translated: number;
  readonly tlbMisses: number;
  readonly translationMs: number;
  readonly regionsTranslated: number;
  readonly deviceAccesses: number;
}

/** Guest code: a function where there are symbols, else a page. */
export interface HotCode {
  readonly name: string;
  readonly mode: string;
  readonly milliseconds: number;
  /** Of the instructions begun up to its samples, how many of 1 were translated. */
  readonly translatedShare: number;
  /** Its most expensive address. */
  readonly hottest: bigint;
}

interface Place {
  milliseconds: number;
  instructions: number;
  translated: number;
}

/** Host nanoseconds of a TLB refill with its walk of three levels, where page tables are cached: a miss less a hit took 11 to 14. */
export const TLB_REFILL_NS = 15;

/** Collects what a profiled hart measures, and says what it amounts to. */
export class Profile {
  /** Host time in the hart's slices, and of that in calls to devices and SBI. */
  hartMs = 0;
  deviceMs = 0;
  /** Host time in the machine, slices and all, and of that in taking samples. */
  machineMs = 0;
  samplingMs = 0;
  samples = 0;
  readonly #modes = new Map<string, Map<bigint, Place>>();
  readonly #costs = new CostOfTwo();

  /** The hart is at `pc`, after a stretch of so much work. */
  sample(pc: bigint, mode: string, stretch: Stretch): void {
    const { instructions, translated, milliseconds, deviceMs, tlbMisses } = stretch;
    this.samples++;
    const places = this.#modes.get(mode) ?? new Map<bigint, Place>();
    this.#modes.set(mode, places);
    const place = places.get(pc) ?? { milliseconds: 0, instructions: 0, translated: 0 };
    places.set(pc, place);
    place.milliseconds += milliseconds;
    place.instructions += instructions;
    place.translated += translated;
    this.#costs.observe(translated, instructions - translated, milliseconds - deviceMs - refillMs(tlbMisses));
  }

  /** Translation and devices are measured; the rest is shared out: refills by their usual cost, engines by theirs in this run. */
  shares(counts: RunCounts): TimeShares {
    const engineMs = Math.max(0, this.hartMs - this.deviceMs - counts.translationMs);
    const tlbRefill = Math.min(engineMs, refillMs(counts.tlbMisses));
    const interpreted = counts.instructions - counts.translated;
    const costs = this.#costs.estimate();
    const weight = counts.translated * costs[0] + interpreted * costs[1];
    const translated = weight === 0 ? 0 : ((engineMs - tlbRefill) * counts.translated * costs[0]) / weight;
    return {
      translated,
      interpreter: engineMs - tlbRefill - translated,
      tlbRefill,
      translation: counts.translationMs,
      devices: this.deviceMs,
      betweenSlices: Math.max(0, this.machineMs - this.hartMs - this.samplingMs),
    };
  }

  /** By host time, the most expensive first. */
  hottest(symbols: SymbolTable): readonly HotCode[] {
    const found: HotCode[] = [];
    for (const [mode, places] of this.#modes) {
      const groups = new Map<string, (readonly [pc: bigint, place: Place])[]>();
      for (const [pc, place] of places) {
        const name = nameOf(pc, symbols.find(pc));
        const group = groups.get(name) ?? [];
        groups.set(name, group);
        group.push([pc, place]);
      }
      for (const [name, group] of groups) found.push(together(name, mode, group));
    }
    return found.sort((a, b) => b.milliseconds - a.milliseconds);
  }
}

function refillMs(misses: number): number {
  return (misses * TLB_REFILL_NS) / 1e6;
}

function nameOf(pc: bigint, symbol: CodeSymbol | undefined): string {
  return symbol ? symbol.name : `page ${hexadecimal(pc & ~PAGE_MASK)}`;
}

/** An address as the table has it. */
export function hexadecimal(address: bigint): string {
  return `0x${address.toString(16).padStart(16, "0")}`;
}

function together(name: string, mode: string, group: readonly (readonly [bigint, Place])[]): HotCode {
  const sum = { milliseconds: 0, instructions: 0, translated: 0 };
  let hottest = group[0];
  for (const each of group) {
    const [, place] = each;
    sum.milliseconds += place.milliseconds;
    sum.instructions += place.instructions;
    sum.translated += place.translated;
    if (!hottest || place.milliseconds > hottest[1].milliseconds) hottest = each;
  }
  const translatedShare = sum.instructions === 0 ? 0 : sum.translated / sum.instructions;
  return { name, mode, milliseconds: sum.milliseconds, translatedShare, hottest: hottest?.[0] ?? 0n };
}

/** What one of each of two kinds costs, by least squares over sums of both. */
class CostOfTwo {
  #aa = 0;
  #ab = 0;
  #bb = 0;
  #ac = 0;
  #bc = 0;

  observe(a: number, b: number, cost: number): void {
    this.#aa += a * a;
    this.#ab += a * b;
    this.#bb += b * b;
    this.#ac += a * cost;
    this.#bc += b * cost;
  }

  /** Up to a factor; equal where what was observed cannot tell the two apart. */
  estimate(): readonly [number, number] {
    const determinant = this.#aa * this.#bb - this.#ab * this.#ab;
    const a = this.#ac * this.#bb - this.#bc * this.#ab;
    const b = this.#bc * this.#aa - this.#ac * this.#ab;
    return determinant > 1e-6 * this.#aa * this.#bb && a > 0 && b > 0 ? [a, b] : [1, 1];
  }
}
