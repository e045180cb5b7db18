import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, inject, test } from "vitest";
import { root } from "#cli/bundle.mjs";

const run = promisify(execFile);

/** Everything but v86, whose guest would have to be fetched. That the sides agree about every checksum is the bench's own affair. */
test("the bench's smoke run does every work on every side", { timeout: 300_000 }, async () => {
  const launcher = join(root, "src/cli/launch.mjs");
  const environment = { ...process.env, TABVISOR_CHROMIUM: inject("chromium") };
  const { stdout } = await run(process.execPath, [launcher, "bench", "--quick"], { env: environment });
  expect(stdout).toContain("A smoke run");
  const report = JSON.parse(readFileSync(join(root, ".cache/bench/smoke.json"), "utf8")) as {
    sides: { name: string }[];
    medians: { name: string; sides: { name: string; seconds: number | null; millionInstructions: number | null }[] }[];
    means: { speedAgainst: Record<string, number> }[];
  };
  const native = process.arch === "x64" ? ["native"] : [];
  const machines = ["qemu-system-riscv64 (TCG)", "Tabvisor, Node", "Tabvisor, Chromium"];
  expect(report.sides.map(({ name }) => name)).toEqual([...native, ...machines]);
  expect(report.medians.map(({ name }) => name)).toEqual(
    "boot boot-default integer chase copy sha256 nbody bytecode sort getpid pipe fork-exec file gzip print type".split(
      " ",
    ),
  );
  for (const { name, sides } of report.medians) {
    for (const machine of machines) {
      const { seconds, millionInstructions } = sides.find((side) => side.name === machine)!;
      expect(seconds, `${name}, ${machine}`).toBeGreaterThan(0);
      expect(millionInstructions, `${name}, ${machine}`).toBeGreaterThan(0);
    }
  }
  expect(report.means.at(-1)?.speedAgainst["qemu-system-riscv64 (TCG)"]).toBeGreaterThan(0);
});
