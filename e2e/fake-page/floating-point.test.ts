import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { compareFloat } from "./floating-point.ts";
import { test } from "./page-fake.fixture.ts";

const VECTORS_EACH = 1500;

/** Undefined where the system does not tell. */
function processorHasFma(): boolean | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  return /^flags\s*:.*\bfma\b/m.test(readFileSync("/proc/cpuinfo", "utf8"));
}

test("emitted floating point is exact in Chromium, and fused where the processor is", async ({ browser, server }) => {
  const page = await browser.newPage();
  await page.goto(`${server.resolvedUrls?.local[0] ?? ""}e2e/fake-page/page-fake.html`);
  const { fused, differing }: ReturnType<typeof compareFloat> = await page.evaluate(
    `import("/e2e/fake-page/floating-point.ts").then(({ compareFloat }) => compareFloat(${VECTORS_EACH}))`,
  );
  console.log(`relaxed_madd rounds once: ${fused}`);
  expect(differing).toEqual([]);
  expect(fused).toBe(processorHasFma() ?? fused);
});
