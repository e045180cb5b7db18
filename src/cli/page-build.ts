import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fingerprint, root } from "./bundle.mjs";

const NODE_ONLY = ["cli", "recipes"];
const STAMP = ".built-from";

/** Where the production build of the page stands. */
export const pageFolder = join(root, "dist/page");

function sources(): string[] {
  const folders = readdirSync(join(root, "src")).filter((name) => !NODE_ONLY.includes(name));
  return [...folders.map((name) => `src/${name}`), "index.html", "vite.config.ts", "package-lock.json"];
}

/** Whether the production build was made from the sources as they are. */
function isCurrent(wanted: string): boolean {
  const stamp = join(pageFolder, STAMP);
  return existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
}

/** Builds the page for production unless the build that stands there is current. */
export async function ensurePageBuild(say: (text: string) => void): Promise<void> {
  const wanted = fingerprint(sources());
  if (isCurrent(wanted)) return say("The page's production build is current.");
  say("Building the page for production …");
  const partial = join(root, "dist", `.page-${process.pid}`);
  const { build } = await import("vite");
  const environment = process.env["NODE_ENV"];
  process.env["NODE_ENV"] = "production";
  await build({ root, logLevel: "warn", build: { outDir: partial, emptyOutDir: true } });
  if (environment === undefined) delete process.env["NODE_ENV"];
  else process.env["NODE_ENV"] = environment;
  writeFileSync(join(partial, STAMP), wanted);
  rmSync(pageFolder, { recursive: true, force: true });
  renameSync(partial, pageFolder);
}
