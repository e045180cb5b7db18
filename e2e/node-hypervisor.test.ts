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

/** Runs a command in a Linux guest's shell; what it printed, its echo included. */
async function run(guest: Guest, command: string): Promise<string> {
  const from = guest.console.text().length;
  guest.console.send(`${command}; echo e""nd\n`);
  return (await guest.console.waitFor("\nend\n", { from })).slice(from);
}

test("Node offers the same object as the page: a guest boots, is broken and is reset", async () => {
  expect((await tabvisor.images()).map(({ id }) => id)).toEqual(["linux", "uboot"]);
  const guest = await tabvisor.create({ image: "linux", memoryMiB: 128 });
  await guest.console.waitFor(/~ # $/, { timeoutMs: 60_000 });
  await guest.snapshot("fresh");

  await run(guest, "rm -rf /etc; touch /made-since");
  await guest.reset();

  const listed = await run(guest, "ls -d /etc /made-since");
  expect(listed).toMatch(/^\/etc\s*$/m);
  expect(listed).toContain("/made-since: No such file");
  await guest.destroy();
  expect(tabvisor.guests()).toEqual([]);
});

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
