import { expect, test } from "vitest";
import { Profile, TLB_REFILL_NS, type RunCounts } from "./profile.ts";
import { profileReport } from "./profile-report.ts";
import { SymbolTable } from "./symbols.ts";

const symbols = new SymbolTable([
  { address: 0x1000n, byteLength: 0x100n, name: "main" },
  { address: 0x1100n, byteLength: 0x100n, name: "idle" },
]);

const nothing: RunCounts = {
  instructions: 0,
  translated: 0,
  tlbMisses: 0,
  translationMs: 0,
  regionsTranslated: 0,
  deviceAccesses: 0,
};

function stretch(translated: number, interpreted: number, milliseconds: number) {
  return { instructions: translated + interpreted, translated, milliseconds, deviceMs: 0, tlbMisses: 0 };
}

test("samples are put together by function and mode, or by page, and weighted by time", () => {
  const profile = new Profile();
  profile.sample(0x1000n, "M", stretch(75, 25, 1));
  profile.sample(0x1010n, "M", stretch(25, 75, 3));
  profile.sample(0x1010n, "U", stretch(0, 100, 2));
  profile.sample(0x1100n, "M", stretch(0, 100, 0.5));
  profile.sample(0x5008n, "U", stretch(100, 0, 4));
  profile.sample(0x5ffcn, "U", stretch(100, 0, 5));
  expect(profile.hottest(symbols)).toEqual([
    { name: "page 0x0000000000005000", mode: "U", milliseconds: 9, translatedShare: 1, hottest: 0x5ffcn },
    { name: "main", mode: "M", milliseconds: 4, translatedShare: 0.5, hottest: 0x1010n },
    { name: "main", mode: "U", milliseconds: 2, translatedShare: 0, hottest: 0x1010n },
    { name: "idle", mode: "M", milliseconds: 0.5, translatedShare: 0, hottest: 0x1100n },
  ]);
});

test("what is not measured is shared out by what each engine's instructions cost in this run", () => {
  const profile = new Profile();
  // An interpreted instruction costs five times a translated one; devices and refills are no part of that.
  const costOf = (translated: number, interpreted: number) => translated * 1e-6 + interpreted * 5e-6;
  for (const [translated, interpreted, deviceMs, tlbMisses] of [
    [20_000, 0, 0, 0],
    [0, 20_000, 7, 0],
    [10_000, 10_000, 0, 1000],
    [15_000, 5000, 1, 10],
  ] as const) {
    const milliseconds = costOf(translated, interpreted) + deviceMs + (tlbMisses * TLB_REFILL_NS) / 1e6;
    const work = { instructions: translated + interpreted, translated, milliseconds, deviceMs, tlbMisses };
    profile.sample(0x1000n, "M", work);
    profile.hartMs += milliseconds;
    profile.deviceMs += deviceMs;
  }
  profile.hartMs += 3;
  profile.machineMs = profile.hartMs + 2.5;
  profile.samplingMs = 0.5;
  const counts = { ...nothing, instructions: 80_000, translated: 45_000, tlbMisses: 1010, translationMs: 3 };
  const shares = profile.shares(counts);
  expect(shares.translated).toBeCloseTo(45_000 * 1e-6, 9);
  expect(shares.interpreter).toBeCloseTo(35_000 * 5e-6, 9);
  expect(shares.tlbRefill).toBeCloseTo((1010 * TLB_REFILL_NS) / 1e6, 9);
  expect(shares).toMatchObject({ translation: 3, devices: 8, betweenSlices: 2 });
});

test("one engine alone has all the time, whatever was observed", () => {
  const profile = new Profile();
  profile.sample(0x1000n, "M", stretch(0, 100, 1));
  profile.hartMs = 1;
  const counts = { ...nothing, instructions: 100 };
  expect(profile.shares(counts)).toMatchObject({ translated: 0, interpreter: 1 });
  expect(profile.shares({ ...counts, translated: 100 })).toMatchObject({ translated: 1, interpreter: 0 });
});

test("a run of nothing", () => {
  const profile = new Profile();
  expect(profile.shares(nothing)).toMatchObject({ translated: 0, interpreter: 0, tlbRefill: 0 });
  expect(profile.hottest(symbols)).toEqual([]);
});

test("the report has a row for each kind of time, the hottest code, and what is left", () => {
  const profile = new Profile();
  for (let page = 1n; page <= 30n; page++) profile.sample(page * 0x1_0000n, "U", stretch(100, 100, 1));
  profile.sample(0x1004n, "S", stretch(300, 100, 10));
  const shares = { translated: 20, interpreter: 40, tlbRefill: 1, translation: 30, devices: 5, betweenSlices: 4 };
  const counts = {
    ...nothing,
    instructions: 25_000_000,
    translated: 20_000_000,
    tlbMisses: 66_667,
    regionsTranslated: 7,
  };
  const report = profileReport({
    engine: "interpreter",
    counts,
    shares,
    hottest: profile.hottest(symbols),
    samples: 31,
  });
  const lines = report.split("\n");
  expect(lines[0]).toBe("Profile: 25 M instructions in 0.100 s of host time (250 MIPS).");
  expect(report).toMatch(/^ 20.0 % {5}0.020 s {2}translated code {2}about.* 20 M, 80.0 %$/m);
  expect(report).toMatch(/^ 30.0 % {5}0.030 s {2}translation {6}7 regions$/m);
  expect(report).toMatch(/^ 10.0 % {3}0.010 s {6}75.0 % {2}S {5}0x0000000000001004 {2}main$/m);
  expect(report).toMatch(/^ {2}6.0 % {3}0.006 s {2}in 6 other places$/m);
});
