import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** A program that a command of ours runs, and the Debian package that has it. */
export interface Requirement {
  readonly program: string;
  readonly debianPackage: string;
}

/** Where a program is on the PATH, or undefined. */
export function findProgram(name: string): string | undefined {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function aptGet(...args: string[]): boolean {
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const output = ["ignore", "ignore", "inherit"] as const;
  return spawnSync("apt-get", ["-qq", ...args], { env: environment, stdio: [...output] }).status === 0;
}

/** Installs through apt whatever is missing; throws with the command to run where it may not. */
export function ensurePrograms(requirements: readonly Requirement[], say: (text: string) => void): void {
  const missing = requirements.filter(({ program }) => !findProgram(program));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(({ debianPackage }) => debianPackage))];
  const programs = missing.map(({ program }) => program).join(", ");
  const byHand = `apt-get install --no-install-recommends ${packages.join(" ")}`;
  if (!findProgram("apt-get")) {
    throw new Error(
      `Not found: ${programs}. On Debian they come with: ${byHand}. Here, install them by this system's own means.`,
    );
  }
  if (process.getuid?.() !== 0) throw new Error(`Not found: ${programs}. Run as root, or first: sudo ${byHand}`);
  say(`Installing through apt: ${packages.join(" ")} …`);
  aptGet("update");
  if (!aptGet("install", "-y", "--no-install-recommends", ...packages)) {
    throw new Error(`apt could not install what is missing. Try it by hand: ${byHand}`);
  }
  const absent = missing.filter(({ program }) => !findProgram(program));
  if (absent.length > 0) throw new Error(`Still not found: ${absent.map(({ program }) => program).join(", ")}`);
}
