import { setTimeout as sleep } from "node:timers/promises";
import type { Browser } from "playwright-core";
import { expect } from "vitest";
import { bootGuest, shell } from "./guests.fixture.ts";
import { test } from "./page.fixture.ts";

const FROZEN_MS = 6000;
const SETTLED_MS = 2000;

/** The operating system holds every process with a page: harsher than the browser's own freezing, which spares a visible page. */
async function freeze(browser: Browser, milliseconds: number): Promise<void> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const renderers = processInfo.filter(({ type }) => type === "renderer");
  expect(renderers).not.toEqual([]);
  for (const { id } of renderers) process.kill(id, "SIGSTOP");
  await sleep(milliseconds);
  for (const { id } of renderers) process.kill(id, "SIGCONT");
  await session.detach();
}

test("after a freeze of the page, guests that had work and guests that had none know what time it is", async ({
  browser,
  openPage,
}) => {
  const { page } = await openPage();
  const busy = await bootGuest(page, { image: "linux" });
  const idle = await bootGuest(page, { image: "linux" });
  await shell(page, busy.id, "(while :; do :; done) & true");
  const uptime = await uptimeOf(busy.id);
  await freeze(browser, FROZEN_MS);
  await sleep(SETTLED_MS);
  for (const { id } of [busy, idle]) {
    const text = (await shell(page, id, 'echo "epoch $EPOCHREALTIME"')).text;
    const behind = Date.now() - Number(/\nepoch ([\d.]+)/.exec(text)?.[1]) * 1000;
    console.log(`${id}: date ${behind.toFixed(0)} ms behind`);
    expect(Math.abs(behind)).toBeLessThan(2000);
  }
  const lasted = (await uptimeOf(busy.id)) - uptime;
  console.log(`uptime of the busy guest went on by ${lasted.toFixed(1)} s`);
  expect(lasted).toBeLessThan(FROZEN_MS / 1000);

  async function uptimeOf(id: string): Promise<number> {
    return Number(/\n(\d+\.\d+) /.exec((await shell(page, id, "cat /proc/uptime")).text)?.[1]);
  }
});

test("resets and forks in the page draw random numbers of their own, with their first command", async ({
  openPage,
}) => {
  const { page } = await openPage();
  const { id } = await bootGuest(page, { image: "linux" });
  const drawn: string[] = [];
  for (let round = 0; round < 3; round++) {
    const fork = await page.evaluate(async (id) => {
      const guest = window.tabvisor.guests().find((each) => each.id === id)!;
      await guest.reset();
      return (await guest.fork()).id;
    }, id);
    for (const each of [id, fork]) {
      const { text } = await shell(page, each, "cat /proc/sys/kernel/random/uuid; od -An -tx8 -N16 /dev/urandom");
      drawn.push(...(text.match(/[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{16}\b/g) ?? []));
    }
  }
  expect(drawn).toHaveLength(18);
  expect(new Set(drawn).size).toBe(18);
});
