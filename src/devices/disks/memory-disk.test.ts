import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DiskFullError, SECTOR_BYTES } from "./disk.ts";
import { BLOCK_BYTES, bytesBase, MemoryDisk, zeroBase } from "./memory-disk.ts";

const base = Uint8Array.from({ length: 5 * BLOCK_BYTES + 700 }, (_, index) => index % 251);

function contents(disk: MemoryDisk): Uint8Array {
  const bytes = new Uint8Array(disk.sectorCount * SECTOR_BYTES);
  disk.read(0, bytes);
  return bytes;
}

/** As toEqual, which takes a millisecond for each thousand bytes. */
function expectSame(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.findIndex((byte, index) => byte !== expected[index])).toBe(-1);
  expect(actual.length).toBe(expected.length);
}

const filled = (byte: number, sectors = 1) => new Uint8Array(sectors * SECTOR_BYTES).fill(byte);

describe("MemoryDisk", () => {
  test("shows the base, with zeroes up to a whole sector", () => {
    const disk = new MemoryDisk({ base: bytesBase(base) });
    expect(disk.sectorCount).toBe(42);
    const expected = new Uint8Array(42 * SECTOR_BYTES);
    expected.set(base);
    expect(contents(disk)).toEqual(expected);
    expect(contents(new MemoryDisk({ base: zeroBase(1024) }))).toEqual(new Uint8Array(1024));
  });

  test("writes never reach the base", () => {
    const bytes = base.slice();
    const disk = new MemoryDisk({ base: bytesBase(bytes) });
    disk.write(0, filled(1, 42));
    expect(bytes).toEqual(base);
    expect(contents(disk)).toEqual(filled(1, 42));
  });

  test("does what an array does, through saves and restores", () => {
    const step = fc.record({
      act: fc.constantFrom("write", "zero", "save", "restore"),
      sector: fc.nat(41),
      count: fc.integer({ min: 1, max: 20 }),
      byte: fc.nat(255),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, zeroes) => {
        const disk = new MemoryDisk({ base: zeroes ? zeroBase(base.length) : bytesBase(base) });
        let model = contents(disk);
        const saves = [{ state: disk.save(), model: model.slice() }];
        for (const { act, sector, count, byte } of steps) {
          const sectors = Math.min(count, 42 - sector);
          const bytes = filled(act === "zero" ? 0 : byte, sectors);
          if (act === "save") saves.push({ state: disk.save(), model: model.slice() });
          else if (act === "restore") {
            const chosen = saves[byte % saves.length]!;
            disk.restore(byte < 128 ? chosen.state : structuredClone(chosen.state));
            model = chosen.model.slice();
          } else {
            if (act === "zero") disk.zero(sector, sectors);
            else disk.write(sector, bytes);
            model.set(bytes, sector * SECTOR_BYTES);
          }
        }
        expectSame(contents(disk), model);
        for (const saved of saves) {
          disk.restore(saved.state);
          expectSame(contents(disk), saved.model);
        }
      }),
    );
  });

  test("save shares blocks that did not change, and copies one before it changes", () => {
    const disk = new MemoryDisk({ base: zeroBase(4 * BLOCK_BYTES) });
    disk.write(0, filled(1));
    disk.write(8, filled(2));
    const first = disk.save();
    disk.write(0, filled(3));
    const second = disk.save();
    const block = (state: typeof first, index: number) => state.blocks.find((each) => each.index === index)!.bytes;
    expect(block(second, 1)).toBe(block(first, 1));
    expect([block(first, 0)[0], block(second, 0)[0]]).toEqual([1, 3]);
  });

  test("a full overlay refuses new blocks, and only these; zeroing makes room", () => {
    const disk = new MemoryDisk({ base: bytesBase(base), overlayBytesMax: 2 * BLOCK_BYTES + 1 });
    disk.write(0, filled(1, 16));
    expect(disk.overlayBytes).toBe(2 * BLOCK_BYTES);
    expect(() => disk.write(16, filled(1))).toThrow(DiskFullError);
    disk.save();
    disk.write(3, filled(2));
    disk.zero(0, 8);
    disk.write(16, filled(1));
    disk.zero(24, 8);
    expect(disk.overlayBytes).toBe(2 * BLOCK_BYTES);
    const saved = structuredClone(disk.save());
    disk.restore(saved);
    expect(contents(disk).subarray(24 * 512, 32 * 512)).toEqual(filled(0, 8));
  });

  const good = {
    version: 1,
    byteLength: base.length,
    blocks: [{ index: 0, bytes: new Uint8Array(BLOCK_BYTES) }],
    zeroed: [1],
  };
  test.each<[string, unknown, string]>([
    ["nothing", undefined, "is not an object"],
    ["another version", { ...good, version: 2 }, "version 2, not 1"],
    ["another size", { ...good, byteLength: 512 }, `is of a disk of 512 bytes, not ${base.length}`],
    ["no list", { ...good, blocks: {} }, "blocks is not an array"],
    ["a block outside", { ...good, blocks: [{ ...good.blocks[0], index: 6 }] }, "index is not an integer from 0 to 5"],
    [
      "a short block",
      { ...good, blocks: [{ index: 0, bytes: new Uint8Array(1) }] },
      "the length of the disk's blocks[0].bytes",
    ],
    ["words for bytes", { ...good, blocks: [{ index: 0, bytes: new Uint16Array(BLOCK_BYTES) }] }, "is not bytes"],
    ["a block twice", { ...good, blocks: [good.blocks[0], good.blocks[0]] }, "block 0 twice"],
    ["a block written and zeroed", { ...good, zeroed: [0] }, "block 0 twice"],
    ["a zeroed block outside", { ...good, zeroed: [6] }, "is not an integer"],
    [
      "more than the cap",
      { ...good, blocks: [0, 1, 2].map((index) => ({ ...good.blocks[0], index })), zeroed: [] },
      "the length of",
    ],
  ])("refuses %s, and stays as it is", (_, state, message) => {
    const disk = new MemoryDisk({ base: bytesBase(base), overlayBytesMax: 2 * BLOCK_BYTES });
    disk.write(0, filled(7));
    const before = contents(disk);
    expect(() => disk.restore(state)).toThrow(TypeError);
    expect(() => disk.restore(state)).toThrow(message);
    expect(contents(disk)).toEqual(before);
    disk.restore(good);
  });
});
