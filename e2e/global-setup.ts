import { existsSync } from "node:fs";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { root } from "#cli/bundle.mjs";
import { ensureChromium } from "#cli/chromium.ts";
import { ensurePageBuild, pageFolder } from "#cli/page-build.ts";
import { startStaticServer } from "#cli/server/static-server.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The production build with the headers that `npm start` sends. */
    url: string;
    /** The same without the isolation headers: no shared memory. */
    urlWithoutIsolation: string;
    chromium: string;
  }
}

function say(text: string): void {
  console.log(`[e2e] ${text}`);
}

/** Serves the production build, current, for every test file. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const publicFolder = join(root, "public");
  if (!existsSync(join(publicFolder, "guests/index.json"))) {
    throw new Error("There are no guest images: run `npm run -s tabvisor -- build` first (`npm test` does so).");
  }
  await ensurePageBuild(say);
  const folders = [pageFolder, publicFolder];
  const server = await startStaticServer({ folders, port: 0 });
  const bare = await startStaticServer({ folders, port: 0, isolated: false });
  project.provide("url", server.url);
  project.provide("urlWithoutIsolation", bare.url);
  project.provide("chromium", ensureChromium(say));
  return async () => {
    await server.close();
    await bare.close();
  };
}
