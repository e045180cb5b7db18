import { chromium, type Browser, type Page } from "playwright-core";
import { DISK_IMAGE } from "./image-files.ts";
import { CHROMIUM_FLAGS } from "#cli/chromium.ts";
import { typedProgram } from "./program.ts";
import { bootToPrompt, measureInShell, prepareShell, type Measured, type Shell, type Side } from "./side.ts";
import type { CommandLine, Work } from "./work.ts";
import type { CreateOptions, Tabvisor } from "#protocol/tabvisor.ts";

/** A person who starts a guest has had the page open for a moment; by then the browser and the page are up. */
const AT_REST_MS = 2000;

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

export interface ChromiumSideOptions {
  readonly executable: string;
  readonly url: string;
  readonly memoryMiB: number;
  /** The workload program. */
  readonly program: string;
}

/** Our page in headless Chromium. */
export class ChromiumSide implements Side {
  readonly name = "Tabvisor, Chromium";
  readonly architecture = "riscv64";
  readonly #options: ChromiumSideOptions;
  #browser: Browser | undefined;
  #shell: PageShell | undefined;

  constructor(options: ChromiumSideOptions) {
    this.#options = options;
  }

  excuse(): undefined {}

  boot(commandLine: CommandLine): Promise<Measured> {
    return this.#boot({ image: "linux", ...(commandLine === "fast" ? {} : { commandLine }) });
  }

  async start(works: readonly Work[]): Promise<void> {
    await this.#boot({ image: DISK_IMAGE });
    await prepareShell(this.#running(), typedProgram(this.#options.program), works);
  }

  measure(work: Work): Promise<Measured> {
    return measureInShell(this.#running(), work);
  }

  async close(): Promise<void> {
    await this.#browser?.close();
  }

  async #boot(image: Pick<CreateOptions, "image" | "commandLine">): Promise<Measured> {
    await this.close();
    const { executable, url, memoryMiB } = this.#options;
    this.#browser = await chromium.launch({ executablePath: executable, args: [...CHROMIUM_FLAGS] });
    const page = await this.#browser.newPage();
    await page.goto(url);
    await untilReady(page);
    await page.waitForTimeout(AT_REST_MS);
    const { shell, measured } = await bootToPrompt(async () => {
      await page.evaluate(
        async (options) => {
          const { tabvisor } = globalThis as unknown as PageWindow;
          await tabvisor.create(options);
        },
        { ...image, memoryMiB, boot: "cold" } as const,
      );
      return new PageShell(page);
    });
    this.#shell = shell;
    return measured;
  }

  #running(): PageShell {
    if (!this.#shell) throw new Error("Chromium was not started");
    return this.#shell;
  }
}
