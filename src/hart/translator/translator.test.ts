import { afterEach, describe, expect, test, vi } from "vitest";
import { GuestMemory } from "#memory/guest-memory.ts";
import { Counter, DECODED, DECODED_PAGE_BYTES, HartSlot, PAGE_BYTES, RAM_BASE } from "#memory/layout.ts";
import { CodeWriter } from "#hart/random-programs/code-writer.fixture.ts";
import type { HartHost } from "#hart/state/hart-host.ts";
import { Hart } from "#hart/hart.ts";
import { TABLE_SIZE } from "#hart/interpreter/interpreter.ts";
import { REGIONS_IN_PAGE } from "#hart/translation/decoded-layout.ts";

const DEVICE = 0x1000_0000;
/** What the device does when it is written to, if it does anything. */
let onWrite: () => void = () => {};
const host: HartHost = {
  readDevice: (address) => (address === DEVICE ? 1n : undefined),
  writeDevice: (address) => {
    if (address === DEVICE) onWrite();
    return address === DEVICE;
  },
  time: () => 0n,
  timerChanged: () => {},
};
const [RA, T0, T1, T2, A0] = [1, 5, 6, 7, 10];
/** How often each loop goes round, and the bytes that it has. */
const ROUNDS = 50;
const LOOP_BYTES = 64;
const FIRST_LOOP = PAGE_BYTES;
/** Loops called in one slice. */
const MANY = 32;
/** More instructions than one call of a loop needs. */
const BUDGET = 400;
/** In the first page, beside a jump to itself. */
const STORE = 64;
const STORE_BYTE = 96;
const CALLS = 128;

/** A hart with loops from the second page on. */
class Bench {
  readonly memory = new GuestMemory(1);
  readonly hart: Hart;

  constructor() {
    this.hart = new Hart(this.memory, host, "translator", { hotThreshold: 1 });
    this.hart.reset(BigInt(RAM_BASE), "M");
    this.#write(0, (code) => code.put("jal"));
    this.#write(STORE, (code) => {
      code.put("sw", { rs1: T1, rs2: T2 });
      code.put("jalr", { rs1: RA });
    });
    this.#write(STORE_BYTE, (code) => {
      code.put("sb", { rs1: T1, rs2: T2 });
      code.put("jalr", { rs1: RA });
    });
    this.#write(CALLS, (code) => {
      code.put("jalr", { rd: RA, rs1: T1 });
      code.put("addi", { rd: T1, rs1: T1, imm: LOOP_BYTES });
      code.put("bne", { rs1: T1, rs2: T2, imm: -8 });
      code.put("jal");
    });
  }

  /** Loop `index` adds `step` to a0 in each of its rounds, and returns. */
  writeLoop(index: number, step = 1): void {
    this.#write(FIRST_LOOP + index * LOOP_BYTES, (code) => {
      code.put("addi", { rd: T0, imm: ROUNDS });
      code.put("addi", { rd: A0, rs1: A0, imm: step });
      code.put("addi", { rd: T0, rs1: T0, imm: -1 });
      code.put("bne", { rs1: T0, imm: -8 });
      code.put("jalr", { rs1: RA });
    });
  }

  /** Loop `index` adds in each of its rounds what it loads from where t1 points to, and stores it there. */
  writeLoadingLoop(index: number): void {
    this.#write(FIRST_LOOP + index * LOOP_BYTES, (code) => {
      code.put("addi", { rd: T0, imm: ROUNDS });
      code.put("lw", { rd: T2, rs1: T1 });
      code.put("add", { rd: A0, rs1: A0, rs2: T2 });
      code.put("sw", { rs1: T1, rs2: T2 });
      code.put("addi", { rd: T0, rs1: T0, imm: -1 });
      code.put("bne", { rs1: T0, imm: -16 });
      code.put("jalr", { rs1: RA });
    });
  }

  /** Runs a loop; gives what it added to a0. */
  call(index: number): number {
    this.hart.setX(A0, 0n);
    this.hart.setX(RA, BigInt(RAM_BASE));
    this.hart.pc = loopAddress(index);
    this.hart.run(BUDGET);
    expect(this.hart.pc).toBe(BigInt(RAM_BASE));
    return Number(this.hart.x(A0));
  }

  /** Runs the loops from `index` to `end` in one slice; gives what they added to a0. */
  callMany(index: number, end: number): number {
    this.hart.setX(A0, 0n);
    this.hart.setX(T1, loopAddress(index));
    this.hart.setX(T2, loopAddress(end));
    this.hart.pc = BigInt(RAM_BASE + CALLS);
    this.hart.run(BUDGET * (end - index));
    expect(this.hart.pc).toBe(BigInt(RAM_BASE + CALLS + 12));
    return Number(this.hart.x(A0));
  }

  /** The guest stores a word. */
  store(offset: number, word: number): void {
    this.#store(STORE, offset, word);
    expect(this.memory.load32(RAM_BASE + offset)).toBe(word);
  }

  storeByte(offset: number, byte: number): void {
    this.#store(STORE_BYTE, offset, byte);
  }

  #store(code: number, offset: number, value: number): void {
    this.hart.setX(T1, BigInt(RAM_BASE + offset));
    this.hart.setX(T2, BigInt(value));
    this.hart.setX(RA, BigInt(RAM_BASE));
    this.hart.pc = BigInt(RAM_BASE + code);
    this.hart.run(3);
  }

  counter(name: keyof typeof Counter): number {
    return Number(this.memory.view.getBigUint64(this.hart.state.base + HartSlot.counters + Counter[name], true));
  }

  /** Regions that stand in a page. */
  regionsIn(page: number): number {
    const { view, layout } = this.memory;
    const index = view.getUint32(layout.decodedIndex + page * 4, true);
    return index === 0 ? 0 : view.getUint32(DECODED + index * DECODED_PAGE_BYTES + REGIONS_IN_PAGE, true);
  }

  #write(offset: number, put: (code: CodeWriter) => void): void {
    const code = new CodeWriter();
    put(code);
    this.memory.write(RAM_BASE + offset, code.toBytes());
  }
}

function loopAddress(index: number): bigint {
  return BigInt(RAM_BASE + FIRST_LOOP + index * LOOP_BYTES);
}

/** `addi a0, a0, step`, which stands second in a loop. */
function stepInstruction(step: number): number {
  const code = new CodeWriter();
  code.put("addi", { rd: A0, rs1: A0, imm: step });
  return code.wordAt(0);
}

/** `addi t0, t0, step`. */
function countDownInstruction(step: number): number {
  const code = new CodeWriter();
  code.put("addi", { rd: T0, rs1: T0, imm: step });
  return code.wordAt(0);
}

test("a loop that became hot runs translated", () => {
  const bench = new Bench();
  bench.writeLoop(0);
  for (let call = 0; call < 3; call++) expect(bench.call(0)).toBe(ROUNDS);
  expect(bench.regionsIn(1)).toBe(1);
  expect(bench.counter("translatedInstructions")).toBeGreaterThan(ROUNDS * 3);
  expect(bench.counter("regionBytes")).toBeGreaterThan(0);
});

test("loads and stores that are often of a device stay in their region, and those of RAM with them", () => {
  const bench = new Bench();
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
  const bench = new Bench();
  bench.writeLoadingLoop(0);
  bench.hart.setX(T1, BigInt(DEVICE));
  for (let call = 0; call < 5; call++) expect(bench.call(0)).toBe(ROUNDS);
  let writes = 0;
  onWrite = () => {
    if (++writes === 11) bench.hart.requestExit();
  };
  bench.hart.pc = loopAddress(0);
  const before = bench.hart.ticks;
  bench.hart.run(BUDGET);
  expect(bench.hart.pc).toBe(loopAddress(0) + 16n);
  expect(bench.hart.ticks - before).toBe(1n + 10n * 5n + 3n);
  onWrite = () => {};
});

test("a device that writes over the region that wrote to it: what it wrote is what runs next", () => {
  const bench = new Bench();
  bench.writeLoadingLoop(0);
  bench.hart.setX(T1, BigInt(DEVICE));
  for (let call = 0; call < 5; call++) expect(bench.call(0)).toBe(ROUNDS);
  let writes = 0;
  // Instead of the instruction behind the store, which counts down: from the eleventh round on, by two.
  const countDown = Number(loopAddress(0)) + 16;
  onWrite = () => {
    if (++writes === 11) bench.memory.store32(countDown, countDownInstruction(-2));
  };
  expect(bench.call(0)).toBe(10 + (ROUNDS - 10) / 2);
  onWrite = () => {};
});

describe("code that changes", () => {
  test("a store into a region drops it; one beside it in its page does not", () => {
    const bench = new Bench();
    bench.writeLoop(0);
    bench.writeLoop(1);
    for (let call = 0; call < 3; call++) for (const loop of [0, 1]) bench.call(loop);
    expect(bench.regionsIn(1)).toBe(2);
    bench.store(FIRST_LOOP + 3 * LOOP_BYTES, 77);
    expect(bench.regionsIn(1)).toBe(2);
    bench.store(FIRST_LOOP + 4, stepInstruction(3));
    expect(bench.regionsIn(1)).toBe(1);
    expect(bench.call(1)).toBe(ROUNDS);
    for (let call = 0; call < 3; call++) expect(bench.call(0)).toBe(3 * ROUNDS);
    expect(bench.regionsIn(1)).toBe(2);
  });

  test("a page that is rewritten for ever is left to the interpreter, and others are not", () => {
    const bench = new Bench();
    bench.writeLoop(0);
    bench.writeLoop(LOOP_BYTES);
    const rewrite = (times: number) => {
      for (let step = 1; step <= times; step++) {
        bench.store(FIRST_LOOP + 4, stepInstruction(step));
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
    const bench = new Bench();
    for (let step = 1; step <= 5; step++) {
      bench.writeLoop(0, step);
      for (let call = 0; call < 3; call++) expect(bench.call(0)).toBe(step * ROUNDS);
      expect(bench.regionsIn(1)).toBe(1);
    }
  });

  test("of a page that was written from outside, only what is hot again stands", () => {
    const bench = new Bench();
    for (const loop of [0, 1]) bench.writeLoop(loop);
    for (let call = 0; call < 3; call++) for (const loop of [0, 1]) bench.call(loop);
    expect(bench.regionsIn(1)).toBe(2);
    bench.writeLoop(0);
    for (let call = 0; call < 3; call++) bench.call(0);
    expect(bench.regionsIn(1)).toBe(1);
  });

  test("a byte counts where it is a region's first or last, and not beside them", () => {
    const bench = new Bench();
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
  const bench = new Bench();
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
  const bench = new Bench();
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
  const bench = new Bench();
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
    const bench = new Bench();
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
    const bench = new Bench();
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
