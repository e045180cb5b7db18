import { describe, expect, test } from "vitest";
import { BootError } from "./boot-error.ts";
import { buildElf, words } from "./elf.fixture.ts";
import { readElf } from "./elf.ts";

const BIAS = 0x8000_0000;
const code = words(0x0000_0013, 0x0000_006f);
const simple = { entry: 0x8000_0004n, segments: [{ address: 0x8000_0000, bytes: code, memoryBytes: 4096 }] };

describe("readElf", () => {
  test("reads segments, entry and symbols", () => {
    const elf = readElf(buildElf({ ...simple, symbols: { tohost: 0x8000_0100n, fromhost: 0x8000_0108n } }), BIAS);
    expect(elf.entry).toBe(0x8000_0004);
    expect(elf.segments).toEqual([{ address: 0x8000_0000, bytes: code, memoryBytes: 4096, headerBytes: 0 }]);
    expect([elf.tohost, elf.fromhost]).toEqual([0x8000_0100, 0x8000_0108]);
  });

  test("has no tohost without the symbol", () => {
    expect(readElf(buildElf(simple), BIAS).tohost).toBeUndefined();
  });

  test("finds entry and symbols of a program linked high and loaded low", () => {
    const high = 0xffff_ffff_8000_0000n;
    const elf = readElf(
      buildElf({
        entry: high + 4n,
        segments: [{ address: 0x8020_0000, virtualAddress: high, bytes: code, memoryBytes: 4096 }],
        symbols: { tohost: high + 0x10n },
      }),
      BIAS,
    );
    expect([elf.entry, elf.tohost]).toEqual([0x8020_0004, 0x8020_0010]);
  });

  test("moves a position-independent program", () => {
    const elf = readElf(buildElf({ type: 3, entry: 0n, segments: [{ address: 0, bytes: code }] }), BIAS);
    expect([elf.entry, elf.segments[0]?.address]).toEqual([BIAS, BIAS]);
  });

  test.each([
    ["another processor", buildElf({ ...simple, machine: 62 }), /another processor/],
    ["an object file", buildElf({ ...simple, type: 1 }), /link it/],
    ["nothing to load", buildElf({ entry: 0n, segments: [] }), /nothing to load/],
    ["an entry outside", buildElf({ ...simple, entry: 0x9000_0000n }), /entry point/],
    [
      "a shrunk segment",
      buildElf({ ...simple, segments: [{ address: BIAS, bytes: code, memoryBytes: 4 }] }),
      /corrupt/,
    ],
  ])("refuses %s", (_, file, message) => {
    expect(() => readElf(file, BIAS)).toThrow(BootError);
    expect(() => readElf(file, BIAS)).toThrow(message);
  });

  test("every truncation either refuses or loads whole segments", () => {
    const file = buildElf({ ...simple, symbols: { tohost: 0x8000_0100n } });
    for (let length = 4; length < file.length; length++) {
      try {
        expect(readElf(file.slice(0, length), BIAS).segments[0]?.bytes.length).toBe(code.length);
      } catch (error) {
        expect(error).toBeInstanceOf(BootError);
      }
    }
  });

  test("every corrupt byte either refuses or loads", () => {
    const file = buildElf({ ...simple, symbols: { tohost: 0x8000_0100n } });
    for (let at = 4; at < file.length; at++) {
      for (const value of [0, 0x7f, 0xff]) {
        const corrupt = file.slice();
        corrupt[at] = value;
        try {
          readElf(corrupt, BIAS);
        } catch (error) {
          expect(error).toBeInstanceOf(BootError);
        }
      }
    }
  });
});
