import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, expect, test } from "vitest";
import { currentBundle, root } from "#cli/bundle.mjs";
import { Hypervisor } from "#hypervisor/hypervisor.ts";
import type { Guest } from "#protocol/tabvisor.ts";
import { guestWorkerOf, nodeHost } from "#workers/node-host.ts";

/** Where guests stop by themselves: in the middle of Linux' boot, with its initrd and disks in use. */
const INSTRUCTIONS = 60_000_000;
/** A resize to so many columns makes a worker of `corrupt-worker.fixture.mjs` corrupt. */
const GO_BAD = 666;

let tabvisor: Hypervisor;
/** Bad guests that had a worker already: their second one is good. */
const started = new Set<string>();

beforeAll(async () => {
  const workerUrl = pathToFileURL(join(await currentBundle(), "guest-worker-node.js"));
  const host = nodeHost({ guestsFolder: join(root, "public/guests"), workerUrl });
  const corruptUrl = new URL("./corrupt-worker.fixture.mjs", import.meta.url);
  tabvisor = new Hypervisor({
    ...host,
    startWorker: (name) => {
      if (!name.startsWith("bad") || started.has(name)) return host.startWorker(name);
      started.add(name);
      return guestWorkerOf(new Worker(corruptUrl, { name, workerData: workerUrl.href }));
    },
  });
});

afterAll(() => Promise.all(tabvisor.guests().map((guest) => guest.destroy())));

/** A Linux guest under the virtual clock that has run for `INSTRUCTIONS` and paused. */
async function halfBooted(name: string): Promise<Guest> {
  const guest = await tabvisor.create({ image: "linux", name, clock: "virtual", pauseAtInstructions: INSTRUCTIONS });
  await expect.poll(() => guest.runState, { timeout: 60_000 }).toBe("paused");
  return guest;
}

/** The state of a guest gone back to its first snapshot. */
async function hashAfterReset(guest: Guest): Promise<string> {
  await guest.reset(guest.snapshots()[0]?.id, { paused: true });
  return guest.stateHash();
}

test("corrupt workers write to all that they can reach, and other guests' states are what they would have been", async () => {
  const alone = await halfBooted("alone");
  const truth = await alone.stateHash();
  await alone.destroy();

  // Bad while they run, with a snapshot of theirs, and with a fork that goes on without them.
  const bad = [await halfBooted("bad-1"), await halfBooted("bad-2"), await halfBooted("bad-3")];
  for (const guest of bad) expect(await guest.stateHash()).toBe(truth);
  for (const guest of bad.slice(1)) await guest.snapshot("before");
  const fork = await bad[2]!.fork("fork");
  for (const guest of bad) {
    await guest.resume();
    guest.console.resize(GO_BAD, 25);
  }

  const good = await halfBooted("good");
  expect(await good.stateHash()).toBe(truth);
  await good.snapshot("here");
  const other = await good.fork("other");
  await good.resume();
  for (let round = 0; round < 5; round++) {
    for (const guest of [good, other, fork]) {
      expect(await hashAfterReset(guest)).toBe(truth);
      await guest.resume();
    }
    await other.snapshot(`round ${round}`);
  }
  // What of the bad ones the page keeps is what it was, too: once their workers are gone, they are good again.
  for (const guest of bad.slice(1)) {
    await guest.powerOff();
    await guest.start();
    expect(await hashAfterReset(guest)).toBe(truth);
  }
});
