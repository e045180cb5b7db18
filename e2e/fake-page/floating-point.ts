import { EmittedFloat } from "#hart/float/emitted/emitted-float.fixture.ts";
import { floatHelpers } from "#hart/float/float-vectors.fixture.ts";
import { hasFusedMultiplyAdd } from "#hart/float/emitted/fused.ts";

/** Compares what this browser makes of emitted floating point with the exact operations. */
export function compareFloat(vectorsEach: number): { readonly fused: boolean; readonly differing: readonly string[] } {
  const fused = hasFusedMultiplyAdd();
  const emitted = [EmittedFloat.helpers(fused), EmittedFloat.inline("f64", fused), EmittedFloat.inline("f64", false)];
  const differing = emitted.flatMap((contender) =>
    floatHelpers.flatMap((name, index) => [
      ...contender.differences(name, vectorsEach, 500 + index),
      ...contender.cornerDifferences(name, 0, 1),
    ]),
  );
  const text = (value: object): string =>
    JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? `0x${part.toString(16)}` : part));
  return { fused, differing: differing.slice(0, 5).map(text) };
}
