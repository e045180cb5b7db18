import { describe, expect, test } from "vitest";
import { floatExpected } from "./float-expected.fixture.ts";
import { floatOperations, resolveRounding } from "./float-unit.ts";
import { floatHelpers } from "./float-vectors.fixture.ts";
import { RoundingMode } from "./format.ts";

describe.each(floatHelpers)("%s", (helper) => {
  test("gives the values and flags that QEMU gives", () => {
    const rows = floatExpected.filter(([name]) => name === helper);
    const actual = rows.map(([name, rounding, a, b, c]) => {
      const status = { flags: 0 };
      return [name, rounding, a, b, c, floatOperations[name](status, rounding, a, b, c), status.flags];
    });
    expect(rows.length).toBeGreaterThan(0);
    expect(actual).toEqual(rows);
  });
});

test("flags accrue", () => {
  const status = { flags: 8 };
  floatOperations["fadd.d"](status, RoundingMode.RNE, 0x3ff0000000000000n, 1n, 0n);
  expect(status.flags).toBe(9);
});

test("the rounding mode is the instruction's, or frm's where that is dynamic", () => {
  expect(resolveRounding(1, 0x40)).toBe(RoundingMode.RTZ);
  expect(resolveRounding(7, 0x5f)).toBe(RoundingMode.RDN);
  expect(resolveRounding(5, 0)).toBeUndefined();
  expect(resolveRounding(7, 0xa0)).toBeUndefined();
});
