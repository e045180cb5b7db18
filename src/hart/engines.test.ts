import { caseTables, runCase } from "#riscv/cases/all.fixture.ts";
import { describe, expect, test } from "vitest";
import { engineNames } from "#hart/random-programs/contender.fixture.ts";
import { HartUnderTest } from "#hart/random-programs/case-hart.fixture.ts";

describe.each(engineNames)("a hart with the %s agrees with the table of expectations", (engine) => {
  const hart = new HartUnderTest(engine);

  describe.each(Object.entries(caseTables))("%s", (_, cases) => {
    test.each(cases.map((entry) => [entry.name, entry] as const))("%s", (_name, entry) => {
      hart.reset();
      const { actual, expected } = runCase(hart, entry);
      expect(actual).toEqual(expected);
    });
  });
});
