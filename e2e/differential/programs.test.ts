import { engineNames } from "#hart/random-programs/contender.fixture.ts";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { runOnMachine } from "./bare-machine.ts";
import { compressedName } from "#riscv/compressed.ts";
import { allInstructions } from "#riscv/decode.ts";
import { buildBatch, differences, instructionNames } from "./program-batch.ts";
import { generateProgram } from "./program-generator.ts";
import { requireTools, runUnderQemu, withTemporaryFolder } from "./toolchain.ts";

const SEED = Number(process.env["DIFFERENTIAL_SEED"] ?? 1);
const COUNT = Number(process.env["DIFFERENTIAL_COUNT"] ?? 4000);

beforeAll(requireTools);

describe(`programs of the seeds ${SEED} to ${SEED + COUNT - 1} leave the registers, flags and memory that QEMU leaves`, () => {
  const programs = Array.from({ length: COUNT }, (_, index) => generateProgram(SEED + index));

  test.runIf(COUNT >= 2000)("every unprivileged instruction occurs, compressed ones too", () => {
    const present = new Set(programs.flatMap(({ code }) => [...instructionNames(code)]));
    const halfwords = Array.from({ length: 0x1_0000 }, (_, halfword) => halfword).filter(
      (halfword) => (halfword & 3) !== 3,
    );
    const all = [
      ...allInstructions.map(({ name }) => name),
      ...halfwords.flatMap((halfword) => compressedName(halfword) ?? []),
    ];
    const absent = new Set(all.filter((name) => !present.has(name)));
    expect([...absent].toSorted()).toEqual(["c.ebreak", "ebreak", "ecall", "mret", "sfence.vma", "sret", "wfi"]);
  });

  test.each(engineNames)("%s", { timeout: 240_000 }, async (engine) => {
    await withTemporaryFolder(async (folder) => {
      const batch = buildBatch(folder, programs);
      const expected = runUnderQemu(batch.elf);
      const actual = await runOnMachine(engine, readFileSync(batch.elf), batch.recordsAddress, batch.recordsBytes);
      expect(expected.length).toBe(batch.recordsBytes);
      const differing = differences(batch, expected, actual);
      expect(differing.slice(0, 3).join("\n\n"), `${differing.length} programs differ`).toBe("");
    });
  });
});
