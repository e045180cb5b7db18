import { expect } from "vitest";
import { bootGuest, MEASURED, shell } from "./guests.fixture.ts";
import { test } from "./page.fixture.ts";

const RESETS = 100;

test(`${RESETS} resets of a guest with thousands of dirty pages each`, MEASURED, async ({ openPage }) => {
  const { page, problems } = await openPage();
  const { id } = await bootGuest(page, { image: "linux" });
  await shell(page, id, "(while :; do echo tick >> /tmp/ticks; sleep 0.1; done) & echo kept > /tmp/kept");
  const resets = await page.evaluate(
    async ({ id, count }) => {
      const guest = window.tabvisor.guests().find((each) => each.id === id)!;
      await guest.pause();
      await guest.snapshot("before");
      const hash = await guest.stateHash();
      await guest.resume();
      const times: number[] = [];
      const dirtyPages: number[] = [];
      let sameHash = 0;
      for (let round = 0; round < count; round++) {
        const from = guest.console.text().length;
        guest.console.send('dd if=/dev/zero of=/tmp/junk bs=1M count=12 2>/dev/null; echo writ""ten\n');
        await guest.console.waitFor("written", { from });
        dirtyPages.push((await guest.stats()).dirtyPages);
        // Every other one while it runs, as a person would.
        const paused = round % 2 === 0;
        times.push((await guest.reset(undefined, { paused })).milliseconds);
        if (!paused) await guest.reset(undefined, { paused: true });
        if ((await guest.stateHash()) === hash) sameHash++;
        await guest.resume();
      }
      return { times: times.toSorted((a, b) => a - b), dirtyPages: dirtyPages.toSorted((a, b) => a - b), sameHash };
    },
    { id, count: RESETS },
  );
  const p95 = resets.times[Math.floor(RESETS * 0.95)] ?? Infinity;
  console.log(
    `reset: median ${resets.times[RESETS / 2]?.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms, worst ${resets.times.at(-1)?.toFixed(1)} ms; ` +
      `dirty pages ${resets.dirtyPages[0]} to ${resets.dirtyPages.at(-1)}`,
  );
  expect(resets.sameHash).toBe(RESETS);
  expect(resets.dirtyPages[0]).toBeGreaterThan(3000);
  expect(p95).toBeLessThanOrEqual(50);

  const before = await shell(page, id, "ls /tmp; wc -l < /tmp/ticks");
  expect(before.text).toContain("kept");
  expect(before.text).not.toContain("junk");
  // The loop that was running goes on.
  await shell(page, id, "sleep 1");
  const after = await shell(page, id, "wc -l < /tmp/ticks");
  const ticks = (text: string) => Number(/^\d+$/m.exec(text)?.[0]);
  expect(ticks(after.text)).toBeGreaterThan(ticks(before.text));
  const complaints = await shell(page, id, "echo complaints=$(dmesg | grep -ciE 'stall|lockup|unstable|hung task')");
  expect(complaints.text).toContain("complaints=0\n");
  expect(problems).toEqual([]);
});

test("snapshots are a tree: any node can be gone back to, forked and deleted", async ({ openPage }) => {
  const { page } = await openPage();
  const { id } = await bootGuest(page, { image: "linux" });
  const files = async (guestId: string) => (await shell(page, guestId, "ls /tmp")).text.match(/\b[abc]\.txt\b/g) ?? [];
  const act = (name: "snapshot" | "reset" | "fork" | "deleteSnapshot", argument?: string) =>
    page.evaluate(
      async ([id, name, argument]) => {
        const guest = window.tabvisor.guests().find((each) => each.id === id)!;
        const result = await guest[name](argument as string);
        return (result as { id?: string } | undefined)?.id ?? "";
      },
      [id, name, argument] as const,
    );
  const root = await page.evaluate((id) => window.tabvisor.guests().find((each) => each.id === id)!.standsOn, id);
  await shell(page, id, "echo a > /tmp/a.txt");
  const a = await act("snapshot", "with a");
  await shell(page, id, "echo b > /tmp/b.txt");
  const b = await act("snapshot", "with a and b");
  await act("reset", root);
  expect(await files(id)).toEqual([]);
  await shell(page, id, "echo c > /tmp/c.txt");
  const c = await act("snapshot", "with c");
  await act("reset", b);
  expect(await files(id)).toEqual(["a.txt", "b.txt"]);
  await act("deleteSnapshot", a);
  await act("reset", c);
  expect(await files(id)).toEqual(["c.txt"]);
  await act("reset", b);
  expect(await files(id)).toEqual(["a.txt", "b.txt"]);
  const fork = await act("fork", "other");
  await shell(page, id, "rm /tmp/a.txt");
  expect(await files(fork)).toEqual(["a.txt", "b.txt"]);
  expect(await files(id)).toEqual(["b.txt"]);
});
