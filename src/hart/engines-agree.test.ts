import { describe, expect, test } from "vitest";
import { engineNames } from "#hart/random-programs/contender.fixture.ts";
import { EngineAgreement } from "#hart/random-programs/engine-agreement.fixture.ts";

/**
 * Random programs in all modes over random page tables, run by every engine. What is said twice — traps, CSRs and the page walk,
 * in TypeScript and as emitted code — and what is translated must leave the state that the evaluator leaves.
 * TABVISOR_SEED is the first program, TABVISOR_PROGRAMS how many, TABVISOR_HOT when code is translated.
 */
const PROGRAMS = Number(process.env["TABVISOR_PROGRAMS"] ?? 4000);
const FIRST_SEED = Number(process.env["TABVISOR_SEED"] ?? 1);
const HOT = Number(process.env["TABVISOR_HOT"] ?? 8);

function seeds(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => FIRST_SEED + index);
}

describe("random programs in all modes", { timeout: 300_000 }, () => {
  test(`${PROGRAMS} from seed ${FIRST_SEED} leave the same state in every engine after every slice`, async () => {
    const agreement = new EngineAgreement(engineNames, HOT);
    for (const seed of seeds(PROGRAMS)) expect(await agreement.runInSlices(seed)).toBeUndefined();
    const share = agreement.counter("translatedInstructions") / agreement.instructions;
    console.log(`${agreement.instructions} instructions, ${(share * 100).toFixed(0)} % of them translated`);
    if (PROGRAMS > 100) expect(share).toBeGreaterThan(0.3);
    expect(agreement.counter("translationFailures")).toBe(0);
  });

  test("and when an interrupt comes after 0, 1, 2, … instructions", async () => {
    const agreement = new EngineAgreement(engineNames, 2);
    for (const seed of seeds(Math.ceil(PROGRAMS / 10))) {
      expect(await agreement.runWithInterruptsEverywhere(seed, 40)).toBeUndefined();
    }
  });
});
