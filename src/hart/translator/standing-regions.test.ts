import { expect, test } from "vitest";
import { GuestMemory } from "#memory/guest-memory.ts";
import { DECODED_PAGES, ORIGINAL_COUNT } from "#memory/layout.ts";
import { TABLE_SIZE } from "#hart/interpreter/interpreter.ts";
import { CODE_BYTES_MAX, operationAt, StandingRegions, type Planned } from "./standing-regions.ts";

const ENTRIES = 255;

function standing() {
  const memory = new GuestMemory(1);
  const table = new WebAssembly.Table({ element: "anyfunc", initial: TABLE_SIZE, maximum: TABLE_SIZE });
  return { memory, regions: new StandingRegions(memory, table) };
}

/** A region whose entries are the first halfwords of a page. */
function planned(number: number, entries: number): Planned {
  const offsets = Array.from({ length: entries }, (_, index) => index * 2);
  const page = number % (DECODED_PAGES - 2);
  const region = { entries: offsets, blocks: [], instructionCount: entries };
  return { region, page, decodedPage: page + 2, generation: 0 };
}

function build(regions: StandingRegions, batch: readonly Planned[], codeBytes: number): void {
  regions.makeRoom(batch);
  const places = batch.map(() => regions.takePlace());
  for (const [index, each] of batch.entries()) {
    const place = places[index] ?? 0;
    expect(place).toBeLessThan(TABLE_SIZE);
    regions.stand(each, place, null, codeBytes);
  }
}

test("twice the kept operations, twice the table, twice the code: the oldest go first", () => {
  const { regions } = standing();
  for (let number = 0; number * ENTRIES < 2 * ORIGINAL_COUNT; number++) build(regions, [planned(number, ENTRIES)], 100);
  expect(regions.count * ENTRIES).toBeLessThanOrEqual(ORIGINAL_COUNT / 2);
  for (let number = 0; number < 2 * TABLE_SIZE; number += 64) {
    build(
      regions,
      Array.from({ length: 64 }, (_, each) => planned(number + each, 1)),
      100,
    );
  }
  expect(regions.count).toBeLessThanOrEqual(TABLE_SIZE / 2);
  for (let number = 0; number < 100; number++) build(regions, [planned(number, 1)], CODE_BYTES_MAX / 50);
  regions.makeRoom();
  expect(regions.codeBytes).toBeLessThanOrEqual(CODE_BYTES_MAX);
});

test("what was dropped stands as it was before", () => {
  const { memory, regions } = standing();
  const at = operationAt(2, 0);
  memory.view.setBigUint64(at, 0x1234_5678_9abcn, true);
  build(regions, [planned(0, 1)], 100);
  expect(memory.view.getBigUint64(at, true)).not.toBe(0x1234_5678_9abcn);
  regions.dropAll();
  expect(memory.view.getBigUint64(at, true)).toBe(0x1234_5678_9abcn);
  expect(regions.codeBytes).toBe(0);
});
