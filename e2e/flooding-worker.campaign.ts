import { readFileSync, readdirSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";
import { root } from "#cli/bundle.mjs";
import { pageFolder } from "#cli/page-build.ts";
import { startStaticServer } from "#cli/server/static-server.ts";
import { bootGuest, MEASURED, shell } from "./guests.fixture.ts";
import { test } from "./page.fixture.ts";

/** How long each kind of flood goes on, its worker started anew each time that the page has ended it; 60 in a campaign. */
const SECONDS = Number(process.env["FLOOD_SECONDS"] ?? 1);
const LIMIT_MS = 200;
const MEMORY_LIMIT_MIB = 500;

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

/** Guests with so much memory and more are bad, one MiB for each kind of flood. */
const BAD_MIB = 300;

/**
 * In place of the guests' worker: it is the real one, but for guests with a bad one's memory, for which it makes no machine
 * and floods whoever started it. Not a route of Playwright's, which does not see what workers fetch.
 */
const REPLACEMENT = `
  const floods = [${Object.values(FLOODS)
    .map((flood) => `() => (${flood})`)
    .join(", ")}];
  const waiting = [];
  onmessage = async (event) => {
    const { type, memoryMiB, settings } = event.data;
    const flood = floods[(memoryMiB ?? settings?.memoryMiB) - ${BAD_MIB}];
    if (flood) {
      if (type !== "boot") return;
      postMessage({ type: "ready" });
      const message = flood();
      setTimeout(() => { for (;;) postMessage(message); }, 500);
      return;
    }
    waiting.push(event.data);
    if (waiting.length > 1) return;
    await import("./guest-worker-itself.js");
    for (const data of waiting) dispatchEvent(new MessageEvent("message", { data }));
  };`;

/** Serves the page with that worker; gives the URL. */
async function serveWithBadWorkers(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tabvisor-"));
  const assets = join(pageFolder, "assets");
  const worker = readdirSync(assets).find((name) => /^guest-worker-.*\.js$/.test(name));
  if (!worker) throw new Error("the build has no guest-worker");
  await mkdir(join(folder, "assets"));
  await copyFile(join(assets, worker), join(folder, "assets/guest-worker-itself.js"));
  await writeFile(join(folder, "assets", worker), REPLACEMENT);
  const server = await startStaticServer({ folders: [folder, pageFolder, join(root, "public")], port: 0 });
  onTestFinished(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });
  return server.url;
}

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

/** Has guests whose workers flood made anew for so long; gives the page's longest silence. */
function floodFor(
  page: Page,
  memoryMiB: number,
  seconds: number,
): Promise<{ silence: number; rounds: number; reason: string }> {
  return page.evaluate(
    async ({ memoryMiB, seconds }) => {
      const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
      let [last, silence, rounds, reason] = [performance.now(), 0, 0, ""];
      const beat = setInterval(() => {
        silence = Math.max(silence, performance.now() - last - 10);
        last = performance.now();
      }, 10);
      const end = performance.now() + seconds * 1000;
      for (; performance.now() < end; rounds++) {
        const bad = await window.tabvisor.create({ image: "uboot", name: "bad", memoryMiB });
        while (bad.runState === "running" || bad.runState === "loading") await rest(10);
        reason = bad.reason ?? "";
        await bad.destroy();
      }
      clearInterval(beat);
      return { silence, rounds, reason };
    },
    { memoryMiB, seconds },
  );
}

test(
  "workers that flood the page are ended, and neither the page nor another guest waits for them",
  MEASURED,
  async ({ browser }) => {
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    await page.goto(await serveWithBadWorkers());
    const { id } = await bootGuest(page, { image: "linux", name: "neighbour", memoryMiB: 128 });
    const before = residentMiB();
    for (const [index, kind] of Object.keys(FLOODS).entries()) {
      const flood = floodFor(page, BAD_MIB + index, SECONDS);
      const { milliseconds } = await shell(page, id, "sleep 0.7; true");
      const { silence, rounds, reason } = await flood;
      const more = residentMiB() - before;
      console.log(
        `${kind}: ${rounds} ended (${reason}), page silent for ${silence.toFixed(0)} ms at most, neighbour late by ${(milliseconds - 700).toFixed(0)} ms, ${more.toFixed(0)} MiB more`,
      );
      expect(rounds).toBeGreaterThan(0);
      expect(silence).toBeLessThan(LIMIT_MS);
      expect(milliseconds - 700).toBeLessThan(LIMIT_MS);
      expect(more).toBeLessThan(MEMORY_LIMIT_MIB);
    }
  },
);
