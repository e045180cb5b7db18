import { engineNames } from "#hart/random-programs/contender.fixture.ts";
import { beforeAll, describe, expect, test } from "vitest";
import { endingPrograms, imageDifferences, PrivilegedBatch } from "./privileged-batch.ts";
import { requireTools, withTemporaryFolder } from "./toolchain.ts";

const SEED = Number(process.env["PRIVILEGED_SEED"] ?? 1);
const COUNT = Number(process.env["PRIVILEGED_COUNT"] ?? 2000);

describe(`${COUNT} programs in all modes from seed ${SEED} leave the registers, CSRs and memory that QEMU leaves`, () => {
  let batch: PrivilegedBatch;
  let expected: readonly Uint8Array[];

  beforeAll(async () => {
    requireTools();
    batch = new PrivilegedBatch(endingPrograms(SEED, COUNT));
    expected = await withTemporaryFolder((folder) => batch.runUnderQemu(folder));
  }, 240_000);

  test.each(engineNames)("%s", { timeout: 240_000 }, async (engine) => {
    const actual = await batch.runOnEngine(engine, 4);
    const differing = batch.programs.flatMap(({ seed }, index) => {
      const ours = actual[index];
      const lines = ours ? imageDifferences(expected[index]!, ours) : ["it does not end"];
      return lines.length === 0 ? [] : [`PRIVILEGED_SEED=${seed} PRIVILEGED_COUNT=1`, ...lines].join("\n");
    });
    expect(differing.slice(0, 3).join("\n\n"), `${differing.length} programs differ`).toBe("");
  });
});
