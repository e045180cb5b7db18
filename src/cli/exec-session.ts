import { UsageError } from "./usage-error.ts";

/** What the session does to its surroundings. */
export interface ExecHost {
  /** Types bytes at the console. */
  readonly type: (text: string) => void;
  /** Output of the command, as it comes. */
  readonly print: (bytes: readonly number[]) => void;
  /** The command ended. */
  readonly done: (status: number) => void;
}

/** Takes every byte that the guest prints. */
export interface ExecSession {
  receive(byte: number): void;
}

/** Lines typed at a shell that edits them must be shorter than its buffer. */
const LINE_BYTES = 600;
const TAIL_CHARACTERS = 512;
/** What the marks around the output begin and end with. */
const MARK = 0x1e;

/** How commands are given to what shows that prompt. Throws UsageError where the command cannot be typed. */
export function execSession(prompt: string, command: string, host: ExecHost): ExecSession {
  return prompt.includes("=>") ? new MonitorSession(prompt, command, host) : new ShellSession(prompt, command, host);
}

/**
 * A POSIX shell: the command is typed encoded, so that editing, completion and echo cannot touch it, and runs in a subshell
 * between two marks that the echo does not contain.
 */
class ShellSession implements ExecSession {
  readonly #prompt: string;
  readonly #host: ExecHost;
  readonly #lines: string[];
  #tail = "";
  #state: "prompt" | "echo" | "output" | "done" = "prompt";
  /** Output that may be the beginning of the mark that ends it. */
  #held: number[] = [];

  constructor(prompt: string, command: string, host: ExecHost) {
    this.#prompt = prompt;
    this.#host = host;
    this.#lines = shellLines(command);
  }

  receive(byte: number): void {
    if (this.#state === "output") return this.#output(byte);
    this.#tail = (this.#tail + String.fromCharCode(byte)).slice(-TAIL_CHARACTERS);
    if (this.#state === "prompt" && this.#tail.endsWith(this.#prompt)) this.#next();
    if (this.#state === "echo" && this.#tail.endsWith("\x1eB\x1e")) this.#state = "output";
  }

  #next(): void {
    this.#tail = "";
    const line = this.#lines.shift() ?? "";
    if (this.#lines.length === 0) this.#state = "echo";
    this.#host.type(`${line}\r`);
  }

  #output(byte: number): void {
    if (this.#held.length === 0 && byte !== MARK) return this.#host.print([byte]);
    this.#held.push(byte);
    const text = String.fromCharCode(...this.#held);
    const end = /^\x1eE(\d+)\x1e$/.exec(text);
    if (end) {
      this.#state = "done";
      this.#host.done(Number(end[1]));
    } else if (!/^\x1e(E(\d{0,3})?)?$/.test(text)) {
      this.#host.print(this.#held);
      this.#held = [];
    }
  }
}

/** Printable characters that mean nothing within single quotes or to printf. */
const PLAIN = /[A-Za-z0-9 _.,:;/=+@{}()[\]<>|&*?^~#"$`-]/;

/** The lines that run a command: its encoded text, in pieces, and then the command between marks. */
function shellLines(command: string): string[] {
  const encoded = Array.from(new TextEncoder().encode(command), (byte) => {
    const character = String.fromCharCode(byte);
    return PLAIN.test(character) ? character : `\\0${byte.toString(8).padStart(3, "0")}`;
  });
  const pieces: string[] = [""];
  for (const character of encoded) {
    if ((pieces.at(-1) ?? "").length + character.length > LINE_BYTES) pieces.push("");
    pieces[pieces.length - 1] += character;
  }
  const run = `printf '\\036B\\036'; (eval "$(printf %b "$c")"); printf '\\036E%d\\036' $?`;
  return [...pieces.map((piece, index) => `c=${index === 0 ? "" : "$c"}'${piece}'`), run];
}

/** A boot monitor such as U-Boot's: one line, then the prompt again; the status is asked for afterwards. */
class MonitorSession implements ExecSession {
  readonly #prompt: string;
  readonly #command: string;
  readonly #host: ExecHost;
  #text = "";
  #state: "prompt" | "output" | "status" | "done" = "prompt";

  constructor(prompt: string, command: string, host: ExecHost) {
    if (/[\r\n]/.test(command)) throw new UsageError("--exec takes one line for this image.");
    this.#prompt = prompt;
    this.#command = command;
    this.#host = host;
  }

  receive(byte: number): void {
    this.#text += String.fromCharCode(byte);
    if (!this.#text.endsWith(this.#prompt)) return;
    // The line break before the prompt ends the output.
    const output = this.#text.slice(0, -this.#prompt.trimStart().length);
    this.#text = "";
    if (this.#state === "prompt") {
      this.#state = "output";
      this.#host.type(`${this.#command}\r`);
    } else if (this.#state === "output") {
      this.#state = "status";
      this.#host.print(Array.from(afterEcho(output), (character) => character.charCodeAt(0)));
      this.#host.type("echo $?\r");
    } else if (this.#state === "status") {
      this.#state = "done";
      this.#host.done(Number(/\d+/.exec(afterEcho(output))?.[0] ?? 1));
    }
  }
}

/** Without the line that was typed. */
function afterEcho(output: string): string {
  return output.slice(output.indexOf("\n") + 1);
}
