import { caseTables, runCase } from "#riscv/cases/all.fixture.ts";
import { allInstructions } from "#riscv/decode.ts";
import { describe, expect, test } from "vitest";
import { FlatHart } from "#hart/random-programs/flat-hart.fixture.ts";

describe.each(Object.entries(caseTables))("the evaluator agrees with the table of expectations: %s", (_, cases) => {
  test.each(cases.map((entry) => [entry.name, entry] as const))("%s", (_name, entry) => {
    const { actual, expected } = runCase(new FlatHart(), entry);
    expect(actual).toEqual(expected);
  });
});

test("the table names each integer, multiply, atomic and control instruction in at least five cases", () => {
  const tested = [
    ...caseTables.integer,
    ...caseTables.multiply,
    ...caseTables.memory,
    ...caseTables.atomic,
    ...caseTables.control,
  ];
  const once = new Set(["fence", "ecall", "ebreak"]);
  for (const { name } of allInstructions) {
    const count = tested.filter((entry) => entry.name.split(" ").includes(name)).length;
    if (name === "csrrw") break;
    if (/^f(?!ence)/.test(name)) continue;
    expect(count, name).toBeGreaterThanOrEqual(once.has(name) ? 1 : 5);
  }
});
