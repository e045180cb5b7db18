import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { root } from "#cli/bundle.mjs";

function firstLine(program: string, ...args: string[]): string | undefined {
  try {
    return execFileSync(program, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split(
      "\n",
      1,
    )[0];
  } catch {
    return undefined;
  }
}

/** The processor, as the system names it. */
export function hostName(): string {
  return `${cpus().length} × ${cpus()[0]?.model.trim() ?? "unknown processor"}`;
}

/** The commit that is checked out, and whether files differ from it; undefined without Git. */
function commit(): string | undefined {
  const hash = firstLine("git", "rev-parse", "--short", "HEAD");
  if (!hash) return undefined;
  return firstLine("git", "status", "--porcelain", "--untracked-files=no") ? `${hash}, with changes` : hash;
}

/** Packages as `name version (architecture)`. */
export function packagesText(
  packages: readonly { readonly name: string; readonly version: string; readonly architecture: string }[],
): string {
  return packages.map(({ name, version, architecture }) => `${name} ${version} (${architecture})`).join(", ");
}

/** Versions of what every run has: ourselves, and the programs that machines run in. */
export function commonVersions(chromium: string | undefined): Readonly<Record<string, string>> {
  const versions = {
    Tabvisor: commit(),
    QEMU: firstLine("qemu-system-riscv64", "--version"),
    Node: process.version,
    Chromium: chromium && firstLine(chromium, "--version")?.trim(),
  };
  return Object.fromEntries(Object.entries(versions).flatMap(([what, version]) => (version ? [[what, version]] : [])));
}
