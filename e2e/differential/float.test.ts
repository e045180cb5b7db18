import { floatHelpers, floatVectors } from "#hart/float/float-vectors.fixture.ts";
import { beforeAll, describe, expect, test } from "vitest";
import { performFloat, performUnderQemu } from "./float-program.ts";
import { requireTools } from "./toolchain.ts";

const VECTORS_EACH = 8000;
const SEED = Number(process.env["FLOAT_SEED"] ?? 1);

beforeAll(requireTools);

describe("floating point gives QEMU's results and flags", () => {
  test(
    `${floatHelpers.length} operations × ${VECTORS_EACH} vectors, FLOAT_SEED=${SEED}`,
    { timeout: 120_000 },
    async () => {
      const vectors = floatHelpers.flatMap((name, index) => floatVectors(name, VECTORS_EACH, SEED * 1000 + index));
      const expected = await performUnderQemu(vectors);
      const differing = vectors.flatMap((vector, index) => {
        const ours = performFloat(vector);
        const theirs = expected[index]!;
        return ours.value === theirs.value && ours.flags === theirs.flags ? [] : [{ vector, ours, theirs }];
      });
      expect(differing.slice(0, 10)).toEqual([]);
      expect(vectors.length).toBeGreaterThan(100_000);
    },
  );
});
