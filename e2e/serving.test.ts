import { expect, inject } from "vitest";
import { test, untilReady } from "./page.fixture.ts";

test("the page has shared memory, and nothing on it fails", async ({ openPage }) => {
  const { page, problems } = await openPage();
  expect(await page.evaluate(() => globalThis.crossOriginIsolated)).toBe(true);
  await untilReady(page);
  expect(problems).toEqual([]);
});

test("without the headers the page says what is missing", async ({ openPage }) => {
  const { page } = await openPage({ isolated: false });
  await page.getByText("Cross-Origin-Opener-Policy").first().waitFor();
});

test.each([
  ["/../package.json", 404],
  ["/%2e%2e/package.json", 404],
  ["/..%2fpackage.json", 400],
  ["/.built-from", 404],
  ["/%00", 400],
  ["/nothing", 404],
])("the server has nothing to give for %s", async (path, status) => {
  const response = await fetch(inject("url") + path);
  expect(response.status).toBe(status);
  expect(await response.text()).not.toContain("tabvisor");
});
