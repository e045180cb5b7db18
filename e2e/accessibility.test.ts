import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { test, untilReady } from "./page.fixture.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds serious or worse, in a form that reads well in a failure. */
async function seriousFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  if (passes.length < 5) throw new Error("axe looked at nothing");
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing serious: empty, booting, running, crashed (${colorScheme})`, async ({ openPage }) => {
    const { page } = await openPage({ colorScheme });
    await untilReady(page);
    await page.getByText("U-Boot").first().waitFor();
    expect(await seriousFindings(page), "empty").toEqual([]);

    await page.evaluate(() => void window.tabvisor.create({ image: "linux" }));
    await page.waitForTimeout(700);
    expect(await seriousFindings(page), "booting").toEqual([]);

    await page.evaluate(() => window.tabvisor.guests()[0]?.console.waitFor(/~ # $/, { timeoutMs: 60_000 }));
    expect(await seriousFindings(page), "running").toEqual([]);

    await page.evaluate(() => window.tabvisor.guests()[0]?.console.send("echo c > /proc/sysrq-trigger\n"));
    await page
      .getByText(/crashed/i)
      .first()
      .waitFor();
    expect(await seriousFindings(page), "crashed").toEqual([]);
  });
}
