import { afterEach, describe, expect, test, vi } from "vitest";
import { RAM_BASE } from "#memory/layout.ts";
import { TABLE_SIZE } from "#hart/interpreter/interpreter.ts";
import { A0, FIRST_LOOP, LOOP_BYTES, ROUNDS, addImmediate, TranslatorBench } from "./translator-bench.fixture.ts";

/** Loops called in one slice. */
const MANY = 32;

test("a loop that became hot runs translated", () => {
  const bench = new TranslatorBench();
  bench.writeLoop(0);
  for (let call = 0; call < 3; call++) expect(bench.call(0)).toBe(ROUNDS);
  expect(bench.regionsIn(1)).toBe(1);
  expect(bench.counter("translatedInstructions")).toBeGreaterThan(ROUNDS * 3);
  expect(bench.counter("regionBytes")).toBeGreaterThan(0);
});

describe("code that changes", () => {
  test("a store into a region drops it; one beside it in its page does not", () => {
    const bench = new TranslatorBench();
    bench.writeLoop(0);
    bench.writeLoop(1);
    for (let call = 0; call < 3; call++) for (const loop of [0, 1]) bench.call(loop);
    expect(bench.regionsIn(1)).toBe(2);
    bench.store(FIRST_LOOP + 3 * LOOP_BYTES, 77);
    expect(bench.regionsIn(1)).toBe(2);
    bench.store(FIRST_LOOP + 4, addImmediate(A0, 3));
    expect(bench.regionsIn(1)).toBe(1);
    expect(bench.call(1)).toBe(ROUNDS);
    for (let call = 0; call < 3; call++) expect(bench.call(0)).toBe(3 * ROUNDS);
    expect(bench.regionsIn(1)).toBe(2);
  });

  test("a page that is rewritten for ever is left to the interpreter, and others are not", () => {
    const bench = new TranslatorBench();
    bench.writeLoop(0);
    bench.writeLoop(LOOP_BYTES);
    const rewrite = (times: number) => {
      for (let step = 1; step <= times; step++) {
        bench.store(FIRST_LOOP + 4, addImmediate(A0, step));
        for (let call = 0; call < 2; call++) expect(bench.call(0)).toBe(step * ROUNDS);
      }
    };
    rewrite(60);
    const translated = bench.counter("regionsTranslated");
    expect(translated).toBeGreaterThan(10);
    expect(bench.regionsIn(1)).toBe(0);
    rewrite(60);
    expect(bench.counter("regionsTranslated")).toBe(translated);
    for (let call = 0; call < 3; call++) expect(bench.call(LOOP_BYTES)).toBe(ROUNDS);
    expect(bench.regionsIn(2)).toBe(1);
  });

  test("code written from outside is seen, whatever was translated before", () => {
    const bench = new TranslatorBench();
    for (let step = 1; step <= 5; step++) {
      bench.writeLoop(0, step);
      for (let call = 0; call < 3; call++) expect(bench.call(0)).toBe(step * ROUNDS);
      expect(bench.regionsIn(1)).toBe(1);
    }
  });

  test("of a page that was written from outside, only what is hot again stands", () => {
    const bench = new TranslatorBench();
    for (const loop of [0, 1]) bench.writeLoop(loop);
    for (let call = 0; call < 3; call++) for (const loop of [0, 1]) bench.call(loop);
    expect(bench.regionsIn(1)).toBe(2);
    bench.writeLoop(0);
    for (let call = 0; call < 3; call++) bench.call(0);
    expect(bench.regionsIn(1)).toBe(1);
  });

  test("a byte counts where it is a region's first or last, and not beside them", () => {
    const bench = new TranslatorBench();
    const [before, first, last, after] = [-1, 0, 19, 20].map((offset) => FIRST_LOOP + LOOP_BYTES + offset);
    for (const [offset = 0, left] of [
      [before, 1],
      [after, 1],
      [first, 0],
      [last, 0],
    ] as const) {
      bench.writeLoop(1);
      for (let call = 0; call < 3; call++) expect(bench.call(1)).toBe(ROUNDS);
      expect(bench.regionsIn(1)).toBe(1);
      bench.storeByte(offset, bench.memory.read(RAM_BASE + offset, 1)[0] ?? 0);
      expect(bench.regionsIn(1)).toBe(left);
    }
  });
});

test("more regions than there may be: the oldest go, and what they were of runs on", () => {
  const bench = new TranslatorBench();
  const loops = TABLE_SIZE / 2 + 10 * MANY;
  const stepOf = (index: number) => (index % 7) + 1;
  for (let index = 0; index < loops; index++) bench.writeLoop(index, stepOf(index));
  let most = 0;
  for (let pass = 0; pass < 2; pass++) {
    for (let index = 0; index < loops; index += MANY) {
      const called = Array.from({ length: MANY }, (_, each) => stepOf(index + each) * ROUNDS);
      expect(bench.callMany(index, index + MANY)).toBe(called.reduce((sum, each) => sum + each));
      most = Math.max(most, bench.counter("regions"));
    }
  }
  expect(bench.counter("regionsTranslated")).toBeGreaterThan(TABLE_SIZE / 2);
  expect(most).toBe(TABLE_SIZE / 2);
});

test("twice as many hot places in one slice as there is room for", () => {
  const bench = new TranslatorBench();
  const loops = 2 * TABLE_SIZE;
  for (let index = 0; index < loops; index++) bench.writeLoop(index);
  for (let pass = 0; pass < 3; pass++) expect(bench.callMany(0, loops)).toBe(loops * ROUNDS);
  // What waits is translated between the next slices, a module's worth at a time.
  for (let slice = 0; slice < 200; slice++) expect(bench.call(slice)).toBe(ROUNDS);
  expect(bench.counter("regionsTranslated")).toBeGreaterThan(TABLE_SIZE / 2);
  expect(bench.counter("regions")).toBeLessThanOrEqual(TABLE_SIZE / 2);
  expect(bench.callMany(0, loops)).toBe(loops * ROUNDS);
});

test("all translations can be dropped between two instructions of a loop", () => {
  const bench = new TranslatorBench();
  bench.writeLoop(0);
  for (let call = 0; call < 3; call++) bench.call(0);
  bench.hart.setX(A0, 0n);
  bench.hart.pc = BigInt(RAM_BASE + FIRST_LOOP);
  for (let slice = 0; slice < 40; slice++) {
    bench.hart.run(7);
    bench.hart.dropCaches();
    expect(bench.regionsIn(1)).toBe(0);
  }
  expect(bench.hart.x(A0)).toBe(BigInt(ROUNDS));
});

describe("a host that makes no modules of regions", () => {
  const { Module } = WebAssembly;
  afterEach(() => vi.restoreAllMocks());

  /** Modules fail that `fails`, which is given how many were tried before. */
  function failModules(fails: (tried: number) => boolean): () => number {
    let tried = 0;
    vi.spyOn(WebAssembly, "Module").mockImplementation(function (bytes) {
      if (fails(tried++)) throw new RangeError("Out of memory");
      return new Module(bytes);
    });
    return () => tried;
  }

  test("the guest is interpreted, and after some failures nothing more is tried", () => {
    const bench = new TranslatorBench();
    for (let index = 0; index < 64 * 40; index += 64) bench.writeLoop(index);
    const tried = failModules(() => true);
    for (let call = 0; call < 3; call++)
      for (let index = 0; index < 64 * 40; index += 64) expect(bench.call(index)).toBe(ROUNDS);
    expect(tried()).toBe(16);
    expect(bench.counter("translationFailures")).toBe(16);
    expect(bench.counter("regionsTranslated")).toBe(0);
    expect(bench.counter("translatedInstructions")).toBe(0);
  });

  test("what failed together is tried one by one, and what fails alone concerns its page only", () => {
    const bench = new TranslatorBench();
    bench.writeLoop(0);
    bench.writeLoop(64);
    // Together with the jump that each loop returns to, then alone.
    failModules((tried) => tried < 2);
    for (let call = 0; call < 3; call++) for (const index of [0, 64]) expect(bench.call(index)).toBe(ROUNDS);
    expect(bench.counter("translationFailures")).toBe(2);
    expect([0, 1, 2].map((page) => bench.regionsIn(page))).toEqual([1, 0, 1]);
    bench.hart.dropCaches();
    for (let call = 0; call < 3; call++) for (const index of [0, 64]) expect(bench.call(index)).toBe(ROUNDS);
    expect([0, 1, 2].map((page) => bench.regionsIn(page))).toEqual([1, 1, 1]);
  });
});
