import { describe, expect, test } from "vitest";
import { GuestMemory } from "#memory/guest-memory.ts";
import { HartSlot, PageFlag, RAM_BASE } from "#memory/layout.ts";
import { Hart } from "#hart/hart.ts";
import { NO_BOARD } from "#hart/state/hart-host.ts";
import { engineNames } from "#hart/random-programs/contender.fixture.ts";
import { assemble } from "#riscv/cases/case.fixture.ts";
import { Cause } from "#riscv/engine.ts";
import { ADUE, Pte } from "./translation.ts";

/** A and D of page-table entries, Privileged ISA §4.3.1: set by the hart (Svadu), or missed by it (Svade). */
const [ROOT, MIDDLE, LEAVES, CODE, DATA] = [0x1000, 0x2000, 0x3000, 0x4000, 0x5000];
const [CODE_VA, DATA_VA] = [0x4000, 0x5000];
const A0 = 10;

const load = assemble("ld", { rd: 11, rs1: A0 });
const store = assemble("sd", { rs1: A0, rs2: 11 });
const fenced = assemble("sfence.vma", {});

/** A hart in S-mode at `words`, which are mapped at CODE_VA; a0 points at a page of data. */
function guest(
  engine: (typeof engineNames)[number],
  words: readonly number[],
  data: number,
  code: number = Pte.R | Pte.X | Pte.A,
) {
  const memory = new GuestMemory(1);
  const entry = (physical: number, flags: number) =>
    (BigInt((RAM_BASE + physical) >>> 12) << 10n) | BigInt(flags | Pte.V);
  const set = (table: number, index: number, value: bigint) => memory.store64(RAM_BASE + table + index * 8, value);
  set(ROOT, 0, entry(MIDDLE, 0));
  set(MIDDLE, 0, entry(LEAVES, 0));
  set(LEAVES, CODE_VA >>> 12, entry(CODE, code));
  set(LEAVES, DATA_VA >>> 12, entry(DATA, data));
  words.forEach((word, index) => memory.store32(RAM_BASE + CODE + index * 4, word));
  const hart = new Hart(memory, NO_BOARD, engine, { hotThreshold: 1 });
  hart.reset(BigInt(CODE_VA), "S");
  hart.state.set("satp", (8n << 60n) | BigInt((RAM_BASE + ROOT) >>> 12));
  hart.state.set("medeleg", 0n);
  hart.state.set("mtvec", BigInt(RAM_BASE));
  hart.setX(A0, BigInt(DATA_VA));
  hart.stateReplaced();
  const leaf = (va: number) => Number(memory.load64(RAM_BASE + LEAVES + (va >>> 12) * 8) & 0xffn);
  const isDirty = () => ((memory.pageFlags[LEAVES >>> 12] ?? 0) & PageFlag.dirty) !== 0;
  memory.pageFlags.fill(0);
  return { hart, memory, leaf, isDirty, cause: () => Number(hart.state.get("mcause")) };
}

const RW = Pte.R | Pte.W;

describe.each(engineNames)("the %s", (engine) => {
  test("sets A for a load, A and D for a store, A for a fetch, and marks the table's page dirty", () => {
    const { hart, leaf, isDirty } = guest(engine, [load, store], RW, Pte.R | Pte.X);
    hart.run(1);
    expect([leaf(CODE_VA), leaf(DATA_VA), isDirty()]).toEqual([
      Pte.V | Pte.R | Pte.X | Pte.A,
      Pte.V | RW | Pte.A,
      true,
    ]);
    hart.run(1);
    expect(leaf(DATA_VA)).toBe(Pte.V | RW | Pte.A | Pte.D);
    expect(hart.pc).toBe(BigInt(CODE_VA + 8));
  });

  test("changes nothing where an access is not permitted", () => {
    const { hart, leaf, isDirty, cause } = guest(engine, [store], Pte.R);
    hart.run(1);
    expect([cause(), leaf(DATA_VA), isDirty()]).toEqual([Cause.StorePageFault, Pte.V | Pte.R, false]);
  });

  test.each([
    ["a load without A", load, RW, Cause.LoadPageFault],
    ["a store without A", store, RW | Pte.D, Cause.StorePageFault],
    ["a store without D", store, RW | Pte.A, Cause.StorePageFault],
  ])("with menvcfg.ADUE clear, %s faults", (_, access, flags, expected) => {
    const { hart, leaf, isDirty, cause } = guest(engine, [access], flags);
    hart.state.set("menvcfg", hart.state.get("menvcfg") & ~ADUE);
    hart.run(1);
    expect([cause(), leaf(DATA_VA), isDirty()]).toEqual([expected, Pte.V | flags, false]);
  });

  test("with menvcfg.ADUE clear, a fetch without A faults", () => {
    const { hart, cause } = guest(engine, [load], RW, Pte.R | Pte.X);
    hart.state.set("menvcfg", hart.state.get("menvcfg") & ~ADUE);
    hart.run(1);
    expect(cause()).toBe(Cause.InstructionPageFault);
  });

  test("a loop that clears what it sets sees it set each time", () => {
    // t1 is the entry's own mapping: clear A and D by a store to it, fence, store through it.
    const words = [
      assemble("sd", { rs1: 6, rs2: 7 }),
      fenced,
      store,
      assemble("ld", { rd: 12, rs1: 6 }),
      assemble("add", { rd: 13, rs1: 13, rs2: 12 }),
      assemble("jal", { imm: -20 }),
    ];
    const { hart, memory } = guest(engine, words, RW);
    // The leaves' own page, at the next virtual page.
    const self = (BigInt((RAM_BASE + LEAVES) >>> 12) << 10n) | BigInt(Pte.V | RW | Pte.A | Pte.D);
    memory.store64(RAM_BASE + LEAVES + 6 * 8, self);
    const clean = memory.load64(RAM_BASE + LEAVES + (DATA_VA >>> 12) * 8);
    hart.setX(6, BigInt(0x6000 + (DATA_VA >>> 12) * 8));
    hart.setX(7, clean);
    const rounds = 200n;
    for (let left = Number(rounds) * 6; left > 0;) left -= hart.run(left);
    expect(hart.x(13)).toBe(rounds * (clean | BigInt(Pte.A | Pte.D)));
  });

  test("what was decoded from a table that is also code is stale once an entry in it changes", () => {
    // The entry for page 8 of RAM reads as flw f0, 0x200(x0), and with A set as fmsub.s f0, f0, f0, f4.
    const { hart, memory } = guest(engine, [], RW);
    const entryAt = LEAVES + (DATA_VA >>> 12) * 8;
    const loadAt = LEAVES + 0x100;
    const entry = (page: number, flags: number) => (BigInt((RAM_BASE >>> 12) + page) << 10n) | BigInt(Pte.V | flags);
    memory.store64(RAM_BASE + entryAt, entry(8, RW));
    memory.store64(RAM_BASE + LEAVES, entry(8, RW | Pte.A | Pte.D));
    memory.store64(RAM_BASE + LEAVES + (CODE_VA >>> 12) * 8, entry(LEAVES >>> 12, Pte.R | Pte.X | Pte.A));
    memory.store32(RAM_BASE + loadAt, load);
    memory.store32(RAM_BASE + 0x8200, 0x3f80_0000);
    hart.state.set("mstatus", hart.state.get("mstatus") | (1n << 13n));
    memory.view.setBigUint64(hart.state.base + HartSlot.f + 4 * 8, 0xffff_ffff_4040_0000n, true);
    const runAt = (at: number) => {
      hart.state.set("pc", BigInt(CODE_VA + (at & 0xfff)));
      hart.run(1);
      return memory.view.getUint32(hart.state.base + HartSlot.f, true);
    };
    for (let time = 0; time < 5; time++) expect(runAt(entryAt)).toBe(0x3f80_0000);
    runAt(loadAt);
    expect(runAt(entryAt)).toBe(0xc000_0000);
  });

  test("a table that was code once, and whose entries change again and again, is data", () => {
    const { hart, memory } = guest(engine, [load], RW, Pte.R | Pte.X | Pte.A);
    const tableVa = 0x7000;
    const self = (BigInt((RAM_BASE + LEAVES) >>> 12) << 10n) | BigInt(Pte.V | Pte.R | Pte.X | Pte.A);
    memory.store64(RAM_BASE + LEAVES + (tableVa >>> 12) * 8, self);
    const entryAt = RAM_BASE + LEAVES + (DATA_VA >>> 12) * 8;
    const clean = memory.load64(entryAt);
    const runAt = (va: number) => {
      hart.state.set("mode", 1n);
      hart.state.set("pc", BigInt(va));
      hart.stateReplaced();
      hart.run(1);
    };
    runAt(tableVa);
    for (let time = 0; time < 70; time++) {
      memory.view.setBigUint64(entryAt - RAM_BASE + memory.layout.ram, clean, true);
      runAt(CODE_VA);
    }
    expect(memory.load64(entryAt)).toBe(clean | BigInt(Pte.A));
    expect((memory.pageFlags[LEAVES >>> 12] ?? 0) & PageFlag.code).toBe(0);
  });
});
