import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import { root } from "#cli/bundle.mjs";
import { test } from "./page.fixture.ts";

const INSTRUCTIONS = 1_000_000_000;
const RUNS = { chromium: 3, node: 2 };

test(`${INSTRUCTIONS} instructions of a Linux boot leave the same state, in Chromium as in Node`, async ({
  openPage,
}) => {
  const { page } = await openPage();
  const hashes: string[] = [];
  for (let run = 0; run < RUNS.chromium; run++) hashes.push(await page.evaluate(hashInPage, INSTRUCTIONS));
  for (let run = 0; run < RUNS.node; run++) hashes.push(await hashInNode());
  console.log(`state after ${INSTRUCTIONS} instructions: ${hashes.join(", ")}`);
  expect(new Set(hashes).size).toBe(1);
});

/** Runs in the page. */
async function hashInPage(pauseAtInstructions: number): Promise<string> {
  while (window.tabvisor === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
  const guest = await window.tabvisor.create({ image: "linux", clock: "virtual", pauseAtInstructions });
  while (guest.runState === "running") await new Promise((resolve) => setTimeout(resolve, 20));
  const hash = await guest.stateHash();
  await guest.destroy();
  return hash;
}

async function hashInNode(): Promise<string> {
  const args = ["run", "linux", "--virtual-clock", "--max-instructions", `${INSTRUCTIONS}`, "--state-hash"];
  const child = promisify(execFile)(process.execPath, [join(root, "src/cli/launch.mjs"), ...args]);
  child.child.stdin?.end();
  // The command line ends with a status of its own for a guest that did not end by itself.
  const { stderr } = await child.catch((error: { stderr: string }) => error);
  return /state-hash ([0-9a-f]+)/.exec(stderr)?.[1] ?? stderr;
}
