import { ByteQueue } from "#base/byte-queue.ts";
import type { ByteSource, ConsoleSink } from "#devices/device.ts";
import { ConsoleEscape, ESCAPE_HELP } from "./console-escape.ts";

/** The guest waits while so much of what it printed was not written out. */
const CROWDED_BYTES = 1 << 20;
/** Longer delays fire at once. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/**
 * Standard input and output as a guest's console. A terminal is in raw mode from `open` to `close`; what is no terminal is
 * passed on as it is.
 */
export class Terminal {
  readonly #typed: number[] = [];
  readonly #escape: ConsoleEscape;
  #next = 0;
  readonly #printed = new ByteQueue();
  #wake: (() => void) | undefined;
  #ended = false;
  /** Input is kept until the guest is ready for it. */
  #held: number[] | undefined;

  readonly output: ConsoleSink;

  readonly input: ByteSource = { read: () => this.#read() };

  /** `quit` is called when the person asks for it. */
  constructor(quit: () => void) {
    const printed = this.#printed;
    this.output = {
      write: (byte) => {
        printed.pushByte(byte);
        return true;
      },
      keep: (bytes) => printed.push(bytes),
      get crowded() {
        return printed.length >= CROWDED_BYTES;
      },
    };
    this.#escape = new ConsoleEscape(quit, () => process.stdout.write(ESCAPE_HELP));
  }

  /** No more input will come. */
  get ended(): boolean {
    return this.#ended && this.#next >= this.#typed.length;
  }

  open(): void {
    const { stdin } = process;
    if (stdin.isTTY) stdin.setRawMode(true);
    stdin.on("data", this.#receive);
    stdin.on("end", this.#end);
    stdin.resume();
  }

  close(): void {
    const { stdin } = process;
    stdin.off("data", this.#receive);
    stdin.off("end", this.#end);
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.pause();
  }

  /** Input from a file or pipe waits until `release`; a person may type at any time. */
  hold(): void {
    if (!process.stdin.isTTY) this.#held = [];
  }

  release(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held) this.type(held);
  }

  /** Gives the guest bytes as if they had been typed. */
  type(bytes: Iterable<number>): void {
    for (const byte of bytes) this.#typed.push(byte);
    this.#wake?.();
  }

  /** Writes out what the guest printed, waiting where the reader is slow. */
  async flush(): Promise<void> {
    let isReady = true;
    this.#printed.moveTo((bytes) => {
      isReady = process.stdout.write(bytes.slice());
      return bytes.length;
    });
    if (isReady || process.stdout.destroyed) return;
    await new Promise<void>((resolve) => {
      process.stdout.once("drain", resolve);
      process.stdout.once("close", resolve);
    });
  }

  /** Resolves with the next input, or after so many milliseconds. */
  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, Math.min(milliseconds, LONGEST_WAIT_MS));
      this.#wake = done;
    });
  }

  readonly #receive = (bytes: Uint8Array): void => {
    const passed = process.stdin.isTTY ? this.#escape.filter(bytes) : bytes;
    if (this.#held) this.#held.push(...passed);
    else this.type(passed);
  };

  readonly #end = (): void => {
    this.#ended = true;
    this.#wake?.();
  };

  #read(): number {
    const byte = this.#typed[this.#next];
    if (byte === undefined) return -1;
    this.#next++;
    if (this.#next === this.#typed.length) {
      this.#typed.length = 0;
      this.#next = 0;
    }
    return byte;
  }
}
