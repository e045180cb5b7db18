import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { test as base, inject } from "vitest";
import { CHROMIUM_FLAGS } from "#cli/chromium.ts";

export interface OpenOptions {
  /** Below the server's root, for example `?engine=interpreter`. */
  readonly path?: string;
  readonly colorScheme?: "light" | "dark";
  readonly viewport?: { readonly width: number; readonly height: number };
  /** False: served without the isolation headers. */
  readonly isolated?: boolean;
  /** Runs in the page before anything of its own. */
  readonly before?: string;
}

export interface OpenedPage {
  readonly page: Page;
  /** Uncaught errors, and console errors (refusals by the content security policy are such), as they come. */
  readonly problems: readonly string[];
}

/** Resolves once the page has its public object (waitForFunction needs eval, which the content security policy forbids). */
export async function untilReady(page: Page, timeoutMs = 30_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await page.evaluate(() => "tabvisor" in window))) {
    if (Date.now() > deadline) throw new Error("The page did not come up");
    await page.waitForTimeout(50);
  }
}

/** Opens a page of its own context; it is closed with the test. */
export type OpenPage = (options?: OpenOptions) => Promise<OpenedPage>;

/** Makes a problem of every breach of the content security policy, Trusted Types among it. */
const TELL_VIOLATIONS = `addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) =>
  console.error("policy violated: " + [violatedDirective, blockedURI, sample].join(" ")));`;

async function openIn(context: BrowserContext, options: OpenOptions): Promise<OpenedPage> {
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  await page.addInitScript(TELL_VIOLATIONS);
  if (options.before) await page.addInitScript(options.before);
  const origin = inject(options.isolated === false ? "urlWithoutIsolation" : "url");
  await page.goto(`${origin}/${options.path ?? ""}`);
  return { page, problems };
}

/** vitest's `test` with a Chromium per file and `openPage` per test. */
export const test = base.extend<{ browser: Browser; openPage: OpenPage }>({
  browser: [
    // eslint-disable-next-line no-empty-pattern -- vitest reads the fixtures wanted from the pattern
    async ({}, provide) => {
      const browser = await chromium.launch({ executablePath: inject("chromium"), args: [...CHROMIUM_FLAGS] });
      await provide(browser);
      await browser.close();
    },
    { scope: "file" },
  ],
  openPage: async ({ browser }, provide) => {
    const contexts: BrowserContext[] = [];
    await provide(async (options = {}) => {
      const context = await browser.newContext({
        colorScheme: options.colorScheme ?? "light",
        viewport: options.viewport ?? { width: 1440, height: 900 },
        permissions: ["clipboard-read", "clipboard-write"],
      });
      contexts.push(context);
      return openIn(context, options);
    });
    await Promise.all(contexts.map((context) => context.close()));
  },
});
