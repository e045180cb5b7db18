import { answerTime, MEASURED } from "./guests.fixture.ts";
import { createHash } from "node:crypto";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { test } from "./page.fixture.ts";

const BOOT_TIMEOUT_MS = 60_000;

/** Starts an image by its button in the gallery and waits for its prompt. */
async function boot(page: Page, image: string, prompt: string): Promise<number> {
  const before = await page.evaluate(() => window.tabvisor.guests().length);
  if (before > 0) await page.getByRole("button", { name: "New guest" }).click();
  const title = await page.evaluate(
    async (id) => (await window.tabvisor.images()).find((summary) => summary.id === id)?.title ?? "",
    image,
  );
  await page.getByRole("button", { name: `Start ${title}`, exact: true }).click();
  await page.waitForFunction((index) => window.tabvisor.guests().length > index, before);
  await page.evaluate(
    async ([index, text, timeoutMs]) => {
      const guest = window.tabvisor.guests()[index];
      await guest?.console.waitFor(text, { timeoutMs });
      while (guest?.snapshots().length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    },
    [before, prompt, BOOT_TIMEOUT_MS] as const,
  );
  return before;
}

/** Gives the keyboard to a guest's console, as a click would. */
async function focusConsole(page: Page, index: number): Promise<void> {
  const guestId = await page.evaluate((at) => window.tabvisor.guests()[at]?.id ?? "", index);
  await page.locator(`[data-console="${guestId}"] .xterm-screen`).click();
}

/** Types a line as a person would and resolves with what was printed after it, up to `until`. */
async function type(page: Page, index: number, line: string, until: string): Promise<string> {
  const from = await page.evaluate((at) => window.tabvisor.guests()[at]?.console.text().length ?? 0, index);
  await page.keyboard.type(`${line}\n`);
  return printed(page, index, until, from);
}

function printed(page: Page, index: number, until: string, from: number): Promise<string> {
  return page.evaluate(
    ([at, pattern, start]) =>
      window.tabvisor.guests()[at]?.console.waitFor(new RegExp(pattern), { from: start, timeoutMs: 20_000 }) ?? "",
    [index, until, from] as const,
  );
}

/** The pane's size in cells, as `stty size` writes it. */
function paneSize(page: Page, index: number): Promise<string | undefined> {
  return page.evaluate((at) => {
    const guestId = window.tabvisor.guests()[at]?.id ?? "";
    return document.querySelector<HTMLElement>(`[data-console="${guestId}"] [data-size]`)?.dataset["size"];
  }, index);
}

/** Rows of the screen as they are drawn. */
function rows(page: Page, index: number): Promise<readonly string[]> {
  return page.evaluate((at) => {
    const guestId = window.tabvisor.guests()[at]?.id ?? "";
    const drawn = document.querySelectorAll(`[data-console="${guestId}"] .xterm-rows > div`);
    return [...drawn].map((row) => row.textContent ?? "");
  }, index);
}

test("a real shell: interrupt, completion, vi, size, paste", async ({ openPage }) => {
  const { page, problems } = await openPage();
  const linux = await boot(page, "linux", "~ # ");
  await focusConsole(page, linux);

  const began = Date.now();
  await page.keyboard.type("sleep 100\n");
  await page.waitForTimeout(500);
  await page.keyboard.press("Control+C");
  await type(page, linux, "echo inter''rupted", "interrupted\\n");
  expect(Date.now() - began).toBeLessThan(20_000);

  await page.keyboard.type("cat /proc/cpui");
  await page.keyboard.press("Tab");
  await type(page, linux, "", "isa\\s*: rv64");

  await page.keyboard.type("vi /tmp/note\n");
  await expect
    .poll(async () => (await rows(page, linux)).filter((row) => row.startsWith("~")).length)
    .toBeGreaterThan(10);
  const height = Number((await paneSize(page, linux))?.split(" ")[0]);
  await expect.poll(async () => (await rows(page, linux)).filter((row) => /^~\s*$/.test(row)).length).toBe(height - 2);
  await page.setViewportSize({ width: 1440, height: 700 });
  await expect.poll(() => paneSize(page, linux)).not.toBe(`${height} 0`);
  await expect.poll(async () => Number((await paneSize(page, linux))?.split(" ")[0])).toBeLessThan(height);
  const lower = Number((await paneSize(page, linux))?.split(" ")[0]);
  await expect.poll(async () => (await rows(page, linux)).filter((row) => /^~\s*$/.test(row)).length).toBe(lower - 2);
  await page.keyboard.type("igrüße 你好");
  await page.keyboard.press("Escape");
  // vi takes what follows an Escape at once for the rest of a function key.
  await page.waitForTimeout(700);
  await page.keyboard.type(":wq\n");
  expect(await type(page, linux, "cat /tmp/note; echo e''nd", "end\\n")).toContain("grüße 你好");

  await boot(page, "uboot", "=> ");
  await focusConsole(page, linux);
  await expect
    .poll(async () => {
      const shown = await type(page, linux, 'echo "[$(stty size)]"', "\\[\\d+ \\d+\\]\\n");
      return /\[(\d+ \d+)\]\n/.exec(shown)?.[1];
    })
    .toBe(await paneSize(page, linux));
  expect(problems).toEqual([]);
});

test("a 10 kB paste arrives whole", async ({ openPage }) => {
  const { page } = await openPage();
  const linux = await boot(page, "linux", "~ # ");
  await focusConsole(page, linux);
  const text = Array.from(
    { length: 160 },
    (_, line) => `${String(line).padStart(4, "0")} ${"the quick brown fox – grüße ".repeat(2)}\n`,
  ).join("");
  expect(Buffer.byteLength(text)).toBeGreaterThan(10_000);
  const expected = createHash("sha256").update(text).digest("hex");

  await page.evaluate((clip) => navigator.clipboard.writeText(clip), text);
  await page.keyboard.type("cat > /tmp/pasted\n");
  await page.waitForTimeout(300);
  await page.keyboard.press("Control+Shift+V");
  await printed(page, linux, "0159 the quick[^\\n]*\\n", 0);
  await page.keyboard.press("Control+D");
  expect(await type(page, linux, "sha256sum /tmp/pasted", "[0-9a-f]{64}")).toContain(expected);
});

test(
  "a flood of output leaves the page and the other guest responsive, and loses no byte",
  MEASURED,
  async ({ openPage }) => {
    const { page } = await openPage();
    const linux = await boot(page, "linux", "~ # ");
    const uboot = await boot(page, "uboot", "=> ");
    await focusConsole(page, linux);
    await page.evaluate(() => {
      const tasks: number[] = [];
      Object.assign(window, { longTasks: tasks });
      new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
        type: "longtask",
      });
    });
    await page.keyboard.type("yes\n");
    await focusConsole(page, uboot);
    const answers: number[] = [];
    const ubootId = await page.evaluate((at) => window.tabvisor.guests()[at]?.id ?? "", uboot);
    for (let stroke = 0; stroke < 20; stroke++) {
      await page.waitForTimeout(500);
      answers.push(await answerTime(page, ubootId, "x"));
    }
    answers.sort((a, b) => a - b);
    const longTasks = await page.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks);
    console.log(
      `answers ${answers.map(Math.round).join(" ")} ms; tasks over 50 ms: ${longTasks.map(Math.round).join(" ") || "none"}`,
    );
    expect(answers.at(-1)).toBeLessThanOrEqual(100);

    await focusConsole(page, linux);
    await page.keyboard.press("Control+C");
    await type(page, linux, "echo sti''ll here", "still here\\n");
    const { lines, after } = await page.evaluate(collectSequence, linux);
    expect(lines, `then came ${JSON.stringify(after)}`).toBe(40_000);
  },
);

/** In the page: has the guest print the numbers from 1 and counts how far they come in order, with nothing between. */
async function collectSequence(index: number): Promise<{ readonly lines: number; readonly after: readonly string[] }> {
  const guest = window.tabvisor.guests()[index]!;
  const decoder = new TextDecoder();
  let text = "";
  // The terminal's late answers to the shell's questions must not be echoed in between.
  guest.console.send("stty -echo; echo be''gin; seq 1 40000; echo do''ne; stty echo\n");
  const detach = guest.console.attach((bytes) => {
    text += decoder.decode(bytes, { stream: true });
  });
  await guest.console.waitFor("done\n", { from: guest.console.text().length, timeoutMs: 60_000 });
  while (!text.includes("done\r\n")) await new Promise((resolve) => setTimeout(resolve, 20));
  detach();
  const numbers = (text.split("begin\r\n")[1] ?? "").split("\r\n");
  const lines = numbers.findIndex((number, line) => number !== String(line + 1));
  return { lines, after: numbers.slice(lines, lines + 2).map((line) => line.slice(0, 200)) };
}
