import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TabvisorError } from "#protocol/tabvisor.ts";
import type { Progress } from "./progress.ts";

const POLL_MS = 300;
const PATIENCE_MS = 15 * 60 * 1000;

/** Runs `work` while no other process on this machine does so for the same folder. A lock whose owner died is taken over. */
export async function withFolderLock<T>(folder: string, progress: Progress, work: () => Promise<T>): Promise<T> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "lock");
  const until = Date.now() + PATIENCE_MS;
  for (let told = false; !take(path); told = true) {
    if (!told) progress.say("Waiting for another build to end");
    if (Date.now() > until) throw new TabvisorError(`Another build does not end. If there is none, remove ${path}.`);
    await sleep(POLL_MS);
  }
  const release = () => rmSync(path, { force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    process.off("exit", release);
    release();
  }
}

function take(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    if (isOwned(path)) return false;
    rmSync(path, { force: true });
    return take(path);
  }
}

function isOwned(path: string): boolean {
  try {
    const owner = Number(readFileSync(path, "utf8"));
    // Empty: its owner is about to write its id.
    if (owner > 0) process.kill(owner, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
