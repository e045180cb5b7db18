import { describe, expect, test } from "vitest";
import { Bus } from "./bus.ts";
import { Clint } from "./clint.ts";
import { TestLine } from "./line.fixture.ts";

function make() {
  const board = { time: 1000n, timerChanges: 0 };
  const software = new TestLine();
  const timer = new TestLine();
  const clint = new Clint({
    time: () => board.time,
    softwareInterrupt: software,
    timerInterrupt: timer,
    timerChanged: () => void board.timerChanges++,
  });
  return { board, software, timer, clint, bus: new Bus([{ base: 0, device: clint }]) };
}

describe("CLINT", () => {
  test("msip drives MSIP by its lowest bit", () => {
    const { bus, software } = make();
    bus.write(0, 4, 0xffff_ffffn);
    expect([bus.read(0, 4), software.level]).toEqual([1n, true]);
    bus.write(0, 4, 2n);
    expect([bus.read(0, 4), software.level]).toEqual([0n, false]);
  });

  test("MTIP is high exactly while mtime >= mtimecmp", () => {
    const { board, bus, clint, timer } = make();
    expect(clint.nextTimer).toBeUndefined();
    bus.write(0x4000, 8, 1500n);
    expect([clint.nextTimer, timer.level, board.timerChanges]).toEqual([1500n, false, 2]);
    board.time = 1499n;
    clint.poll();
    expect(timer.level).toBe(false);
    board.time = 1500n;
    clint.poll();
    expect(timer.level).toBe(true);
    bus.write(0x4000, 8, 2n ** 64n - 1n);
    expect([timer.level, clint.nextTimer]).toEqual([false, undefined]);
  });

  test("mtimecmp is written by halves without a spurious interrupt in the manual's order", () => {
    const { bus, timer } = make();
    bus.write(0x4000, 8, 5000n);
    bus.write(0x4000, 4, 0xffff_ffffn);
    bus.write(0x4004, 4, 1n);
    bus.write(0x4000, 4, 3n);
    expect([bus.read(0x4000, 8), timer.rises]).toEqual([0x1_0000_0003n, 0]);
  });

  test("mtime reads the board's time, whole and by halves, and can be set", () => {
    const { board, bus, clint } = make();
    board.time = 0x1_ffff_ffffn;
    expect(bus.read(0xbff8, 8)).toBe(0x1_ffff_ffffn);
    expect([bus.read(0xbff8, 4), bus.read(0xbffc, 4)]).toEqual([0xffff_ffffn, 1n]);
    bus.write(0xbff8, 8, 10n);
    bus.write(0x4000, 8, 25n);
    expect([clint.mtime, clint.nextTimer]).toEqual([10n, 0x1_ffff_ffffn + 15n]);
    board.time += 7n;
    expect(bus.read(0xbff8, 8)).toBe(17n);
  });

  test.each([1, 2] as const)("ignores accesses of %i bytes", (width) => {
    const { bus, software } = make();
    bus.write(0, width, 1n);
    expect([bus.read(0xbff8, width), software.level]).toEqual([0n, false]);
  });

  test("reset, save and restore drive both lines", () => {
    const { bus, clint, software, timer } = make();
    bus.write(0, 4, 1n);
    bus.write(0x4000, 8, 1n);
    const saved = structuredClone(clint.save());
    clint.reset();
    expect([software.level, timer.level, clint.nextTimer]).toEqual([false, false, undefined]);
    clint.restore(saved);
    expect([software.level, timer.level, clint.nextTimer]).toEqual([true, true, 1n]);
    expect(clint.save()).toEqual(saved);
  });

  test("reset and restore drive both lines, whatever was made of the hart meanwhile", () => {
    const { bus, clint, software, timer } = make();
    for (const line of [software, timer]) line.set(true);
    clint.reset();
    expect([software.level, timer.level]).toEqual([false, false]);
    bus.write(0, 4, 1n);
    bus.write(0x4000, 8, 1n);
    const saved = clint.save();
    for (const line of [software, timer]) line.set(false);
    clint.restore(saved);
    expect([software.level, timer.level]).toEqual([true, true]);
  });

  test.each([
    [undefined],
    [{ version: 2, msip: 0, mtimecmp: 0n, offset: 0n }],
    [{ version: 1, msip: 2, mtimecmp: 0n, offset: 0n }],
    [{ version: 1, msip: 0, mtimecmp: 2n ** 64n, offset: 0n }],
    [{ version: 1, msip: 0, mtimecmp: 0n, offset: 0 }],
  ])("refuses the state %o", (state) => {
    const { clint } = make();
    expect(() => clint.restore(state)).toThrow(TypeError);
    expect(clint.nextTimer).toBeUndefined();
  });
});
