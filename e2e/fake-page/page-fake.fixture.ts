import { fileURLToPath } from "node:url";
import { type ViteDevServer, createServer } from "vite";
import { type Browser, type BrowserContext, type Page, chromium } from "playwright-core";
import { test as base, inject } from "vitest";
import { CHROMIUM_FLAGS } from "#cli/chromium.ts";

export interface OpenFakeOptions {
  readonly colorScheme?: "light" | "dark";
  /** For `page-fake.ts`, for example `?loadMs=1000&stuckAt=0.5`. */
  readonly query?: string;
}

export interface OpenedFake {
  readonly page: Page;
  readonly problems: readonly string[];
}

async function openIn(context: BrowserContext, url: string): Promise<OpenedFake> {
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  await page.goto(url);
  await page.locator("main").waitFor();
  return { page, problems };
}

/** vitest's `test` with the page over fake guests, which the production build does not hold. */
export const test = base.extend<{
  browser: Browser;
  server: ViteDevServer;
  openFake: (options?: OpenFakeOptions) => Promise<OpenedFake>;
}>({
  browser: [
    // eslint-disable-next-line no-empty-pattern -- vitest reads the fixtures wanted from the pattern
    async ({}, provide) => {
      const browser = await chromium.launch({ executablePath: inject("chromium"), args: [...CHROMIUM_FLAGS] });
      await provide(browser);
      await browser.close();
    },
    { scope: "file" },
  ],
  server: [
    // eslint-disable-next-line no-empty-pattern -- as above
    async ({}, provide) => {
      const root = fileURLToPath(new URL("../..", import.meta.url));
      const server = await createServer({ root, server: { port: 0, strictPort: false, hmr: false, watch: null } });
      await server.listen();
      await provide(server);
      await server.close();
    },
    { scope: "file" },
  ],
  openFake: async ({ browser, server }, provide) => {
    const contexts: BrowserContext[] = [];
    await provide(async ({ colorScheme = "dark", query = "" } = {}) => {
      const context = await browser.newContext({
        colorScheme,
        viewport: { width: 1440, height: 900 },
        permissions: ["clipboard-read", "clipboard-write"],
        reducedMotion: "reduce",
      });
      contexts.push(context);
      return openIn(context, `${server.resolvedUrls?.local[0] ?? ""}e2e/fake-page/page-fake.html${query}`);
    });
    await Promise.all(contexts.map((context) => context.close()));
  },
});
