import { expect, test } from "vitest";
import { markdown, median, requireAgreement } from "./report.ts";
import type { Measured } from "./side.ts";

function measured(seconds: number, instructions?: number, checksum = "1"): Measured {
  return { seconds, instructions, checksum };
}

test("the median of an even number lies between the two in the middle", () => {
  expect(median([4, 1, 3])).toBe(3);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test("a row gives times, guest MIPS and the ratio to the baseline", () => {
  const bySide = { qemu: [measured(2), measured(1), measured(3)], ours: [measured(4, 800e6)] };
  const table = markdown([{ name: "integer", what: "branches", bySide }], ["qemu", "ours", "absent"], "qemu", 3);
  expect(table).toContain("| integer: branches | 800 | 2.000 s (400 MIPS) | 4.000 s (200 MIPS, ×2.00) | – |");
});

test("sides that compute differently are an error", () => {
  const work = { name: "sort", what: "", count: 1 };
  expect(() => requireAgreement(work, { a: [measured(1, 1, "5")], b: [measured(1, 1, "6")] })).toThrow(
    "disagree about sort",
  );
  expect(() => requireAgreement(work, { a: [measured(1, 1, "5")], b: [measured(2, 1, "5")] })).not.toThrow();
});
