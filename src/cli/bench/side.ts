import { commandOf, type CommandLine, type Work } from "./work.ts";

export interface Measured {
  readonly seconds: number;
  /** Guest instructions, where the side counts them. */
  readonly instructions: number | undefined;
  readonly checksum: string;
}

/** One of the machines that are compared. */
export interface Side {
  readonly name: string;
  readonly architecture: "riscv64" | "x86";
  /** Boots in every other round only, so that a run does not take too long. */
  readonly bootsSlowly?: true;
  /** Why it does not boot or do a work of that name, in words for the report; undefined where it does. */
  excuse(name: string): string | undefined;
  /** Starts it without a disk; resolves at the shell's prompt. */
  boot(commandLine: CommandLine): Promise<Measured>;
  /** Starts it with a disk, and makes it ready for `measure`. */
  start(works: readonly Work[]): Promise<void>;
  measure(work: Work): Promise<Measured>;
  close(): Promise<void>;
}

/** How a side's shell is spoken to. */
export interface Shell {
  send(text: string): void | Promise<void>;
  /** Resolves with the first match in what is printed from now on (since the last match). */
  expect(pattern: RegExp, timeoutMs: number): Promise<RegExpMatchArray>;
  /** Guest instructions so far, where they are counted. */
  instructions?(): Promise<number>;
}

/** Kernel and initramfs have a 64 MiB disk beside them, which no file of a work outgrows. */
export const DISK_MIB = 64;

const BOOT_TIMEOUT_MS = 300_000;
const WORK_TIMEOUT_MS = 600_000;

/** The shell prompt of the guests; the kernel may still print something after it. */
const PROMPT = /~ # /;

/** What follows from starting a machine to the prompt of its shell. */
export async function bootToPrompt<S extends Shell>(
  start: () => S | Promise<S>,
): Promise<{ readonly shell: S; readonly measured: Measured }> {
  const started = performance.now();
  const shell = await start();
  await shell.expect(PROMPT, BOOT_TIMEOUT_MS);
  const seconds = (performance.now() - started) / 1000;
  return { shell, measured: { seconds, instructions: await shell.instructions?.(), checksum: "" } };
}

/** Types how to get the workload program and what the works need, and waits until the guest has done it. */
export async function prepareShell(shell: Shell, install: string, works: readonly Work[]): Promise<void> {
  const setups = works.flatMap(({ setup, count }) => setup?.(count) ?? []);
  for (const typed of [install, ...setups]) {
    await shell.send(`${typed}\necho ready-$?-$((1+1))\n`);
    const [, status] = await shell.expect(/ready-(\d+)-2\s/, WORK_TIMEOUT_MS);
    if (status !== "0") throw new Error(`The guest failed with ${status} at: ${typed.slice(0, 200)}`);
  }
}

/** Times one run in a shell. */
export async function measureInShell(shell: Shell, work: Work): Promise<Measured> {
  const before = await shell.instructions?.();
  let started = performance.now();
  await shell.send(`${commandOf(work)}\n`);
  if (work.input) {
    await shell.expect(/\ngo\s/, WORK_TIMEOUT_MS);
    started = performance.now();
    await shell.send(work.input(work.count));
  }
  const [, checksum = ""] = await shell.expect(new RegExp(`done ${work.name} ([0-9a-f]{16})`), WORK_TIMEOUT_MS);
  const seconds = (performance.now() - started) / 1000;
  const after = await shell.instructions?.();
  const instructions = before === undefined || after === undefined ? undefined : after - before;
  return { seconds, instructions, checksum };
}
