import { describe, expect, test } from "vitest";
import { mergePageSets, packPages, PageSet, PageSetError, PAGE_SET_PAGE_BYTES } from "./page-set.ts";

const PAGES = 8;

function ram(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(PAGES * PAGE_SET_PAGE_BYTES);
  for (const [page, value] of values.entries())
    bytes.fill(value, page * PAGE_SET_PAGE_BYTES, (page + 1) * PAGE_SET_PAGE_BYTES);
  return bytes;
}

describe("page set", () => {
  test("holds the pages asked for; pages of zeros take no room", () => {
    const set = new PageSet(packPages(ram(1, 0, 3), [0, 1, 2]), PAGES);
    expect([...set.entries]).toEqual([0, 1, 1, 0, 2, 2]);
    expect(set.dataBytes).toBe(2 * PAGE_SET_PAGE_BYTES);
    expect(set.slot(2)[0]).toBe(3);
  });

  test("a child over its parent says what both said", () => {
    const parent = new PageSet(packPages(ram(1, 2, 3), [0, 1, 2]), PAGES);
    const child = new PageSet(packPages(ram(0, 9, 0, 4), [0, 1, 3]), PAGES);
    const merged = new PageSet(mergePageSets(parent, child), PAGES);
    expect([...merged.entries]).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    expect([1, 2, 3].map((slot) => merged.slot(slot)[0])).toEqual([9, 3, 4]);
  });

  test.each<[string, (words: Uint32Array) => void]>([
    ["more entries than pages", (words) => (words[0] = PAGES + 1)],
    ["entries without end", (words) => (words[0] = 0xffff_ffff)],
    ["more data than entries", (words) => (words[1] = 3)],
    ["a page beyond RAM", (words) => (words[4] = PAGES)],
    ["a page twice", (words) => (words[4] = 0)],
    ["a slot that is not there", (words) => (words[5] = 3)],
  ])("%s is refused", (_, damage) => {
    const buffer = packPages(ram(1, 2), [0, 1]);
    damage(new Uint32Array(buffer));
    expect(() => new PageSet(buffer, PAGES)).toThrow(PageSetError);
  });

  test("a buffer that is cut short is refused", () => {
    expect(() => new PageSet(new ArrayBuffer(4), PAGES)).toThrow(PageSetError);
    expect(() => new PageSet(packPages(ram(1), [0]).slice(0, 4096), PAGES)).toThrow(PageSetError);
  });
});
