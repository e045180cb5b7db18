import type { Page } from "playwright-core";
import type { CreateOptions } from "#protocol/tabvisor.ts";

const PROMPTS: Readonly<Record<string, string>> = { linux: "~ # ", uboot: "=> " };

/**
 * For tests that hold the machine to milliseconds: on cores shared with others a miss may be theirs, so it is measured anew,
 * twice at most. The limits themselves stand as they are.
 */
export const MEASURED = { retry: 2 } as const;

/** Makes a guest, waits for its prompt (and the snapshot of it), and gives its id and how long the prompt took. */
export async function bootGuest(page: Page, options: CreateOptions): Promise<{ id: string; promptMs: number }> {
  return page.evaluate(
    async ({ options, prompt }) => {
      while (window.tabvisor === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
      const began = performance.now();
      const guest = await window.tabvisor.create(options);
      await guest.console.waitFor(prompt, { timeoutMs: 60_000 });
      const promptMs = performance.now() - began;
      while (guest.standsOn === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
      return { id: guest.id, promptMs };
    },
    { options, prompt: PROMPTS[options.image] ?? "" },
  );
}

/** Runs a shell command in a guest; gives what it printed and how long it took. */
export async function shell(page: Page, id: string, command: string): Promise<{ text: string; milliseconds: number }> {
  return page.evaluate(
    async ({ id, command }) => {
      const { console: terminal } = window.tabvisor.guests().find((guest) => guest.id === id)!;
      const from = terminal.text().length;
      const mark = `end-${Math.random().toString(36).slice(2)}`;
      const began = performance.now();
      // The quotes keep the echo of the command from looking like its end.
      terminal.send(`${command}; echo ${mark.slice(0, 4)}""${mark.slice(4)}\n`);
      const text = await terminal.waitFor(mark, { from, timeoutMs: 60_000 });
      return { text, milliseconds: performance.now() - began };
    },
    { id, command },
  );
}

/** Waits until a guest is in a state, and gives why it is. */
export async function waitForState(
  page: Page,
  id: string,
  runState: string,
  timeoutMs = 10_000,
): Promise<string | undefined> {
  // Not waitForFunction: it needs eval, which the page's content security policy forbids.
  return page.evaluate(
    async ({ id, runState, timeoutMs }) => {
      const guest = window.tabvisor.guests().find((each) => each.id === id)!;
      const deadline = performance.now() + timeoutMs;
      while (guest.runState !== runState) {
        if (performance.now() > deadline) throw new Error(`the guest is ${guest.runState}, not ${runState}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return guest.reason;
    },
    { id, runState, timeoutMs },
  );
}

/** Presses a key, where the guest has the keyboard; gives how long it took from there to its echo, in milliseconds. */
export async function answerTime(page: Page, id: string, key: string): Promise<number> {
  await page.evaluate(armAnswerTime, { id, key });
  await page.keyboard.press(key);
  return page.evaluate(() => (window as unknown as { answerTime: Promise<number> }).answerTime);
}

/** In the page: `answerTime` will be how long the next key took. */
function armAnswerTime({ id, key }: { readonly id: string; readonly key: string }): void {
  const { console: terminal } = window.tabvisor.guests().find((guest) => guest.id === id)!;
  const echo = terminal.waitFor(key, { from: terminal.text().length });
  const pressed = new Promise<number>((resolve) => {
    window.addEventListener("keydown", ({ timeStamp }) => resolve(timeStamp), { capture: true, once: true });
  });
  const answerTime = echo.then(async () => performance.now() - (await pressed));
  Object.assign(window, { answerTime });
}
