import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import { root } from "#cli/bundle.mjs";
import { test } from "./page.fixture.ts";

const INSTRUCTIONS = 1_000_000_000;
type Engine = "translator" | "interpreter";

/** Twice what is most likely to depend on when it happens. */
const RUNS: Readonly<Record<"chromium" | "node", readonly Engine[]>> = {
  chromium: ["translator", "interpreter", "translator"],
  node: ["interpreter", "translator"],
};

test(`${INSTRUCTIONS} instructions of a Linux boot leave the same state, translated or not, in Chromium as in Node`, async ({
  openPage,
}) => {
  const hashes: string[] = [];
  for (const engine of RUNS.chromium) {
    const { page } = await openPage(engine === "translator" ? {} : { path: `?engine=${engine}` });
    const { hash, translated } = await page.evaluate(bootInPage, INSTRUCTIONS);
    hashes.push(hash);
    console.log(`${((translated / INSTRUCTIONS) * 100).toFixed(0)} % of the instructions ran translated (${engine})`);
    if (engine === "interpreter") expect(translated).toBe(0);
    else expect(translated).toBeGreaterThan(INSTRUCTIONS / 2);
    await page.close();
  }
  for (const engine of RUNS.node) hashes.push(await hashInNode(engine));
  console.log(`state after ${INSTRUCTIONS} instructions: ${hashes.join(", ")}`);
  expect(new Set(hashes).size).toBe(1);
  expect(hashes[0]).toMatch(/^[0-9a-f]+$/);
});

/** Runs in the page. */
async function bootInPage(pauseAtInstructions: number): Promise<{ hash: string; translated: number }> {
  while (window.tabvisor === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
  const guest = await window.tabvisor.create({ image: "linux", clock: "virtual", pauseAtInstructions });
  while (guest.runState === "running") await new Promise((resolve) => setTimeout(resolve, 20));
  const { counters } = await guest.stats();
  return { hash: await guest.stateHash(), translated: counters["translatedInstructions"] ?? 0 };
}

async function hashInNode(engine: Engine): Promise<string> {
  const limit = ["--virtual-clock", "--max-instructions", `${INSTRUCTIONS}`];
  const args = ["run", "linux", ...limit, "--engine", engine, "--state-hash"];
  const child = promisify(execFile)(process.execPath, [join(root, "src/cli/launch.mjs"), ...args]);
  child.child.stdin?.end();
  // The command line ends with a status of its own for a guest that did not end by itself.
  const { stderr } = await child.catch((error: { stderr: string }) => error);
  return /state-hash ([0-9a-f]+)/.exec(stderr)?.[1] ?? stderr;
}
