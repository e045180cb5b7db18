import { availableParallelism } from "node:os";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { buildProgram, typedProgram } from "#cli/bench/program.ts";
import { answerTime, bootGuest, MEASURED, shell } from "./guests.fixture.ts";
import { test } from "./page.fixture.ts";

const GUESTS = 4;
const SCALING_MIN = 1.8;
const ANSWER_MS = 100;
/** Until what they run is translated, and V8 has optimised it. */
const WARM_UP_MS = 4000;
const MEASURED_MS = 5000;
const KEYS = 30;
/** The program's arena is 64 MiB. */
const MEMORY_MIB = 256;

const NAME = `${GUESTS} guests compute ${SCALING_MIN} times what one does, and typing in a fifth is answered within ${ANSWER_MS} ms`;

test.skipIf(availableParallelism() < 2)(NAME, { ...MEASURED, timeout: 180_000 }, async ({ openPage }) => {
  const { path } = buildProgram("riscv64", console.log);
  const { page } = await openPage();
  const guests: string[] = [];
  for (let guest = 0; guest < GUESTS; guest++) {
    const { id } = await bootGuest(page, { image: "linux", memoryMiB: MEMORY_MIB });
    await shell(page, id, `${typedProgram(path)}\ntrue`);
    guests.push(id);
  }
  const { id: fifth } = await bootGuest(page, { image: "linux" });
  const measure = async (ids: readonly string[]): Promise<number> => {
    await send(page, ids, "/tmp/workload integer 1000000000000\n");
    await page.waitForTimeout(WARM_UP_MS);
    return page.evaluate(throughput, [ids, MEASURED_MS] as const);
  };

  const before = await measure(guests.slice(0, 1));
  await send(page, guests, "\u0003");
  const together = await measure(guests);
  const answers: number[] = [];
  await page.locator(`[data-console="${fifth}"] .xterm-screen`).click();
  for (let key = 0; key < KEYS; key++) {
    await page.waitForTimeout(150);
    answers.push(await answerTime(page, fifth, "x"));
  }
  await send(page, guests, "\u0003");
  const after = await measure(guests.slice(1, 2));

  const alone = (before + after) / 2;
  answers.sort((a, b) => a - b);
  console.log(
    `one guest: ${before.toFixed(0)} MIPS before, ${after.toFixed(0)} after; ${GUESTS}: ${together.toFixed(0)}, ${(together / alone).toFixed(2)} times as many; ` +
      `a key's echo in a fifth: ${answers.map(Math.round).join(" ")} ms`,
  );
  expect(together / alone).toBeGreaterThanOrEqual(SCALING_MIN);
  expect(answers.at(-1)).toBeLessThanOrEqual(ANSWER_MS);
});

async function send(page: Page, ids: readonly string[], text: string): Promise<void> {
  await page.evaluate(
    ({ ids, text }) => {
      for (const guest of window.tabvisor.guests()) if (ids.includes(guest.id)) guest.console.send(text);
    },
    { ids, text },
  );
}

/** In the page: millions of instructions a second that the guests do together. */
async function throughput([ids, milliseconds]: readonly [readonly string[], number]): Promise<number> {
  const guests = window.tabvisor.guests().filter(({ id }) => ids.includes(id));
  const instructions = async () => {
    const stats = await Promise.all(guests.map((guest) => guest.stats()));
    return { done: stats.reduce((sum, each) => sum + each.instructions, 0), at: performance.now() };
  };
  const before = await instructions();
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  const after = await instructions();
  return (after.done - before.done) / (after.at - before.at) / 1000;
}
