import { describe, expect, test } from "vitest";
import { GuestAddressError, GuestMemory } from "./guest-memory.ts";
import { DECODED, DECODED_PAGE_BYTES, PageFlag, RAM_BASE } from "./layout.ts";

const PAGE = 0x1000;
const RAM_BYTES = 0x10_0000;
const RAM_END = RAM_BASE + RAM_BYTES;

/** Numbers of the pages that are dirty. */
function dirty(memory: GuestMemory): readonly number[] {
  return [...memory.pageFlags].flatMap((flags, page) => (flags & PageFlag.dirty ? [page] : []));
}

describe("bounds", () => {
  const memory = new GuestMemory(1);

  test.each([
    [RAM_BASE, 0, true],
    [RAM_BASE, RAM_BYTES, true],
    [RAM_BASE, RAM_BYTES + 1, false],
    [RAM_END - 1, 1, true],
    [RAM_END - 1, 2, false],
    [RAM_END, 0, true],
    [RAM_END, 1, false],
    [RAM_BASE - 1, 1, false],
    [RAM_BASE + 8, -1, false],
    [0, 1, false],
    [Number.MAX_SAFE_INTEGER, 1, false],
    [NaN, 1, false],
    [RAM_BASE, NaN, false],
  ])("0x%o + %o bytes: in RAM is %o", (address, byteLength, isIn) => {
    expect(memory.contains(address, byteLength)).toBe(isIn);
  });

  test("whatever reaches out of RAM is refused, and changes nothing", () => {
    for (const outside of [RAM_BASE - 1, RAM_END - 1, RAM_END]) {
      for (const act of [
        () => memory.read(outside, 2),
        () => memory.write(outside, Uint8Array.of(1, 2)),
        () => memory.fill(outside, 2, 1),
        () => memory.load16(outside),
        () => memory.load32(outside),
        () => memory.load64(outside),
        () => memory.store16(outside, 1),
        () => memory.store32(outside, 1),
        () => memory.store64(outside, 1n),
      ])
        expect(act).toThrow(GuestAddressError);
    }
    expect(dirty(memory)).toEqual([]);
    expect(memory.ram.some((byte) => byte !== 0)).toBe(false);
  });
});

describe("what the host writes", () => {
  test.each<[string, (memory: GuestMemory) => void, readonly number[]]>([
    ["nothing", (memory) => memory.write(RAM_BASE + PAGE, new Uint8Array(0)), []],
    ["a byte", (memory) => memory.fill(RAM_BASE + PAGE, 1, 7), [1]],
    ["the last byte of a page", (memory) => memory.fill(RAM_BASE + 2 * PAGE - 1, 1, 7), [1]],
    ["a whole page", (memory) => memory.fill(RAM_BASE + PAGE, PAGE, 7), [1]],
    ["across two pages", (memory) => memory.fill(RAM_BASE + 2 * PAGE - 1, 2, 7), [1, 2]],
    ["four pages", (memory) => memory.write(RAM_BASE + PAGE + 8, new Uint8Array(3 * PAGE).fill(7)), [1, 2, 3, 4]],
    ["16 bits across two", (memory) => memory.store16(RAM_BASE + 2 * PAGE - 1, 7), [1, 2]],
    ["32 bits across two", (memory) => memory.store32(RAM_BASE + 2 * PAGE - 1, 7), [1, 2]],
    ["64 bits across two", (memory) => memory.store64(RAM_BASE + 2 * PAGE - 1, 7n), [1, 2]],
    ["the last page", (memory) => memory.store64(RAM_END - 8, 7n), [255]],
  ])("%s: makes exactly those pages dirty", (_, write, pages) => {
    const memory = new GuestMemory(1);
    write(memory);
    expect(dirty(memory)).toEqual(pages);
  });

  test("over code: what was decoded of that page is forgotten, of others it is not", () => {
    const memory = new GuestMemory(1);
    const firstOperation = (index: number) => memory.view.getUint32(DECODED + index * DECODED_PAGE_BYTES, true);
    for (const [page, index] of [
      [1, 5],
      [2, 6],
    ] as const) {
      memory.pageFlags[page] = PageFlag.code;
      memory.view.setUint32(memory.layout.decodedIndex + page * 4, index, true);
      memory.view.setUint32(DECODED + index * DECODED_PAGE_BYTES, 99, true);
    }
    memory.store32(RAM_BASE + PAGE + 0x800, 0x13);
    expect([firstOperation(5), firstOperation(6)]).toEqual([0, 99]);
    expect([memory.pageFlags[1], memory.pageFlags[2]]).toEqual([PageFlag.code | PageFlag.dirty, PageFlag.code]);
  });
});
