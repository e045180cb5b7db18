import { expect, test } from "vitest";
import { RAM_BASE } from "#memory/layout.ts";
import {
  BUDGET,
  addImmediate,
  DEVICE,
  loopAddress,
  ROUNDS,
  T0,
  T1,
  TranslatorBench,
} from "./translator-bench.fixture.ts";

/** Its loop loads from the device and stores there, in a region that knows so. */
function hotAtDevice(): TranslatorBench {
  const bench = new TranslatorBench();
  bench.writeLoadingLoop(0);
  bench.hart.setX(T1, BigInt(DEVICE));
  for (let call = 0; call < 5; call++) expect(bench.call(0)).toBe(ROUNDS);
  return bench;
}

test("loads and stores that are often of a device stay in their region, and those of RAM with them", () => {
  const bench = new TranslatorBench();
  bench.writeLoadingLoop(0);
  const word = RAM_BASE + 0x8_0000;
  bench.memory.store32(word, 2);
  const translatedIn = (address: number): number => {
    bench.hart.setX(T1, BigInt(address));
    const before = bench.counter("translatedInstructions");
    expect(bench.call(0)).toBe(address === DEVICE ? ROUNDS : 2 * ROUNDS);
    return bench.counter("translatedInstructions") - before;
  };
  translatedIn(word);
  translatedIn(word);
  const allOfThem = translatedIn(word);
  expect(allOfThem).toBeGreaterThan(5 * ROUNDS - 10);
  for (let call = 0; call < 4; call++) translatedIn(DEVICE);
  expect(bench.regionsIn(1)).toBe(1);
  expect(translatedIn(DEVICE)).toBe(allOfThem);
  expect(translatedIn(word)).toBe(allOfThem);
});

test("a device that has the hart stop: it stands behind the instruction that wrote to it", () => {
  const bench = hotAtDevice();
  let writes = 0;
  bench.onWrite = () => {
    if (++writes === 11) bench.hart.requestExit();
  };
  bench.hart.pc = loopAddress(0);
  const before = bench.hart.ticks;
  bench.hart.run(BUDGET);
  expect(bench.hart.pc).toBe(loopAddress(0) + 16n);
  expect(bench.hart.ticks - before).toBe(1n + 10n * 5n + 3n);
});

test("a device that writes over the region that wrote to it: what it wrote is what runs next", () => {
  const bench = hotAtDevice();
  let writes = 0;
  // Instead of the instruction behind the store, which counts down: from the eleventh round on, by two.
  const countDown = Number(loopAddress(0)) + 16;
  bench.onWrite = () => {
    if (++writes === 11) bench.memory.store32(countDown, addImmediate(T0, -2));
  };
  expect(bench.call(0)).toBe(10 + (ROUNDS - 10) / 2);
});
