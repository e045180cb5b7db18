import { describe, expect, test } from "vitest";
import { GoldfishRtc } from "./goldfish-rtc.ts";
import { TestLine } from "./line.fixture.ts";

const NOVEMBER_2026 = 0x18ba_ffff_ffff_fff0n;

function make() {
  const host = { now: NOVEMBER_2026 };
  const line = new TestLine();
  const rtc = new GoldfishRtc({ epochNanoseconds: () => host.now, line });
  const time = () => BigInt(rtc.read(0, 4)) | (BigInt(rtc.read(4, 4)) << 32n);
  const setAlarm = (at: bigint) => {
    rtc.write(0xc, 4, Number(at >> 32n));
    rtc.write(0x8, 4, Number(at & 0xffff_ffffn));
  };
  return { host, line, rtc, time, setAlarm };
}

describe("goldfish RTC", () => {
  test("TIME_LOW latches TIME_HIGH", () => {
    const { host, rtc, time } = make();
    expect(time()).toBe(NOVEMBER_2026);
    const low = rtc.read(0, 4);
    host.now += 0x20n;
    expect([low, rtc.read(4, 4)]).toEqual([0xffff_fff0, 0x18ba_ffff]);
    expect(time()).toBe(NOVEMBER_2026 + 0x20n);
  });

  test("the guest can set the time", () => {
    const { host, rtc, time } = make();
    rtc.write(4, 4, 1);
    rtc.write(0, 4, 2);
    host.now += 5n;
    expect(time()).toBe(0x1_0000_0007n);
  });

  test("an alarm interrupts once, when enabled, until cleared", () => {
    const { host, line, rtc, setAlarm } = make();
    rtc.write(0x10, 4, 1);
    setAlarm(NOVEMBER_2026 + 100n);
    expect([rtc.read(0x18, 4), rtc.nanosecondsToAlarm, line.level]).toEqual([1, 100n, false]);
    expect([rtc.read(0x8, 4), rtc.read(0xc, 4)]).toEqual([0x54, 0x18bb_0000]);
    host.now += 100n;
    rtc.poll();
    expect([rtc.read(0x18, 4), rtc.nanosecondsToAlarm, line.level]).toEqual([0, undefined, true]);
    rtc.write(0x10, 4, 0);
    expect(line.level).toBe(false);
    rtc.write(0x10, 4, 1);
    rtc.write(0x1c, 4, 1);
    rtc.poll();
    expect([line.level, line.rises]).toEqual([false, 2]);
  });

  test("an alarm in the past fires at once; a cleared one never", () => {
    const { host, line, rtc, setAlarm } = make();
    rtc.write(0x10, 4, 1);
    setAlarm(NOVEMBER_2026 + 1n);
    rtc.write(0x14, 4, 1);
    host.now += 10n;
    rtc.poll();
    expect(line.level).toBe(false);
    setAlarm(1n);
    expect(line.level).toBe(true);
  });

  test.each([1, 2] as const)("ignores accesses of %i bytes", (width) => {
    const { rtc } = make();
    rtc.write(0x10, width, 1);
    expect([rtc.read(0, width), rtc.read(0x10, 4)]).toEqual([0, 0]);
  });

  test("save, reset and restore", () => {
    const { host, line, rtc, setAlarm } = make();
    rtc.write(0x10, 4, 1);
    setAlarm(NOVEMBER_2026 + 9n);
    const armed = structuredClone(rtc.save());
    host.now += 9n;
    rtc.poll();
    const fired = structuredClone(rtc.save());
    rtc.reset();
    expect(line.level).toBe(false);
    rtc.restore(fired);
    expect(line.level).toBe(true);
    rtc.restore(armed);
    expect([line.level, rtc.nanosecondsToAlarm]).toEqual([false, 0n]);
    expect(rtc.save()).toEqual(armed);
  });

  test.each([
    ["version", 0],
    ["offset", -1n],
    ["timeHigh", 2 ** 32],
    ["alarm", 5],
    ["alarmArmed", 1],
    ["interruptEnabled", undefined],
  ])("refuses a state with a wrong %s", (field, value) => {
    const { rtc } = make();
    const before = rtc.save() as object;
    expect(() => rtc.restore({ ...before, [field]: value })).toThrow(TypeError);
    expect(rtc.save()).toEqual(before);
  });
});
