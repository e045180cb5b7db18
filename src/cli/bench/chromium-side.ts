import { chromium, type Browser, type Page } from "playwright-core";
import { CHROMIUM_FLAGS } from "#cli/chromium.ts";
import { typedProgram } from "./program.ts";
import { measureInShell, PROMPT, typeProgram, type Measured, type Shell, type Side } from "./side.ts";
import type { Work } from "./work.ts";
import type { Tabvisor } from "#protocol/tabvisor.ts";

/** What runs inside the page sees its one public object. */
interface PageWindow {
  readonly tabvisor: Tabvisor;
}

/** Playwright's waitForFunction needs eval, which our content security policy forbids. */
async function untilReady(page: Page): Promise<void> {
  const isReady = (): boolean => (globalThis as unknown as Partial<PageWindow>).tabvisor !== undefined;
  for (let attempt = 0; attempt < 300; attempt++) {
    if (await page.evaluate(isReady)) return;
    await page.waitForTimeout(100);
  }
  throw new Error("The page did not come up within 30 s");
}

/** The console of the page's only guest. */
class PageShell implements Shell {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  send(text: string): Promise<void> {
    return this.#page.evaluate((sent) => {
      const { tabvisor } = globalThis as unknown as PageWindow;
      tabvisor.guests()[0]?.console.send(sent);
    }, text);
  }

  async expect(pattern: RegExp, timeoutMs: number): Promise<RegExpMatchArray> {
    const text = await this.#page.evaluate(
      async ([source, limit]) => {
        const scope = globalThis as unknown as PageWindow & { benchFrom?: number };
        const guest = scope.tabvisor.guests()[0];
        if (!guest) throw new Error("The guest is gone");
        const from = scope.benchFrom ?? 0;
        const found = await guest.console.waitFor(new RegExp(source), { timeoutMs: limit, from });
        scope.benchFrom = guest.console.text().length;
        return found;
      },
      [pattern.source, timeoutMs] as const,
    );
    const match = text.match(pattern);
    if (!match) throw new Error(`No ${pattern} in ${text.slice(-400)}`);
    return match;
  }

  instructions(): Promise<number> {
    return this.#page.evaluate(async () => {
      const { tabvisor } = globalThis as unknown as PageWindow;
      return (await tabvisor.guests()[0]?.stats())?.instructions ?? 0;
    });
  }
}

/** Our page in headless Chromium. */
export class ChromiumSide implements Side {
  readonly name = "Tabvisor, Chromium";
  readonly #executable: string;
  readonly #url: string;
  readonly #memoryMiB: number;
  #browser: Browser | undefined;
  #page: Page | undefined;

  constructor(executable: string, url: string, memoryMiB: number) {
    this.#executable = executable;
    this.#url = url;
    this.#memoryMiB = memoryMiB;
  }

  async boot(): Promise<number> {
    await this.close();
    this.#browser = await chromium.launch({ executablePath: this.#executable, args: [...CHROMIUM_FLAGS] });
    this.#page = await this.#browser.newPage();
    await this.#page.goto(this.#url);
    await untilReady(this.#page);
    const started = performance.now();
    await this.#page.evaluate(async (memoryMiB) => {
      const { tabvisor } = globalThis as unknown as PageWindow;
      await tabvisor.create({ image: "linux", memoryMiB, boot: "cold" });
    }, this.#memoryMiB);
    await this.#shell().expect(PROMPT, 300_000);
    return (performance.now() - started) / 1000;
  }

  prepare(program: string): Promise<void> {
    return typeProgram(this.#shell(), typedProgram(program));
  }

  measure(work: Work): Promise<Measured> {
    return measureInShell(this.#shell(), work);
  }

  async close(): Promise<void> {
    await this.#browser?.close();
  }

  #shell(): PageShell {
    if (!this.#page) throw new Error("Chromium was not started");
    return new PageShell(this.#page);
  }
}
