import { expect } from "vitest";
import { answerTime, bootGuest, MEASURED, shell } from "./guests.fixture.ts";
import { test } from "./page.fixture.ts";

const LIMIT_MS = 200;
/** Bytes that the hostile guest prints; a release is held to 10⁷. */
const BYTES = Number(process.env["HOSTILE_OUTPUT_BYTES"] ?? 700_000);

/** Sequences whose work grows with a number, piles of marks, strings without end, and random bytes, for ever. */
const HOSTILE = String.raw`while :; do
  for n in 2147483647 99999999 9999 200; do
    for f in S T L M b I Z @ P X A J K "'}" "'~" " @" " A"; do printf "x\033[$n$f"; done
  done
  for n in 1 2 3 4 5 6 7 8 9; do printf '\033#8\033[?1049h\033[?1049l\033c\033[5;9r\033M\033M\033[r'; done
  printf 'e%0.s\314\201\033[D\033[C' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
  printf '\033]8;;http://x/%s\033\\\033]4;1;rgb:1/2/3\007\033]0;' $n
  head -c 3000 /dev/urandom
  printf '\007\033\\'
done`;

test(
  `a guest that prints ${BYTES} hostile bytes holds neither the page nor its neighbour`,
  { ...MEASURED, timeout: 1_800_000 },
  async ({ openPage }) => {
    const { page, problems } = await openPage();
    const { id: hostile } = await bootGuest(page, { image: "linux", name: "hostile" });
    const { id: neighbour } = await bootGuest(page, { image: "linux", name: "neighbour" });
    await page.locator(`[data-console="${neighbour}"] .xterm-screen`).click();
    await page.evaluate(
      ({ id, script }) => {
        const watched = Object.assign(window, { longest: 0, printed: 0 });
        new PerformanceObserver((list) => {
          for (const { duration } of list.getEntries()) watched.longest = Math.max(watched.longest, duration);
        }).observe({ type: "longtask" });
        const { console: terminal } = window.tabvisor.guests().find((guest) => guest.id === id)!;
        terminal.attach((bytes) => void (watched.printed += bytes.length));
        terminal.send(`${script}\n`);
      },
      { id: hostile, script: HOSTILE },
    );
    const watched = () =>
      page.evaluate(() => {
        const { longest, printed } = window as unknown as { longest: number; printed: number };
        return { longest, printed };
      });
    const echoes: number[] = [];
    for (let key = 0; (await watched()).printed < BYTES; key++) {
      // The shell takes no more than a thousand characters a line.
      if (key % 500 === 499) await page.keyboard.press("Control+U");
      echoes.push(await answerTime(page, neighbour, "abcdefghij"[key % 10] ?? "a"));
      await page.waitForTimeout(100);
    }
    const { longest, printed } = await watched();
    console.log(
      `${printed} bytes: longest task ${longest.toFixed(0)} ms, slowest of ${echoes.length} echoes ${Math.max(...echoes).toFixed(0)} ms`,
    );
    expect(longest).toBeLessThan(LIMIT_MS);
    expect(Math.max(...echoes)).toBeLessThan(LIMIT_MS);
    await page.keyboard.press("Control+U");
    await shell(page, neighbour, "true");
    const took = await page.evaluate(async (id) => {
      const guest = window.tabvisor.guests().find((each) => each.id === id)!;
      const began = performance.now();
      await guest.reset();
      await guest.console.waitFor("~ # ");
      return performance.now() - began;
    }, hostile);
    expect(took).toBeLessThan(1000);
    expect(problems).toEqual([]);
  },
);
