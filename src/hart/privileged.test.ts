import { describe, expect, test } from "vitest";
import { GuestMemory } from "#memory/guest-memory.ts";
import { HART_STATE_BYTES, HartSlot, RAM_BASE } from "#memory/layout.ts";
import type { HartHost } from "./face.ts";
import { Hart } from "./hart.ts";

/**
 * Traps, CSRs and the page walk are said twice: in TypeScript for the evaluator, in emitted WebAssembly for speed.
 * Random privileged programs over random page tables hold the two together.
 */

const PROGRAMS = 400;
const INSTRUCTIONS = 600;
const CODE_WORDS = 1024;
const HANDLER = 0x1000;
const ROOT = 0x10000;
const LEVEL_1 = 0x11000;
const LEVEL_0 = 0x12000;
const DATA = 0x20000;
const SATP = (8n << 60n) | BigInt((RAM_BASE + ROOT) >>> 12);
const TRANSIENT = [HartSlot.xSink, HartSlot.budget, HartSlot.exception, HartSlot.exceptionValue];

const host: HartHost = {
  readDevice: (address, width) => (address === 0x1000_0000 ? BigInt(width) : undefined),
  writeDevice: (address) => address === 0x1000_0000,
  time: () => 12_345n,
  timerChanged: () => {},
};

/** xorshift32: the same programs on every machine. */
function randomFrom(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761 + 88_675_123) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const CSRS = [
  0x001, 0x002, 0x003, 0x100, 0x104, 0x105, 0x106, 0x140, 0x141, 0x142, 0x143, 0x144, 0x14d, 0x180, 0x300, 0x302, 0x303,
  0x304, 0x306, 0x30a, 0x340, 0x341, 0x342, 0x343, 0x344, 0x3a0, 0x3b0, 0xb02, 0xc00, 0xc01, 0xc02, 0xf14, 0x7ff,
];
const SYSTEM = [
  0x10200073,
  0x30200073,
  0x00000073,
  0x00100073,
  0x12000073,
  0x12000073 | (20 << 15),
  0x0000100f,
  0,
  0xffffffff,
];

type Random = (below: number) => number;

function csrInstruction(random: Random): number {
  const operation = [1, 2, 3, 5, 6, 7][random(6)] ?? 1;
  // Mostly the CSRs of a kernel's entry and exit, which have code of their own.
  const number = (random(2) ? [0x100, 0x140, 0x141, 0x142, 0x143][random(5)] : CSRS[random(CSRS.length)]) ?? 0x100;
  return ((number << 20) | (random(20) << 15) | (operation << 12) | (random(16) << 7) | 0x73) >>> 0;
}

/** Loads, stores and AMOs through x20–x27, which hold addresses; jumps through them, seldom. */
function memoryInstruction(random: Random): number {
  const address = 20 + random(8);
  const offset = random(64) * 8 - 256 + random(3) * (random(8) === 0 ? 1 : 0);
  const width = random(4);
  switch (random(5)) {
    case 0:
    case 1:
      return (((offset & 0xfff) << 20) | (address << 15) | (width << 12) | (random(16) << 7) | 0x03) >>> 0;
    case 2:
    case 3: {
      const immediate = (((offset >> 5) & 0x7f) << 25) | ((offset & 31) << 7);
      return (immediate | (random(16) << 20) | (address << 15) | (width << 12) | 0x23) >>> 0;
    }
    default:
      if (random(4) === 0) return ((address << 15) | 0x67) >>> 0;
      return ((random(16) << 20) | (address << 15) | ((2 + random(2)) << 12) | (random(16) << 7) | 0x2f) >>> 0;
  }
}

/** Loads, stores and AMOs, with SUM and MXR switched now and then, and nothing that leads astray. */
function translatedInstruction(random: Random): number {
  if (random(8) !== 0) return memoryInstruction(random);
  // csrrs or csrrc of sstatus from x17 (SUM) or x18 (MXR).
  return ((0x100 << 20) | ((17 + random(2)) << 15) | ((2 + random(2)) << 12) | 0x73) >>> 0;
}

function instruction(random: Random): number {
  const kind = random(10);
  if (kind < 5) return csrInstruction(random);
  if (kind < 8) return memoryInstruction(random);
  if (kind < 9) return SYSTEM[random(SYSTEM.length)] ?? 0x13;
  return 0x02000053 | (random(8) << 7); // fadd.d, illegal while FS is off.
}

/** Goes on seven instructions after where it last went on, at either level, wherever the program had strayed to. */
const handler = [
  // mtvec: nop; addi x30, x30, 28; csrw mepc, x30; mret
  0x00000013, 0x01cf0f13, 0x341f1073, 0x30200073,
  // stvec, 16 bytes on: the same with sepc and sret
  0x00000013, 0x01cf0f13, 0x141f1073, 0x10200073,
];

function pageTables(random: Random, view: DataView): void {
  const set = (at: number, index: number, page: number, flags: number): void =>
    view.setBigUint64(at + index * 8, (BigInt(page) << 10n) | BigInt(flags), true);
  const flags = (): number =>
    (random(6) === 0 ? random(256) : 0xcf | (random(2) << 4)) & (random(8) === 0 ? 0x3f : 0xff);
  const ramPage = RAM_BASE >>> 12;
  // The code's own gigapage is mapped one to one, so that handlers can be fetched.
  set(ROOT, 2, (RAM_BASE >>> 30) << 18, 0xcf);
  set(ROOT, 0, ramPage + (LEVEL_1 >>> 12), 1);
  set(ROOT, 1, (RAM_BASE >>> 30) << 18, flags());
  set(ROOT, 3, random(1 << 20), random(256));
  set(LEVEL_1, 0, ramPage + (LEVEL_0 >>> 12), 1);
  for (let index = 1; index < 8; index++) set(LEVEL_1, index, ramPage + (random(8) === 0 ? 1 : 0), flags());
  for (let index = 0; index < 16; index++) set(LEVEL_0, index, ramPage + (DATA >>> 12) + random(4), flags());
}

function addresses(random: Random): readonly bigint[] {
  const choices = [
    () => BigInt(random(16) * 4096 + random(512) * 8),
    () => BigInt((1 + random(7)) * 0x20_0000 + random(0x20_0000)),
    () => 0x4000_0000n + BigInt(DATA + random(0x1000) * 8),
    () => BigInt(RAM_BASE + DATA + random(0x1000) * 8),
    () => BigInt(RAM_BASE + random(CODE_WORDS) * 4),
    () => 0x1000_0000n,
    () => BigInt.asUintN(64, -BigInt(random(0x10000))),
    () => BigInt(random(16) * 4096 + 4094),
  ];
  return Array.from({ length: 8 }, () => choices[random(choices.length)]?.() ?? 0n);
}

function values(random: Random): readonly bigint[] {
  const choices = [
    () => BigInt(random(0x1_0000_0000)),
    () => BigInt(RAM_BASE + HANDLER + random(3) * 16),
    () => (8n << 60n) | (BigInt(random(3)) << 44n) | BigInt((RAM_BASE + ROOT) >>> 12),
    () => BigInt(1 << random(31)),
    () => 0xb1ffn,
    () => BigInt.asUintN(64, -BigInt(random(0x100))),
  ];
  return Array.from({ length: 19 }, () => choices[random(choices.length)]?.() ?? 0n);
}

/** Everything an instruction can have changed, after a program has run. */
function run(
  engine: "evaluator" | "interpreter",
  seed: number,
): { readonly state: Uint8Array; readonly ram: Uint8Array } {
  const random = randomFrom(seed);
  const memory = new GuestMemory(1);
  const { ram } = memory;
  const view = new DataView(ram.buffer, ram.byteOffset);
  const translated = random(2) === 0;
  const make = translated ? translatedInstruction : instruction;
  for (let word = 0; word < CODE_WORDS; word++) view.setUint32(word * 4, make(random), true);
  handler.forEach((word, index) => view.setUint32(HANDLER + index * 4, word, true));
  pageTables(random, view);
  const hart = new Hart(memory, host, engine);
  hart.reset(BigInt(RAM_BASE), translated || random(2) ? "S" : "M");
  hart.state.set("mtvec", BigInt(RAM_BASE + HANDLER));
  hart.state.set("stvec", BigInt(RAM_BASE + HANDLER + 16));
  hart.state.set("mstatus", hart.state.get("mstatus") | BigInt(random(4) << 13));
  if (translated || random(2)) {
    // Delegate everything and translate from the start, so that loads and stores walk the tables.
    hart.state.set("satp", SATP);
    hart.state.set("medeleg", 0xb1ffn);
    hart.state.set("mstatus", hart.state.get("mstatus") | BigInt((random(2) << 18) | (random(2) << 19)));
    hart.stateReplaced();
  }
  values(random).forEach((value, index) => hart.setX(index + 1, value));
  hart.setX(30, BigInt(RAM_BASE));
  hart.setX(17, 1n << 18n);
  hart.setX(18, 1n << 19n);
  addresses(random).forEach((value, index) => hart.setX(index + 20, value));
  for (let left = INSTRUCTIONS; left > 0;) left -= Math.max(1, hart.run(Math.min(left, 1 + random(50))));
  const state = memory.bytes.slice(0, HART_STATE_BYTES);
  for (const slot of TRANSIENT) state.fill(0, slot, slot + 8);
  return { state, ram: ram.slice() };
}

describe("privileged programs", () => {
  test(`evaluator and interpreter leave the same state after each of ${PROGRAMS}`, { timeout: 120_000 }, () => {
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      const expected = run("evaluator", seed);
      const actual = run("interpreter", seed);
      expect(differences(expected.state, actual.state), `state, seed ${seed}`).toEqual([]);
      expect(Buffer.compare(expected.ram, actual.ram), `memory, seed ${seed}`).toBe(0);
    }
  });
});

/** Offsets of the 64-bit words in which two states differ. */
function differences(expected: Uint8Array, actual: Uint8Array): readonly string[] {
  const [a, b] = [new BigUint64Array(expected.buffer), new BigUint64Array(actual.buffer)];
  return Array.from(a).flatMap((word, index) =>
    word === b[index] ? [] : [`0x${(index * 8).toString(16)}: ${word.toString(16)} ≠ ${b[index]?.toString(16)}`],
  );
}
