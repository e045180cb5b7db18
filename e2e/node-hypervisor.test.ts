import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { currentBundle, root } from "#cli/bundle.mjs";
import type { Guest, Tabvisor } from "#protocol/tabvisor.ts";
import { createNodeTabvisor } from "#workers/node-host.ts";

let tabvisor: Tabvisor;

beforeAll(async () => {
  const workerUrl = pathToFileURL(join(await currentBundle(), "guest-worker-node.js"));
  tabvisor = createNodeTabvisor({ guestsFolder: join(root, "public/guests"), workerUrl });
});

afterAll(() => Promise.all(tabvisor.guests().map((guest) => guest.destroy())));

async function run(guest: Guest, command: string): Promise<string> {
  const from = guest.console.text().length;
  guest.console.send(`${command}; echo e""nd\n`);
  return guest.console.waitFor("\nend\n", { from });
}

test("the same hypervisor in Node: U-Boot and Linux boot, a panic is seen, reset and fork bring Linux back", async () => {
  const uboot = await tabvisor.create({ image: "uboot" });
  await uboot.console.waitFor("=> ");
  const linux = await tabvisor.create({ image: "linux" });
  await linux.console.waitFor("~ # ", { timeoutMs: 60_000 });
  await run(linux, "echo kept > /tmp/kept");
  await linux.snapshot("kept");
  const waiting = expect(linux.console.waitFor("never", { timeoutMs: 20_000 })).rejects.toThrow(/Kernel panic/);
  linux.console.send("echo c > /proc/sysrq-trigger\n");
  await waiting;
  expect(linux.runState).toBe("crashed");
  await linux.reset();
  expect(await run(linux, "cat /tmp/kept")).toContain("\nkept\n");
  const fork = await linux.fork();
  await run(linux, "rm /tmp/kept");
  expect(await run(fork, "cat /tmp/kept")).toContain("\nkept\n");
  uboot.console.send("echo still there\n");
  await uboot.console.waitFor(/\nstill there\n/);
});
