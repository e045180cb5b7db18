import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { TabvisorError } from "#protocol/tabvisor.ts";
import type { Progress } from "./progress.ts";

/** What a program that ended left behind. */
export interface Ended {
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a program to its end without a shell. Rejects only where it cannot be started. */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly input?: Uint8Array; readonly cwd?: string } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const environment = { ...process.env, LC_ALL: "C.UTF-8", DEBIAN_FRONTEND: "noninteractive" };
    const child = spawn(program, args, { env: environment, ...(options.cwd && { cwd: options.cwd }) });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on("data", (bytes: Buffer) => stdout.push(bytes));
    child.stderr.on("data", (bytes: Buffer) => stderr.push(bytes));
    child.on("error", reject);
    child.on("close", (status, signal) => {
      const ending = signal ? `\nended by ${signal}` : "";
      const text = Buffer.concat(stderr).toString("utf8") + ending;
      resolve({ status: status ?? 1, stdout: Buffer.concat(stdout), stderr: text });
    });
    // A program that stops reading early says so by its status.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? new Uint8Array());
  });
}

/** Whether a program can be found on the PATH. */
export function hasProgram(program: string): boolean {
  return !spawnSync(program, ["--version"], { stdio: "ignore" }).error;
}

/** Whether we may install Debian packages here. */
export function canInstall(): boolean {
  return process.getuid?.() === 0 && existsSync("/etc/debian_version") && hasProgram("apt-get");
}

/** Installs Debian packages on this machine, newest version known to it after an update. */
export async function install(packages: readonly string[], progress: Progress): Promise<void> {
  const names = packages.join(" ");
  if (!canInstall()) throw new TabvisorError(`${names} is needed. Install it: sudo apt-get install ${names}`);
  progress.say(`Installing ${names} with apt-get`);
  const lockWait = ["-o", "DPkg::Lock::Timeout=300"];
  await run("apt-get", [...lockWait, "-q", "update"]);
  const ended = await run("apt-get", [...lockWait, "-qy", "--no-install-recommends", "install", ...packages]);
  if (ended.status !== 0) throw new TabvisorError(`apt-get could not install ${names}:\n${ended.stderr.trim()}`);
}

/** Makes sure that a program is there, installing its package where that is possible. */
export async function needProgram(program: string, packageName: string, progress: Progress): Promise<void> {
  if (!hasProgram(program)) await install([packageName], progress);
}
