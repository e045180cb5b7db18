import { readFileSync, readdirSync } from "node:fs";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { bootGuest, MEASURED, shell } from "./guests.fixture.ts";
import { test } from "./page.fixture.ts";

/** How long each kind of flood goes on, its worker started anew each time that the page has ended it; 60 in a campaign. */
const SECONDS = Number(process.env["FLOOD_SECONDS"] ?? 1);
/**
 * Chromium lets a worker that never rests go on for up to two seconds after `terminate`, and each message is a task of the page
 * until then: the page cannot be told to answer sooner than that by what the page does. It must be itself again afterwards.
 */
const RECOVERED_MS = 200;
const MEMORY_LIMIT_MIB = 2000;

/** What a corrupt worker says without end. */
const FLOODS: Readonly<Record<string, string>> = {
  output: `{ type: "output" }`,
  room: `{ type: "room" }`,
  pong: `{ type: "pong" }`,
  rebooted: `{ type: "rebooted" }`,
  stopped: `{ type: "stopped" }`,
  pausedItself: `{ type: "pausedItself" }`,
  failed: `{ type: "failed", message: "no" }`,
  "logs of 100 kB": `{ type: "log", level: "info", message: "x".repeat(100_000) }`,
  "snapshots of 1 MB": `{ type: "snapshotted", requestId: 1, pages: new ArrayBuffer(1 << 20), parts: {} }`,
  "deep objects": `(() => { let deep = {}; for (let i = 0; i < 1000; i++) deep = { deep }; return deep; })()`,
};

/** A worker that makes its machine at once, and floods the page then. */
const flooding = (message: string) => `
  onmessage = ({ data }) => {
    if (data.type !== "boot") return;
    postMessage({ type: "ready" });
    const flood = ${message};
    setTimeout(() => { for (;;) postMessage(flood); }, 1000);
  };`;

/** Resident memory of the browser's processes, in MiB. */
function residentMiB(): number {
  let kib = 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("--type=renderer")) continue;
      kib += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
    } catch {
      // It has ended.
    }
  }
  return kib / 1024;
}

/** Has a guest that is flooded by its worker started anew for so long; gives the page's longest silence. */
function floodFor(page: Page, seconds: number): Promise<{ silence: number; rounds: number }> {
  return page.evaluate(async (seconds) => {
    const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    let [last, silence] = [performance.now(), 0];
    const beat = setInterval(() => {
      silence = Math.max(silence, performance.now() - last - 10);
      last = performance.now();
    }, 10);
    const end = performance.now() + seconds * 1000;
    let rounds = 0;
    for (; performance.now() < end; rounds++) {
      const guest = await window.tabvisor.create({ image: "uboot", name: "bad" }).catch(() => undefined);
      const bad = guest ?? window.tabvisor.guests().find(({ name }) => name.startsWith("bad"))!;
      while (bad.runState === "running" || bad.runState === "loading") await rest(10);
      await bad.destroy();
    }
    clearInterval(beat);
    return { silence, rounds };
  }, seconds);
}

test(
  "workers that flood the page are ended each time, and the page and its other guests go on",
  MEASURED,
  async ({ openPage }) => {
    const { page } = await openPage();
    const { id } = await bootGuest(page, { image: "linux", name: "neighbour", memoryMiB: 128 });
    let message = "";
    await page.route(/guest-worker[^/]*\.js/, async (route) => {
      const response = await route.fetch();
      await route.fulfill(message === "" ? { response } : { response, body: flooding(message) });
    });
    // The spare worker was started before: it goes to a guest that is soon gone.
    const spare = async () => {
      await page.evaluate(async () => (await window.tabvisor.create({ image: "uboot" })).destroy());
      await page.waitForTimeout(300);
    };
    const before = residentMiB();
    for (const [kind, said] of Object.entries(FLOODS)) {
      message = said;
      await spare();
      const { silence, rounds } = await floodFor(page, SECONDS);
      const more = residentMiB() - before;
      console.log(
        `${kind}: ended ${rounds} times, page silent for ${silence.toFixed(0)} ms at most, ${more.toFixed(0)} MiB more`,
      );
      expect(rounds).toBeGreaterThan(0);
      const answer = async () => (await shell(page, id, "true")).milliseconds;
      await expect.poll(answer, { timeout: 20_000 }).toBeLessThan(RECOVERED_MS);
      expect(more).toBeLessThan(MEMORY_LIMIT_MIB);
    }
  },
);
