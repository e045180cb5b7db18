import { expect, test } from "vitest";
import { GuestMemory } from "#memory/guest-memory.ts";
import { DECODED_PAGES, PAGE_BYTES, RAM_BASE } from "#memory/layout.ts";
import { NO_BOARD } from "#hart/state/hart-host.ts";
import { Hart } from "#hart/hart.ts";

const engines = ["evaluator", "interpreter", "translator"] as const;

const AUIPC_T0_1 = 0x0000_1297;
const ADDI_A0_1 = 0x0015_0513;
const ADDI_A0_64 = 0x0405_0513;
const RET = 0x0000_8067;
const CALL_T0 = 0x0002_80e7;
const SPIN = 0x0000_006f;

function start(engine: (typeof engines)[number], memory: GuestMemory): Hart {
  const hart = new Hart(memory, NO_BOARD, engine, { hotThreshold: 1 });
  hart.reset(BigInt(RAM_BASE), "M");
  return hart;
}

function words(memory: GuestMemory, offset: number, ...values: readonly number[]): void {
  memory.write(RAM_BASE + offset, new Uint8Array(Uint32Array.from(values).buffer));
}

test.each(engines)("%s: a page that was stored to, was then executed, and is stored to again", (engine) => {
  const memory = new GuestMemory(1);
  const lwT1 = 0x0082_a303;
  const swZero = 0x0002_a623;
  const swT1 = 0x0062_a023;
  words(memory, 0, AUIPC_T0_1, lwT1, swZero, CALL_T0, swT1, CALL_T0, SPIN);
  words(memory, PAGE_BYTES, ADDI_A0_1, RET, ADDI_A0_64);
  const hart = start(engine, memory);
  hart.run(20);
  expect(hart.x(10)).toBe(65n);
});

test.each(engines)("%s: the host writes over a page that was executed to its last halfword", (engine) => {
  const memory = new GuestMemory(1);
  const [addA0_1, addA0_8, end] = [0x0505, 0x0521, PAGE_BYTES - 2];
  const write = (compressed: number) => memory.write(RAM_BASE + end, Uint8Array.of(compressed, compressed >>> 8));
  words(memory, PAGE_BYTES, SPIN);
  const hart = start(engine, memory);
  for (const [compressed, expected] of [
    [addA0_1, 1n],
    [addA0_8, 9n],
    [addA0_1, 10n],
  ] as const) {
    write(compressed);
    hart.pc = BigInt(RAM_BASE + end);
    hart.run(1);
    expect(hart.x(10)).toBe(expected);
  }
});

test.each(engines)("%s: a page that was code becomes data by many stores, and is code again at once", (engine) => {
  const memory = new GuestMemory(1);
  const swA0 = 0x00a2_a223;
  const addiT1 = 0xfff3_0313;
  const bnezT1 = 0xfe03_1ce3;
  words(memory, 0, AUIPC_T0_1, CALL_T0, swA0, addiT1, bnezT1, CALL_T0, SPIN);
  words(memory, PAGE_BYTES, ADDI_A0_1, ADDI_A0_1, RET);
  const hart = start(engine, memory);
  hart.setX(6, 100n);
  hart.run(5);
  expect(hart.x(10)).toBe(2n);
  // Over its second instruction, a hundred times.
  hart.setX(10, BigInt(ADDI_A0_64));
  hart.run(300);
  expect(hart.x(6)).toBe(0n);
  hart.setX(10, 0n);
  hart.run(4);
  expect(hart.x(10)).toBe(65n);
});

test.each(engines)("%s: the second of two instructions that one handler runs is written anew", (engine) => {
  const memory = new GuestMemory(1);
  const lwT1 = 0x00c2_a303;
  const swT1 = 0x0062_a223;
  words(memory, 0, AUIPC_T0_1, lwT1, CALL_T0, swT1, CALL_T0, SPIN);
  words(memory, PAGE_BYTES, ADDI_A0_1, ADDI_A0_1, RET, ADDI_A0_64);
  const hart = start(engine, memory);
  hart.run(20);
  expect(hart.x(10)).toBe(2n + 65n);
});

test.each(engines)(
  "%s: a slice ends, and a page ends, between two instructions that one handler would run",
  (engine) => {
    for (let slice = 1; slice < 4; slice++) {
      const memory = new GuestMemory(1);
      words(memory, PAGE_BYTES - 8, ADDI_A0_1, ADDI_A0_1, ADDI_A0_1, ADDI_A0_1, SPIN);
      const hart = start(engine, memory);
      hart.reset(BigInt(RAM_BASE + PAGE_BYTES - 8), "M");
      hart.run(slice);
      expect(hart.x(10)).toBe(BigInt(slice));
      hart.run(10);
      expect(hart.x(10)).toBe(4n);
    }
  },
);

test.each(engines)("%s: more pages of code than are kept decoded, and one of them called all the time", (engine) => {
  const memory = new GuestMemory(8);
  const pages = DECODED_PAGES + 100;
  const mvT2T0 = 0x0002_8393;
  const luiT1 = 0x0000_1337;
  const callT2 = 0x0003_80e7;
  const addT0 = 0x0062_82b3;
  const jumpBack = 0xff5f_f06f;
  words(memory, 0, AUIPC_T0_1, mvT2T0, luiT1, callT2, addT0, CALL_T0, jumpBack);
  words(memory, PAGE_BYTES, ADDI_A0_1, RET);
  for (let page = 2; page < pages + 2; page++) words(memory, page * PAGE_BYTES, ADDI_A0_64, RET);
  const hart = start(engine, memory);
  hart.run(3 + pages * 8);
  expect(hart.x(10)).toBe(BigInt(pages * 65));
});
