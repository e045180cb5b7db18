import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { typedProgram } from "./program.ts";
import { bootToPrompt, measureInShell, prepareShell, type Measured, type Shell, type Side } from "./side.ts";
import type { CommandLine, Work } from "./work.ts";

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

/** How a machine is started: program and arguments. */
export type MachineCommand = (options: {
  readonly commandLine: CommandLine;
  readonly hasDisk: boolean;
}) => readonly string[];

/** A machine in a child process: QEMU, or our own command line. */
export class ProcessSide implements Side {
  readonly name: string;
  readonly architecture = "riscv64";
  readonly #command: MachineCommand;
  readonly #program: string;
  #child: ChildProcess | undefined;
  #shell: ProcessShell | undefined;

  /** `program`: the workload program, for the guest's architecture. */
  constructor(name: string, program: string, command: MachineCommand) {
    this.name = name;
    this.#program = program;
    this.#command = command;
  }

  excuse(): undefined {}

  boot(commandLine: CommandLine): Promise<Measured> {
    return this.#boot(commandLine, false);
  }

  async start(works: readonly Work[]): Promise<void> {
    await this.#boot("fast", true);
    await prepareShell(this.#running(), typedProgram(this.#program), works);
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

  async #boot(commandLine: CommandLine, hasDisk: boolean): Promise<Measured> {
    await this.close();
    const [program = "", ...args] = this.#command({ commandLine, hasDisk });
    const { shell, measured } = await bootToPrompt(() => {
      const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
      this.#child = child;
      return new ProcessShell(child);
    });
    this.#shell = shell;
    return measured;
  }

  #running(): ProcessShell {
    if (!this.#shell) throw new Error(`${this.name} was not booted`);
    return this.#shell;
  }
}
