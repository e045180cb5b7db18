import { createHash } from "node:crypto";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { bootGuest, MEASURED, shell } from "./guests.fixture.ts";
import { test } from "./page.fixture.ts";

const LINE = "a line of pasted text, as long as lines are\n";
const LIMIT_MS = 200;

/** Pastes 300 kB of lines into a program that does not read, presses Ctrl+C after a while, and gives how long the prompt took. */
function interrupted(page: Page, id: string, afterMs: number): Promise<number> {
  return page.evaluate(
    async ({ id, afterMs, pasted }) => {
      const { console: terminal } = window.tabvisor.guests().find((guest) => guest.id === id)!;
      const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
      terminal.send("sleep 1000\n");
      await rest(300);
      terminal.send(pasted);
      await rest(afterMs);
      const from = terminal.text().length;
      const began = performance.now();
      terminal.send("\u0003");
      await terminal.waitFor("~ # ", { from, timeoutMs: 10_000 });
      return performance.now() - began;
    },
    { id, afterMs, pasted: LINE.repeat(7000) },
  );
}

test(
  "Ctrl+C overtakes a paste that no program reads, early and late, and the shell is well",
  MEASURED,
  async ({ openPage }) => {
    const { page, problems } = await openPage();
    const { id } = await bootGuest(page, { image: "linux" });
    for (const afterMs of [50, 300, 3000]) {
      const took = await interrupted(page, id, afterMs);
      console.log(`Ctrl+C ${afterMs} ms into a paste of 300 kB: the prompt after ${took.toFixed(0)} ms`);
      expect(took).toBeLessThan(1000);
      expect((await shell(page, id, "expr 6 \\* 7")).text).toContain("42");
    }
    const log = await page.evaluate(() => window.tabvisor.guests()[0]!.log.map(({ message }) => message));
    expect(log.filter((message) => message.includes("was dropped")).length).toBe(3);
    expect(problems).toEqual([]);
  },
);

/** What `lines` lines have as md5sum, as `md5sum` prints it. */
function sumOf(lines: number): string {
  return createHash("md5").update(LINE.repeat(lines)).digest("hex");
}

test("a program that reads late is given the whole of a paste, however long", async ({ openPage }) => {
  const { page } = await openPage();
  const { id } = await bootGuest(page, { image: "linux" });
  const printed = await page.evaluate(
    async ({ id, pasted }) => {
      const { console: terminal } = window.tabvisor.guests().find((guest) => guest.id === id)!;
      terminal.send("stty -echo; sleep 4; head -n 4000 | md5sum; stty echo\n");
      await new Promise((resolve) => setTimeout(resolve, 300));
      terminal.send(pasted);
      return terminal.waitFor(/[0-9a-f]{32}/, { timeoutMs: 60_000 });
    },
    { id, pasted: LINE.repeat(4000) },
  );
  expect(printed).toContain(sumOf(4000));
});

test("a paste of 1 MB leaves the page answering, and arrives", MEASURED, async ({ openPage }) => {
  const { page } = await openPage();
  const { id } = await bootGuest(page, { image: "linux" });
  const lines = Math.ceil(1_000_000 / LINE.length);
  await page.evaluate(
    async ({ id, pasted }) => {
      const watched = Object.assign(window, { longest: 0 });
      const { console: terminal } = window.tabvisor.guests().find((guest) => guest.id === id)!;
      terminal.send("stty -echo; cat >/tmp/pasted; md5sum /tmp/pasted; stty echo\n");
      await navigator.clipboard.writeText(pasted);
      await new Promise((resolve) => setTimeout(resolve, 500));
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) watched.longest = Math.max(watched.longest, duration);
      }).observe({ type: "longtask" });
    },
    { id, pasted: LINE.repeat(lines) },
  );
  await page.locator(`[data-console="${id}"] .xterm-screen`).click();
  const began = performance.now();
  await page.keyboard.press("Control+Shift+V");
  await page.keyboard.press("Control+D");
  const printed = await page.evaluate((id) => {
    const { console: terminal } = window.tabvisor.guests().find((guest) => guest.id === id)!;
    return terminal.waitFor(/[0-9a-f]{32}/, { timeoutMs: 100_000 });
  }, id);
  const seconds = (performance.now() - began) / 1000;
  const longest = await page.evaluate(() => (window as unknown as { longest: number }).longest);
  console.log(`1 MB pasted and read in ${seconds.toFixed(1)} s; longest task of the page ${longest.toFixed(0)} ms`);
  expect(printed).toContain(sumOf(lines));
  expect(longest).toBeLessThan(LIMIT_MS);
});
