import { describe, expect, test } from "vitest";
import { Bus } from "./bus.ts";
import type { Device, Width } from "./device.ts";

/** Remembers accesses; reads give the offset. */
class Recorder implements Device {
  readonly name: string;
  readonly size: number;
  readonly accesses: unknown[] = [];

  constructor(name: string, size: number) {
    this.name = name;
    this.size = size;
  }
  read(offset: number, width: Width): number {
    this.accesses.push(["read", offset, width]);
    return 0xffff_0000 + offset;
  }
  write(offset: number, width: Width, value: number): void {
    this.accesses.push(["write", offset, width, value]);
  }
  save(): unknown {
    return undefined;
  }
  restore(): void {}
  reset(): void {}
}

describe("Bus", () => {
  const make = () => {
    const low = new Recorder("low", 0x100);
    const high = new Recorder("high", 0x1000);
    return {
      low,
      high,
      bus: new Bus([
        { base: 0x2000, device: high },
        { base: 0x1000, device: low },
      ]),
    };
  };

  test("gives devices offsets, whichever was used last", () => {
    const { bus, low, high } = make();
    expect(bus.read(0x1004, 4)).toBe(0xffff_0004n);
    expect(bus.read(0x2ffc, 4)).toBe(0xffff_0ffcn);
    expect(bus.read(0x10ff, 1)).toBe(0xffff_00ffn);
    expect(low.accesses).toEqual([
      ["read", 4, 4],
      ["read", 0xff, 1],
    ]);
    expect(high.accesses).toEqual([["read", 0xffc, 4]]);
  });

  test("splits 8 bytes into two of 4, low half first", () => {
    const { bus, low } = make();
    expect(bus.read(0x1010, 8)).toBe(0xffff_0014_ffff_0010n);
    expect(bus.write(0x1010, 8, 0x1122_3344_5566_7788n)).toBe(true);
    expect(low.accesses.slice(2)).toEqual([
      ["write", 0x10, 4, 0x5566_7788],
      ["write", 0x14, 4, 0x1122_3344],
    ]);
  });

  test("asks a device that can for a whole 8-byte read, when it is aligned", () => {
    const device = Object.assign(new Recorder("clock", 0x100), {
      readWhole: (offset: number) => BigInt(offset) * 1000n,
    });
    const bus = new Bus([{ base: 0, device }]);
    expect(bus.read(8, 8)).toBe(8000n);
    expect(bus.read(4, 8)).toBe(0xffff_0008_ffff_0004n);
  });

  test("cuts a value down to the width", () => {
    const { bus, low } = make();
    bus.write(0x1000, 1, -1n);
    bus.write(0x1000, 2, 0x12_3456n);
    bus.write(0x1000, 4, 2n ** 64n - 1n);
    expect(low.accesses).toEqual([
      ["write", 0, 1, 0xff],
      ["write", 0, 2, 0x3456],
      ["write", 0, 4, 0xffff_ffff],
    ]);
  });

  test.each([
    [0xfff, 1],
    [0xffe, 4],
    [0x10fe, 4],
    [0x1100, 1],
    [0x2ffc, 8],
    [0x3000, 1],
    [2 ** 56, 8],
  ] as const)("has nothing at 0x%s of %i bytes", (address, width) => {
    const { bus, low, high } = make();
    expect(bus.read(address, width)).toBeUndefined();
    expect(bus.write(address, width, 1n)).toBe(false);
    expect([...low.accesses, ...high.accesses]).toEqual([]);
  });

  test("refuses a table that overlaps", () => {
    const device = new Recorder("twice", 0x1000);
    expect(
      () =>
        new Bus([
          { base: 0x800, device },
          { base: 0, device },
        ]),
    ).toThrow("twice at 0x800 overlaps");
  });
});
