import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { decodeParts, encodeParts } from "./golden.fixture.ts";
import { scriptedMachine } from "./machine.fixture.ts";
import { PARTS_VERSION } from "./parts.ts";

/** One file for every version ever written, in order. */
const golden: readonly unknown[] = ["parts-1.json", "parts-2.json", "parts-3.json"].map((name) =>
  JSON.parse(readFileSync(new URL(`golden/${name}`, import.meta.url), "utf8")),
);

test("every version has its golden file", () => {
  expect(golden.map((file) => (decodeParts(file) as { version: number }).version)).toEqual(
    golden.map((_, index) => index + 1),
  );
  expect(golden).toHaveLength(PARTS_VERSION);
});

describe.each(golden.map((file, index) => [index + 1, file]))("version %i", (_, file) => {
  test("restores", () => {
    const { machine, hart } = scriptedMachine(() => {});
    machine.restore(decodeParts(file) as never);
    expect(hart.ticks).toBe(123_456n);
    expect(hart.host.time()).toBe(1234n);
    expect(hart.host.readDevice(0x1000_0007, 1)).toBe(0x77n);
    expect(hart.host.readDevice(0x200_4000, 8)).toBe(0x1_0000n);
  });
});

test("the newest golden file is what is written today", () => {
  const { machine } = scriptedMachine(() => {});
  const newest = golden.at(-1);
  machine.restore(decodeParts(newest) as never);
  expect(encodeParts(machine.save())).toEqual(newest);
});

test("the first version's wall clock comes back with what the guest was told unknown", () => {
  const { machine } = scriptedMachine(() => {}, { clock: "wall" });
  const saved = decodeParts(golden[0]) as { config: object; devices: object };
  const clock = { version: 1, time: 1234n };
  machine.restore({
    ...saved,
    config: { ...saved.config, clock: "wall" },
    devices: { ...saved.devices, clock },
  } as never);
  expect(machine.save().devices["clock"]).toEqual({ version: 2, time: 1234n, toldOrigin: 0n });
});
