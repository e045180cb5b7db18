import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { expect } from "vitest";
import { buildProgram, typedProgram } from "#cli/bench/program.ts";
import { ensurePrograms } from "#cli/debian-packages.ts";
import { CODE_BYTES_MAX } from "#hart/translator/standing-regions.ts";
import { TABLE_SIZE } from "#hart/interpreter/interpreter.ts";
import { bootGuest, shell } from "./guests.fixture.ts";
import { test } from "./page.fixture.ts";

const SECONDS = 60 * Number(process.env["NEW_CODE_MINUTES"] ?? 40 / 60);
const SAMPLES = 30;
/** Of the tab's memory in the last third of the run, over that in the middle third: V8 frees code in bursts. */
const GROWTH_MAX = 1.15;
/** The program's arena is 64 MiB. */
const MEMORY_MIB = 512;

interface Sample {
  readonly regions: number;
  readonly regionBytes: number;
  readonly regionsTranslated: number;
  readonly residentBytes: number;
}

test(
  "a guest that runs ever new code keeps its translations and the tab's memory within bounds",
  { timeout: (SECONDS * 2 + 120) * 1000 },
  async ({ openPage, browser }) => {
    ensurePrograms([{ program: "qemu-riscv64", debianPackage: "qemu-user" }], console.log);
    const { path } = buildProgram("riscv64", console.log);
    const { page, problems } = await openPage();
    const { id } = await bootGuest(page, { image: "linux", memoryMiB: MEMORY_MIB });
    await shell(page, id, `${typedProgram(path)}\ntrue`);
    await page.evaluate(() => window.tabvisor.guests()[0]?.console.send("/tmp/workload new-code 100000000\n"));

    const samples: Sample[] = [];
    for (let sample = 0; sample < SAMPLES; sample++) {
      await page.waitForTimeout((SECONDS * 1000) / SAMPLES);
      const stats = await page.evaluate(() => window.tabvisor.guests()[0]?.stats());
      const { regions = 0, regionBytes = 0, regionsTranslated = 0 } = stats?.counters ?? {};
      samples.push({ regions, regionBytes, regionsTranslated, residentBytes: await largestRenderer(browser) });
    }
    await shell(page, id, "\u0003true");
    const text = await page.evaluate(() => window.tabvisor.guests()[0]?.console.text() ?? "");
    const [, rounds = "", sum] = [...text.matchAll(/rounds ([0-9a-f]{16}) ([0-9a-f]{16})/g)].at(-1) ?? [];

    const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
    for (const { regions, regionBytes, regionsTranslated, residentBytes } of samples) {
      console.log(
        `${regionsTranslated} regions translated, ${regions} stand, ${mebibytes(regionBytes)} MiB of code; the tab: ${mebibytes(residentBytes)} MiB`,
      );
    }
    const last = samples.at(-1)!;
    expect(last.regionsTranslated).toBeGreaterThan(SECONDS * 20);
    expect(last.regionsTranslated).toBeGreaterThan(samples[SAMPLES / 2]!.regionsTranslated);
    expect(Math.max(...samples.map(({ regionBytes }) => regionBytes))).toBeLessThanOrEqual(CODE_BYTES_MAX);
    expect(Math.max(...samples.map(({ regions }) => regions))).toBeLessThan(TABLE_SIZE);
    const third = SAMPLES / 3;
    const middle = mean(samples.slice(third, 2 * third));
    const end = mean(samples.slice(2 * third));
    console.log(`the tab in the last third: ${(end / middle).toFixed(3)} of the middle third`);
    expect(end / middle).toBeLessThan(GROWTH_MAX);
    const judged = await promisify(execFile)("qemu-riscv64", [path, "new-code", `${BigInt(`0x${rounds}`)}`]);
    expect(sum).toBe(/done new-code ([0-9a-f]{16})/.exec(judged.stdout)?.[1]);
    expect(problems).toEqual([]);
  },
);

function mean(samples: readonly Sample[]): number {
  return samples.reduce((sum, { residentBytes }) => sum + residentBytes, 0) / samples.length;
}

/** What of the largest renderer is in memory: of the page's, where there is one page. */
async function largestRenderer(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const resident = processInfo.map(({ type, id }) => {
    const status = type === "renderer" ? readFileSync(`/proc/${id}/status`, "utf8") : "";
    return Number(/VmRSS:\s*(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  });
  return Math.max(...resident);
}
