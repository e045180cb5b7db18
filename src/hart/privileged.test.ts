import { describe, expect, test } from "vitest";
import { GuestMemory } from "#memory/guest-memory.ts";
import { HART_STATE_BYTES, HartSlot, RAM_BASE } from "#memory/layout.ts";
import type { HartHost } from "#hart/state/hart-host.ts";
import { ADUE } from "#hart/translation/translation.ts";
import { Hart } from "./hart.ts";

/**
 * Traps, CSRs and the page walk are said twice: in TypeScript for the evaluator, in emitted WebAssembly for speed.
 * Random privileged programs over random page tables hold the two together.
 */

const PROGRAMS = 400;
const INSTRUCTIONS = 600;
const CODE_WORDS = 1024;
const HANDLER = 0x1000;
/** Two address spaces: each has its root, and after it the tables below. */
const ROOTS = [0x10000, 0x14000] as const;
const LEVEL_1 = 0x1000;
const LEVEL_0 = 0x2000;
/** Leaves of LEVEL_0 from here on are each address space's own, the ones before are global. */
const FIRST_LOCAL = 8;
/** Changes that programs make to page tables: address of an entry, the virtual address it is for, and its new value. */
const CHANGES = 0x18000;
const CHANGE_COUNT = 64;
const DATA = 0x20000;
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
  0x12000073 | (28 << 20),
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

/** Loads, stores and AMOs through x20–x25, which hold addresses; jumps through them, seldom. */
function memoryInstruction(random: Random): number {
  const address = 20 + random(6);
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

/** lw x12, 0(x15); add x27, x27, x12: what was loaded is not forgotten. */
const LOAD_THERE = [0x0007a603, 0x00cd8db3] as const;

function loadChange(rd: number, change: number, field: number): number {
  return (((change * 24 + field * 8) << 20) | (29 << 15) | (3 << 12) | (rd << 7) | 3) >>> 0;
}

/** SFENCE.VMA as a kernel would: of one page, of it in one address space, of everything, of each ASID. */
const fences: readonly (readonly number[])[] = [
  [0x12078073],
  [0x12078073 | (28 << 20)],
  [0x12000073],
  [1, 2, 3].flatMap((asid) => [0x00000593 | (asid << 20), 0x12000073 | (11 << 20)]),
];

/** Loads from a page in two address spaces, stores an entry of the change table over its own, fences, and loads again. */
function changeTranslation(random: Random): readonly number[] {
  const change = random(CHANGE_COUNT);
  return [
    loadChange(15, change, 1),
    ...LOAD_THERE,
    switchSpace(random),
    ...LOAD_THERE,
    loadChange(14, change, 0),
    loadChange(15, change, 1),
    loadChange(13, change, 2),
    0x00d73023,
    ...(fences[random(fences.length)] ?? []),
    // Whoever comes into the middle finds no address of an entry in x14.
    0x00000713,
    ...LOAD_THERE,
    switchSpace(random),
    ...LOAD_THERE,
  ];
}

/** csrrw of satp from one of the registers that hold one. */
function switchSpace(random: Random): number {
  return ((0x180 << 20) | ((SPACES[random(SPACES.length)] ?? 0) << 15) | (1 << 12) | (random(10) << 7) | 0x73) >>> 0;
}

/** Loads from a page that each address space may map as it likes, in several of them. */
function switchSpaces(random: Random): readonly number[] {
  const there = loadChange(15, random(CHANGE_COUNT), 1);
  return [
    there,
    ...LOAD_THERE,
    switchSpace(random),
    ...LOAD_THERE,
    switchSpace(random),
    ...LOAD_THERE,
    switchSpace(random),
  ];
}

/** Loads, stores and AMOs, with SUM, MXR and the address space switched now and then, and nothing that leads astray. */
function translatedInstruction(random: Random): number | readonly number[] {
  if (random(8) !== 0) return memoryInstruction(random);
  switch (random(8)) {
    case 0:
      return switchSpaces(random);
    case 1:
      return changeTranslation(random);
    case 2:
      return (
        ((random(4) === 0 ? 0xc01 : 0x001 + random(3)) << 20) | (random(3) << 15) | ((1 + random(3)) << 12) | 0x2f3
      );
    default:
      // csrrs or csrrc of sstatus from x17 (SUM) or x18 (MXR).
      return ((0x100 << 20) | ((17 + random(2)) << 15) | ((2 + random(2)) << 12) | 0x73) >>> 0;
  }
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

function entry(page: number, flags: number): bigint {
  return (BigInt(page) << 10n) | BigInt(flags);
}

const RAM_PAGE = RAM_BASE >>> 12;

/** A leaf for 4 KiB that is no other address space's, or not there at all. */
function localLeaf(random: Random): bigint {
  const flags = (random(6) === 0 ? random(256) : 0xcf | (random(2) << 4)) & (random(8) === 0 ? 0x1f : 0xdf);
  return entry(RAM_PAGE + (DATA >>> 12) + random(4), flags);
}

/** Only programs that keep to the two address spaces may have `globals`: mappings that are said to be in all of them. */
function pageTables(random: Random, view: DataView, globals: boolean): void {
  const flags = (): number =>
    ((random(6) === 0 ? random(256) : 0xcf | (random(2) << 4)) & (random(8) === 0 ? 0x1f : 0xdf)) | global;
  let global = 0;
  const shared: [number, number, bigint][] = [];
  const share = (table: number, index: number, page: number): void => {
    global = globals ? random(2) << 5 : 0;
    shared.push([table, index, entry(page, flags())]);
  };
  share(0, 1, (RAM_BASE >>> 30) << 18);
  share(0, 3, random(1 << 20));
  for (let index = 1; index < 8; index++) share(LEVEL_1, index, RAM_PAGE + (random(8) === 0 ? 1 : 0));
  for (let index = 0; index < FIRST_LOCAL; index++) share(LEVEL_0, index, RAM_PAGE + (DATA >>> 12) + random(4));
  // The code's own gigapage is mapped one to one, so that handlers can be fetched.
  shared.push([0, 2, entry((RAM_BASE >>> 30) << 18, 0xcf | (globals ? random(2) << 5 : 0))]);
  for (const root of ROOTS) {
    const set = (table: number, index: number, value: bigint): void =>
      view.setBigUint64(root + table + index * 8, value, true);
    set(0, 0, entry(RAM_PAGE + ((root + LEVEL_1) >>> 12), 1));
    set(LEVEL_1, 0, entry(RAM_PAGE + ((root + LEVEL_0) >>> 12), 1));
    for (const [table, index, value] of shared) set(table, index, value);
    for (let index = FIRST_LOCAL; index < 16; index++) set(LEVEL_0, index, localLeaf(random));
  }
  for (let change = 0; change < CHANGE_COUNT; change++) {
    const index = FIRST_LOCAL + random(8);
    const root = ROOTS[random(2)] ?? ROOTS[0];
    const at = CHANGES + change * 24;
    view.setBigUint64(at, BigInt(RAM_BASE + root + LEVEL_0 + index * 8), true);
    view.setBigUint64(at + 8, BigInt(index * 4096), true);
    view.setBigUint64(at + 16, localLeaf(random), true);
  }
}

/** Registers that hold values for satp: with the one at the start, more than there are banks of TLBs. */
const SPACES = [16, 19, 26, 31] as const;

function space(index: number, asid: number): bigint {
  return (8n << 60n) | (BigInt(asid) << 44n) | BigInt((RAM_BASE + (ROOTS[index] ?? 0)) >>> 12);
}

/** With `fences`, no store may take one away. */
function addresses(random: Random, fences: boolean): readonly bigint[] {
  const choices = [
    () => BigInt(random(16) * 4096 + random(512) * 8),
    // In a superpage: data, or past the end of RAM.
    () => BigInt((1 + random(7)) * 0x20_0000 + (random(4) ? DATA + random(0x8000) : 0x10_0000 + random(0x10_0000))),
    () => 0x4000_0000n + BigInt(DATA + random(0x1000) * 8),
    () => BigInt(RAM_BASE + DATA + random(0x1000) * 8),
    () => BigInt(RAM_BASE + (fences ? DATA : 0) + random(CODE_WORDS) * 4),
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
    () => space(random(2), random(3)),
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
  const words: number[] = [];
  while (words.length < CODE_WORDS) words.push(...[make(random)].flat());
  for (let word = 0; word < CODE_WORDS; word++) view.setUint32(word * 4, words[word] ?? 0, true);
  handler.forEach((word, index) => view.setUint32(HANDLER + index * 4, word, true));
  pageTables(random, view, translated);
  const hart = new Hart(memory, host, engine);
  hart.reset(BigInt(RAM_BASE), translated || random(2) ? "S" : "M");
  hart.state.set("mtvec", BigInt(RAM_BASE + HANDLER));
  hart.state.set("stvec", BigInt(RAM_BASE + HANDLER + 16));
  hart.state.set("mstatus", hart.state.get("mstatus") | BigInt(random(4) << 13));
  if (translated || random(2)) {
    // Delegate everything and translate from the start, so that loads and stores walk the tables.
    hart.state.set("satp", space(0, 3));
    hart.state.set("medeleg", 0xb1ffn);
    hart.state.set("mstatus", hart.state.get("mstatus") | BigInt((random(2) << 18) | (random(2) << 19)));
    // TVM, where no fence is counted on.
    if (!translated && random(2)) hart.state.set("mstatus", hart.state.get("mstatus") | (1n << 20n));
    hart.state.set("mcounteren", BigInt(random(8)));
    // Svade: entries without A or D fault.
    if (random(3) === 0) hart.state.set("menvcfg", hart.state.get("menvcfg") & ~ADUE);
    hart.stateReplaced();
  }
  values(random).forEach((value, index) => hart.setX(index + 1, value));
  hart.setX(30, BigInt(RAM_BASE));
  hart.setX(17, 1n << 18n);
  hart.setX(18, 1n << 19n);
  hart.setX(28, 1n);
  hart.setX(29, BigInt(RAM_BASE + CHANGES));
  if (translated) SPACES.forEach((register, index) => hart.setX(register, space(index & 1, 1 + (index >> 1))));
  addresses(random, translated).forEach((value, index) => hart.setX(index + 20, value));
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
