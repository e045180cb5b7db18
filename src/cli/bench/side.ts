import type { Work } from "./work.ts";

export interface Measured {
  readonly seconds: number;
  /** Guest instructions, where the side counts them. */
  readonly instructions: number | undefined;
  readonly checksum: string;
}

/** One of the machines that are compared. */
export interface Side {
  readonly name: string;
  /** Starts it; resolves at the shell's prompt with the seconds that took. */
  boot(): Promise<number>;
  /** Puts the workload program where `measure` finds it. */
  prepare(program: string): Promise<void>;
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

/** The shell prompt of the `linux` guest; the kernel may still print something after it. */
export const PROMPT = /~ # /;

/** Types the program in and waits until the guest has it. */
export async function typeProgram(shell: Shell, typed: string): Promise<void> {
  await shell.send(typed);
  await shell.expect(/typed 2\s/, 120_000);
}

/** Times one run in a shell. */
export async function measureInShell(shell: Shell, work: Work): Promise<Measured> {
  const before = await shell.instructions?.();
  const started = performance.now();
  await shell.send(`/tmp/workload ${work.name} ${work.count}\n`);
  const [, checksum = ""] = await shell.expect(new RegExp(`done ${work.name} ([0-9a-f]{16})`), 600_000);
  const seconds = (performance.now() - started) / 1000;
  const after = await shell.instructions?.();
  const instructions = before === undefined || after === undefined ? undefined : after - before;
  return { seconds, instructions, checksum };
}
