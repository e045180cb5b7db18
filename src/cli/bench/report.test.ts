import { expect, test } from "vitest";
import { json, markdown, meanSpeed, median, requireAgreement, type Report, type Row } from "./report.ts";
import type { Measured } from "./side.ts";

function measured(seconds: number, instructions?: number, checksum = "1"): Measured {
  return { seconds, instructions, checksum };
}

const integer: Row = {
  name: "integer",
  what: "branches",
  bySide: { qemu: [measured(2), measured(1), measured(3)], ours: [measured(4, 800e6)], v86: [measured(8, 1600e6)] },
  excuses: { native: "needs a guest" },
};
const pipe: Row = { name: "pipe", what: "", bySide: { qemu: [measured(9)], ours: [measured(1)] }, excuses: {} };

const report: Report = {
  startedAt: "2026-11-22T12:00:00Z",
  host: "2 × a processor",
  loadAtStart: [0.1, 0.2, 0.3],
  loadAtEnd: [1, 2, 3],
  rounds: 3,
  memoryMiB: 512,
  isQuick: false,
  sides: [
    { name: "native", architecture: "x86" },
    { name: "qemu", architecture: "riscv64" },
    { name: "ours", architecture: "riscv64" },
    { name: "v86", architecture: "x86" },
  ],
  baselines: ["qemu", "v86"],
  versions: { qemu: "7.2" },
  rows: [integer, pipe],
};

test("the median of an even number lies between the two in the middle", () => {
  expect(median([4, 1, 3])).toBe(3);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test("a row gives times, guest MIPS of each architecture, and speed against the baseline", () => {
  const lines = markdown(report).split("\n");
  expect(lines).toContain(
    "| integer: branches | 800 | needs a guest | 2.000 s (400 MIPS) | 4.000 s (200 MIPS, 0.50×) | 8.000 s (200 MIPS, 0.25×) |",
  );
  expect(lines).toContain("| pipe:  | – | – | 9.000 s | 1.000 s (9.00×) | – |");
});

test("geometric means are taken over the works that both sides did", () => {
  expect(meanSpeed(report.rows, "ours", "qemu")).toBeCloseTo(Math.sqrt(0.5 * 9));
  expect(meanSpeed(report.rows, "ours", "v86")).toBeCloseTo(2);
  expect(meanSpeed(report.rows, "native", "qemu")).toBeNaN();
  const lines = markdown(report).split("\n");
  expect(lines).toContain("| **geometric mean of speed against qemu** |  | – | **1.00×** | **2.12×** | **0.25×** |");
  expect(lines).toContain("| **geometric mean of speed against v86** |  | – | **4.00×** | **2.00×** | **1.00×** |");
});

test("the report says what it was measured with, and which sides did fewer rounds", () => {
  const text = markdown(report);
  expect(text).toContain("load average 0.1 0.2 0.3 at the start, 1.0 2.0 3.0 at the end");
  expect(text).toContain(
    "Medians of 3 (integer, ours: 1; integer, v86: 1; pipe, qemu: 1; pipe, ours: 1) interleaved rounds",
  );
  expect(text).toContain("- qemu: 7.2");
});

test("the data holds the medians beside every round", () => {
  const { rows, medians, means } = JSON.parse(json(report)) as Report & Record<"medians" | "means", unknown[]>;
  expect(rows[0]?.bySide["qemu"]).toHaveLength(3);
  expect(medians[0]).toMatchObject({
    name: "integer",
    sides: [{}, { seconds: 2 }, { speedAgainst: { qemu: 0.5, v86: 2 } }, {}],
  });
  expect(means[2]).toMatchObject({ name: "ours", speedAgainst: { v86: 2 } });
});

test("sides that compute differently are an error, in any round", () => {
  const work = { name: "sort", what: "", count: 1 };
  const good = { qemu: [measured(1, 1, "5")], ours: [measured(2, 1, "5")], v86: [measured(1, 1, "5")] };
  expect(() => requireAgreement(work, good, report.sides)).not.toThrow();
  const wrong = { ...good, ours: [measured(1, 1, "6"), measured(1, 1, "5")] };
  expect(() => requireAgreement(work, wrong, report.sides)).toThrow("disagree about sort");
});

test("architectures that round differently are compared each with itself only", () => {
  const work = { name: "nbody", what: "", count: 1, rounds: true } as const;
  const bySide = { qemu: [measured(1, 1, "5")], ours: [measured(2, 1, "5")], v86: [measured(1, 1, "6")] };
  expect(() => requireAgreement(work, bySide, report.sides)).not.toThrow();
  expect(() => requireAgreement({ ...work, rounds: undefined } as never, bySide, report.sides)).toThrow("nbody");
  expect(() => requireAgreement(work, { ...bySide, ours: [measured(1, 1, "6")] }, report.sides)).toThrow("nbody");
});
