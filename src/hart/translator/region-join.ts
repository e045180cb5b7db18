import { findRegion, REGION_INSTRUCTIONS_MAX, type CodePage, type Region } from "./region.ts";

/** What newly hot places reach, joined with regions that share instructions with it where that is not too large. */
export class RegionJoin {
  readonly #page: CodePage;
  readonly #stops: ReadonlySet<number>;
  #region: Region | undefined;

  constructor(page: CodePage, entries: readonly number[], stops: ReadonlySet<number>) {
    this.#page = page;
    this.#stops = stops;
    this.#region = findRegion(page, entries, stops);
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

function overlaps(one: Region, other: Region): boolean {
  return one.blocks.some((a) => other.blocks.some((b) => a.offset < b.endOffset && b.offset < a.endOffset));
}
