import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Guest } from "#protocol/tabvisor.ts";
import { MockedTime, tabvisorWithTime } from "./mocked-time.fixture.ts";

const ROUNDS = 20;
/** How long a guest's clock may stay wrong, and how wrong it may be afterwards. */
const SETTLED_MS = 2000;
const RIGHT_MS = 2000;
const SECOND = 1000;
const HOUR = 3600 * SECOND;

const time = new MockedTime();
const tabvisor = tabvisorWithTime(time);
let linux: Guest;

beforeAll(async () => {
  linux = await tabvisor.create({ image: "linux" });
  await linux.console.waitFor("~ # ", { timeoutMs: 60_000 });
  while (linux.standsOn === undefined) await sleep(20);
});

afterAll(() => Promise.all(tabvisor.guests().map((guest) => guest.destroy())));

/** Runs a command in a guest's shell; what it printed between its echo and the mark at its end. */
async function run(guest: Guest, command: string): Promise<string> {
  const from = guest.console.text().length;
  guest.console.send(`echo be""gin; ${command}; echo e""nd\n`);
  const text = await guest.console.waitFor("\nend\n", { from });
  return text.slice(text.lastIndexOf("\nbegin\n") + 7, text.lastIndexOf("\nend\n"));
}

const RANDOM = "cat /proc/sys/kernel/random/uuid; head -c 16 /dev/urandom | od -An -tx1";

describe("random numbers, the first command after each", () => {
  test(`differ after ${ROUNDS} resets to one snapshot`, async () => {
    await linux.snapshot("to draw from");
    const drawn: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await linux.reset();
      drawn.push(...(await run(linux, RANDOM)).split("\n"));
    }
    expectDistinct(drawn);
  });

  test(`differ in ${ROUNDS} forks of one guest, and in the guest itself`, async () => {
    await linux.pause();
    const drawn: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const fork = await linux.fork();
      drawn.push(...(await run(fork, RANDOM)).split("\n"));
      await fork.destroy();
    }
    await linux.resume();
    expectDistinct(drawn);
    expect(drawn).not.toContain((await run(linux, RANDOM)).split("\n")[0]);
  });
});

function expectDistinct(drawn: readonly string[]): void {
  expect(drawn).toHaveLength(2 * ROUNDS);
  expect(drawn[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
  expect(drawn[1]).toMatch(/^( [0-9a-f]{2}){16}$/);
  expect(new Set(drawn).size).toBe(2 * ROUNDS);
}

describe("the time of day", () => {
  test("is right at the first prompt", () => expectRight(linux));

  test("is right after a pause of 60 s, which monotonic time leaves out", async () => {
    const before = await uptime(linux);
    await linux.pause();
    time.pass(60 * SECOND);
    await linux.resume();
    await expectRight(linux);
    await expectUptime(linux, before, 30);
  });

  test("is right after a reset to a snapshot an hour old, and after a fork of it", async () => {
    await linux.snapshot("old");
    const before = await uptime(linux);
    time.pass(HOUR);
    await linux.reset();
    await expectRight(linux);
    await expectUptime(linux, before, 30);
    await linux.pause();
    time.pass(HOUR);
    const fork = await linux.fork();
    await expectRight(fork);
    await fork.destroy();
    await linux.resume();
    await expectRight(linux);
  });

  test("is right after the host was frozen for ten minutes while the guest had work", async () => {
    await run(linux, "(while :; do :; done) & echo $! >/tmp/busy");
    const before = await uptime(linux);
    time.pass(600 * SECOND);
    await expectRight(linux);
    await expectUptime(linux, before, 60);
    await run(linux, "kill $(cat /tmp/busy)");
  });

  test("is right after the host was frozen for ten minutes while the guest waited", async () => {
    const before = await uptime(linux);
    time.pass(600 * SECOND);
    await expectRight(linux);
    await expectUptime(linux, before, 660);
  });

  test("is right after the host slept, and its steady clock with it", async () => {
    time.setForward(HOUR);
    await expectRight(linux);
  });
});

/** A moment later the guest's time of day is the host's. */
async function expectRight(guest: Guest): Promise<void> {
  const began = performance.now();
  let behind = Infinity;
  do {
    const earliest = time.epoch();
    const told = Number(await run(guest, "echo $EPOCHREALTIME")) * 1000;
    behind = told < earliest ? earliest - told : Math.max(0, told - time.epoch());
  } while (behind > RIGHT_MS && performance.now() - began < SETTLED_MS);
  const took = performance.now() - began;
  await sleep(SETTLED_MS - took);
  const earliest = time.epoch();
  const settled = earliest - Number(await run(guest, "echo $EPOCHREALTIME")) * 1000;
  console.log(`date: ${behind.toFixed(0)} ms wrong after ${took.toFixed(0)} ms, ${settled.toFixed(0)} ms later`);
  expect(behind).toBeLessThanOrEqual(RIGHT_MS);
  expect(Math.abs(settled)).toBeLessThan(SECOND);
}

async function uptime(guest: Guest): Promise<number> {
  return Number((await run(guest, "cat /proc/uptime")).split(" ")[0]);
}

/** Monotonic time went on from there by at most so many seconds. */
async function expectUptime(guest: Guest, before: number, seconds: number): Promise<void> {
  const after = await uptime(guest);
  expect(after).toBeGreaterThanOrEqual(before);
  expect(after - before).toBeLessThan(seconds);
}
