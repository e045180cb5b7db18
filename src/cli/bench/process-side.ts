import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { typedProgram } from "./program.ts";
import { measureInShell, PROMPT, typeProgram, type Measured, type Shell, type Side } from "./side.ts";
import type { Work } from "./work.ts";

const BOOT_TIMEOUT_MS = 300_000;

/** A console on the standard input and output of a child process. */
class ProcessShell implements Shell {
  readonly #child: ChildProcess;
  #unread = "";
  #waiting: (() => void) | undefined;
  #ended = false;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#unread += text;
      this.#waiting?.();
    });
    child.once("close", () => {
      this.#ended = true;
      this.#waiting?.();
    });
  }

  send(text: string): void {
    this.#child.stdin?.write(text);
  }

  async expect(pattern: RegExp, timeoutMs: number): Promise<RegExpMatchArray> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const match = this.#unread.match(pattern);
      if (match) {
        this.#unread = this.#unread.slice((match.index ?? 0) + match[0].length);
        return match;
      }
      if (this.#ended) throw new Error(`The machine ended before it printed ${pattern}: ${this.#unread.slice(-400)}`);
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`No ${pattern} within ${timeoutMs / 1000} s: ${this.#unread.slice(-400)}`);
      await this.#more(left);
    }
  }

  #more(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#waiting = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** A machine in a child process: QEMU, or our own command line. */
export class ProcessSide implements Side {
  readonly name: string;
  readonly #command: readonly string[];
  #child: ChildProcess | undefined;
  #shell: ProcessShell | undefined;

  constructor(name: string, command: readonly string[]) {
    this.name = name;
    this.#command = command;
  }

  async boot(): Promise<number> {
    await this.close();
    const [program = "", ...args] = this.#command;
    const started = performance.now();
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#shell = new ProcessShell(this.#child);
    await this.#shell.expect(PROMPT, BOOT_TIMEOUT_MS);
    return (performance.now() - started) / 1000;
  }

  prepare(program: string): Promise<void> {
    return typeProgram(this.#running(), typedProgram(program));
  }

  measure(work: Work): Promise<Measured> {
    return measureInShell(this.#running(), work);
  }

  async close(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
  }

  #running(): ProcessShell {
    if (!this.#shell) throw new Error(`${this.name} was not booted`);
    return this.#shell;
  }
}
