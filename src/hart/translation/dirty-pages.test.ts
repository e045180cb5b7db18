import { expect, test } from "vitest";
import { GuestMemory } from "#memory/guest-memory.ts";
import { PAGE_BYTES, PageFlag, RAM_BASE } from "#memory/layout.ts";
import { Hart } from "#hart/hart.ts";
import { NO_BOARD } from "#hart/state/hart-host.ts";
import { engineNames } from "#hart/random-programs/contender.fixture.ts";
import { assemble } from "#riscv/cases/case.fixture.ts";

const [T0, T1, T2] = [5, 6, 7];
const FIRST = 16;
const PAGES = 40;

test.each(engineNames)(
  "the %s marks every page dirty that it stores to, and again once pages were made clean",
  (engine) => {
    const memory = new GuestMemory(1);
    const program = [
      assemble("sb", { rs1: T1, rs2: T0 }),
      assemble("add", { rd: T1, rs1: T1, rs2: T2 }),
      assemble("addi", { rd: T0, rs1: T0, imm: -1 }),
      assemble("bne", { rs1: T0, imm: -12 }),
      assemble("jal", {}),
    ];
    program.forEach((word, index) => memory.store32(RAM_BASE + index * 4, word));
    const hart = new Hart(memory, NO_BOARD, engine, { hotThreshold: 1 });
    hart.reset(BigInt(RAM_BASE), "M");
    hart.setX(T2, BigInt(PAGE_BYTES));
    const dirty = () => [...memory.pageFlags].flatMap((flags, page) => (flags & PageFlag.dirty ? [page] : []));
    for (let pass = 0; pass < 4; pass++) {
      for (const page of memory.pageFlags.keys()) memory.pageFlags[page]! &= ~PageFlag.dirty;
      hart.flushWriteTlb();
      hart.setX(T0, BigInt(PAGES));
      hart.setX(T1, BigInt(RAM_BASE + FIRST * PAGE_BYTES));
      hart.pc = BigInt(RAM_BASE);
      hart.run(PAGES * 4);
      expect(dirty()).toEqual(Array.from({ length: PAGES }, (_, index) => FIRST + index));
    }
  },
);
