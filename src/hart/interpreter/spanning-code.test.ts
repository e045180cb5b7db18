import { expect, test } from "vitest";
import { GuestMemory } from "#memory/guest-memory.ts";
import { RAM_BASE } from "#memory/layout.ts";
import { assemble } from "#riscv/cases/case.fixture.ts";
import { Hart } from "#hart/hart.ts";
import { NO_BOARD } from "#hart/state/hart-host.ts";

const SPANNING = RAM_BASE + 0xffe;
const NOP = assemble("addi", {});

/** addi x1, x1, imm over the end of a page, and what follows it; yields what it adds. */
function runSpanning(hart: Hart): bigint {
  hart.pc = BigInt(SPANNING);
  hart.setX(1, 0n);
  expect(hart.run(2)).toBe(2);
  expect(hart.pc).toBe(BigInt(SPANNING + 8));
  return hart.x(1);
}

test.each(["evaluator", "interpreter", "translator"] as const)(
  "%s: an instruction that spans two pages is what stands there now, whichever half was written",
  (engine) => {
    const memory = new GuestMemory(1);
    const hart = new Hart(memory, NO_BOARD, engine);
    hart.reset(BigInt(SPANNING), "M");
    const write = (word: number): void => {
      memory.store16(SPANNING, word & 0xffff);
      memory.store16(SPANNING + 2, word >>> 16);
    };
    write(assemble("addi", { rd: 1, rs1: 1, imm: 5 }));
    memory.store32(SPANNING + 4, NOP);
    for (let round = 0; round < 3; round++) expect(runSpanning(hart)).toBe(5n);
    write(assemble("addi", { rd: 1, rs1: 1, imm: 9 }));
    for (let round = 0; round < 3; round++) expect(runSpanning(hart)).toBe(9n);
    write(assemble("xori", { rd: 1, rs1: 1, imm: -1 }));
    expect(runSpanning(hart)).toBe(0xffff_ffff_ffff_ffffn);
  },
);
