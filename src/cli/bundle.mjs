/**
 * Node 20 does not run TypeScript, so the Node side is bundled once per state of its sources:
 * `dist/cli-<hash>/` holds one file per entry. The folder's existence says that it is whole and current.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

const COMMANDS = ["main", "start", "test", "bench"];
const KEPT_BUNDLES = 3;

/** @returns {string[]} every file below a folder, in a fixed order */
function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

/** A hash of path, size and time of every file below the given paths (relative to the repository), tests left out. */
export function fingerprint(paths) {
  const hash = createHash("sha256");
  for (const path of paths) {
    const absolute = join(root, path);
    const files = existsSync(absolute) && statSync(absolute).isFile() ? [absolute] : filesBelow(absolute);
    for (const file of files) {
      if (/\.(test|fixture)\.tsx?$/.test(file)) continue;
      const { size, mtimeMs } = statSync(file);
      hash.update(`${file.slice(root.length)}\0${size}\0${mtimeMs}\n`);
    }
  }
  return hash.digest("hex").slice(0, 16);
}

/** Entries by name: the commands of this folder, and what Node loads as worker threads. */
function entries() {
  const folder = join(root, "src/cli");
  const commands = COMMANDS.map((name) => join(folder, `${name}.ts`)).filter((file) => existsSync(file));
  const workers = filesBelow(join(root, "src/workers")).filter((file) => file.endsWith("-node.ts"));
  workers.push(join(root, "src/workers/guest-worker-node.ts"));
  return Object.fromEntries([...commands, ...workers].map((file) => [basename(file, ".ts"), file]));
}

async function bundle(outDir) {
  const { build } = await import("vite");
  await build({
    root,
    configFile: false,
    logLevel: "warn",
    build: {
      ssr: true,
      target: "node20",
      outDir,
      minify: false,
      copyPublicDir: false,
      rolldownOptions: {
        input: entries(),
        output: { format: "es", entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" },
      },
    },
  });
}

function removeOldBundles(dist) {
  const bundles = readdirSync(dist)
    .filter((name) => /^cli-[0-9a-f]{16}$/.test(name))
    .map((name) => ({ path: join(dist, name), mtimeMs: statSync(join(dist, name)).mtimeMs }))
    .sort((a, b) => b.mtimeMs - a.mtimeMs);
  for (const old of bundles.slice(KEPT_BUNDLES)) rmSync(old.path, { recursive: true, force: true });
}

/** The folder with the current bundle; built first when the sources have changed. Safe to call from several processes. */
export async function currentBundle() {
  const dist = join(root, "dist");
  const folders = readdirSync(join(root, "src")).filter((name) => name !== "app");
  const target = join(dist, `cli-${fingerprint([...folders.map((name) => `src/${name}`), "package-lock.json"])}`);
  if (existsSync(target)) return target;
  mkdirSync(dist, { recursive: true });
  const partial = join(dist, `.cli-${process.pid}`);
  try {
    await bundle(partial);
    renameSync(partial, target);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
  removeOldBundles(dist);
  return target;
}
