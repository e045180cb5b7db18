import type { Page } from "playwright-core";
import { expect } from "vitest";
import { bootGuest, MEASURED, shell, waitForState } from "./guests.fixture.ts";
import { test } from "./page.fixture.ts";

test("U-Boot comes to its prompt, answers, and rests", async ({ openPage }) => {
  const { page } = await openPage();
  const { id } = await bootGuest(page, { image: "uboot" });
  const { text, percent } = await page.evaluate(async (id) => {
    const guest = window.tabvisor.guests().find((each) => each.id === id)!;
    const from = guest.console.text().length;
    guest.console.send("version\n");
    const text = await guest.console.waitFor(/version\nU-Boot[^]*=> /, { from });
    await new Promise((resolve) => setTimeout(resolve, 3000));
    return { text, percent: (await guest.stats()).cpuPercent };
  }, id);
  expect(text).toContain("U-Boot 20");
  console.log(`U-Boot at its prompt: ${percent.toFixed(2)} % of a core`);
  expect(percent).toBeLessThan(5);
});

test("Linux boots fast, and behaves", MEASURED, async ({ openPage }) => {
  const { page } = await openPage();
  const { id, promptMs } = await bootGuest(page, { image: "linux" });
  console.log(`cold boot of linux, fast command line: ${(promptMs / 1000).toFixed(1)} s`);
  expect(promptMs).toBeLessThan(6000);
  await behaves(page, id);
});

test("Linux boots with Debian's own command line", MEASURED, async ({ openPage }) => {
  const { page } = await openPage();
  const { promptMs } = await bootGuest(page, { image: "linux", commandLine: "debian-default" });
  console.log(`cold boot of linux, Debian's command line: ${(promptMs / 1000).toFixed(1)} s`);
  expect(promptMs).toBeLessThan(12_000);
});

test("a flood of output arrives whole, with a terminal that is slow to take it", async ({ openPage }) => {
  const { page } = await openPage();
  const { id } = await bootGuest(page, { image: "linux" });
  const wrong = await page.evaluate(async (id) => {
    const { console: terminal } = window.tabvisor.guests().find((guest) => guest.id === id)!;
    const from = terminal.text().length;
    const detach = terminal.attach(() => new Promise((resolve) => setTimeout(resolve, 5)));
    terminal.send('seq 1 30000; echo all""done\n');
    const text = await terminal.waitFor("alldone", { from, timeoutMs: 60_000 });
    detach();
    const lines = text.split("\n").slice(1, -1);
    return lines.length === 30_000 ? lines.findIndex((line, index) => line !== `${index + 1}`) : lines.length;
  }, id);
  expect(wrong).toBe(-1);
});

async function behaves(page: Page, id: string): Promise<void> {
  expect((await shell(page, id, "uname -a")).text).toMatch(/Linux .*6\.12.*riscv64/);
  expect((await shell(page, id, "cat /proc/cpuinfo")).text).toMatch(/isa\s*: rv64imafdc/);
  expect((await shell(page, id, "free")).text).toMatch(/Mem:\s+\d{5,6}\s/);
  const type = (text: string) =>
    page.evaluate(
      async ([id, text]) => {
        const { console: terminal } = window.tabvisor.guests().find((guest) => guest.id === id)!;
        const from = terminal.text().length;
        terminal.send(text);
        return from;
      },
      [id, text] as const,
    );
  const from = await type("reboot\n");
  await page.evaluate(
    ([id, from]) =>
      window.tabvisor
        .guests()
        .find((guest) => guest.id === id)!
        .console.waitFor(/reboot: Restarting system[^]*~ # /, { from, timeoutMs: 30_000 }),
    [id, from] as const,
  );
  await type("poweroff\n");
  expect(await waitForState(page, id, "stopped")).toContain("switched itself off");
}
