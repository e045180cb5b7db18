import { expect } from "vitest";
import { bootGuest, MEASURED, shell, waitForState } from "./guests.fixture.ts";
import { test } from "./page.fixture.ts";

const ANSWER_MS = 200;

/** Remembers guests' workers in the order of their guests, so that a test can kill one as the browser or its task manager would. */
const KEEP_WORKERS = `
  const Native = window.Worker;
  window.workersMade = [];
  window.Worker = class extends Native {
    constructor(...args) {
      super(...args);
      if (args[1]?.name === "guest") window.workersMade.push(this);
    }
  };
`;

test(
  "a guest that panics, spins or is killed does not disturb its neighbour, and can be reset",
  MEASURED,
  async ({ openPage }) => {
    const { page } = await openPage({ before: KEEP_WORKERS });
    const { id: victim } = await bootGuest(page, { image: "linux", name: "victim" });
    const { id: neighbour } = await bootGuest(page, { image: "linux", name: "neighbour" });
    const answers = async () => {
      const times: number[] = [];
      for (let round = 0; round < 5; round++) times.push((await shell(page, neighbour, "true")).milliseconds);
      return times;
    };
    const type = (text: string) =>
      page.evaluate(
        ([id, text]) =>
          window.tabvisor
            .guests()
            .find((guest) => guest.id === id)
            ?.console.send(text),
        [victim, text] as const,
      );
    const reset = () =>
      page.evaluate(
        (id) =>
          window.tabvisor
            .guests()
            .find((guest) => guest.id === id)!
            .reset(),
        victim,
      );

    await type("echo c > /proc/sysrq-trigger\n");
    expect(await waitForState(page, victim, "crashed")).toContain("Kernel panic - not syncing");
    expect(Math.max(...(await answers()))).toBeLessThan(ANSWER_MS);
    await reset();
    await shell(page, victim, "true");

    await type("while :; do :; done\n");
    await page.waitForTimeout(500);
    expect(Math.max(...(await answers()))).toBeLessThan(ANSWER_MS);
    await reset();
    await shell(page, victim, "true");

    const killedAt = performance.now();
    await page.evaluate(() => (window as unknown as { workersMade: Worker[] }).workersMade[0]!.terminate());
    expect(await waitForState(page, victim, "crashed")).toContain("stopped answering");
    expect(performance.now() - killedAt).toBeLessThan(3500);
    expect(Math.max(...(await answers()))).toBeLessThan(ANSWER_MS);
    await reset();
    await shell(page, victim, "true");
  },
);

test("a guest that prints without end leaves the page and its neighbour responsive", MEASURED, async ({ openPage }) => {
  const { page } = await openPage();
  const { id: flood } = await bootGuest(page, { image: "linux", name: "flood" });
  const { id: neighbour } = await bootGuest(page, { image: "linux", name: "neighbour" });
  const result = await page.evaluate(
    async ([flood, neighbour]) => {
      const find = (id: string) => window.tabvisor.guests().find((guest) => guest.id === id)!;
      const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
      let printed = 0;
      find(flood).console.attach((bytes) => {
        printed += bytes.length;
      });
      find(flood).console.send("yes\n");
      const echoes: number[] = [];
      const { console: terminal } = find(neighbour);
      for (let key = 0; key < 40; key++) {
        await rest(250);
        const from = terminal.text().length;
        const began = performance.now();
        terminal.send("k");
        await terminal.waitFor("k", { from });
        echoes.push(performance.now() - began);
      }
      find(flood).console.send("\u0003");
      const from = find(flood).console.text().length;
      find(flood).console.send('echo o""ver\n');
      await find(flood).console.waitFor("over\n", { from });
      return { printed, echoes: echoes.toSorted((a, b) => a - b) };
    },
    [flood, neighbour] as const,
  );
  const at = (share: number) => result.echoes[Math.floor(result.echoes.length * share)] ?? Infinity;
  console.log(
    `beside yes (${(result.printed / 1024).toFixed(0)} KiB): a key's echo takes ${at(0.5).toFixed(0)} ms, at p95 ${at(0.95).toFixed(0)} ms`,
  );
  expect(at(0.95)).toBeLessThan(100);
});

test("an idle guest rests", MEASURED, async ({ openPage }) => {
  const { page } = await openPage();
  const { id } = await bootGuest(page, { image: "linux" });
  await page.waitForTimeout(5000);
  const percent = await page.evaluate(async (id) => {
    const guest = window.tabvisor.guests().find((each) => each.id === id)!;
    const busy = async () => (await guest.stats()).counters["busyMicroseconds"] ?? 0;
    const [before, began] = [await busy(), performance.now()];
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    return ((await busy()) - before) / 10 / (performance.now() - began);
  }, id);
  console.log(`an idle guest: ${percent.toFixed(2)} % of a core`);
  expect(percent).toBeLessThanOrEqual(1);
});
