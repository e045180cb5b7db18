import { ByteQueue } from "#base/byte-queue.ts";
import { RingReader, RingWriter } from "#base/byte-ring.ts";
import { TabvisorError, type GuestConsole as GuestConsoleFace } from "#protocol/tabvisor.ts";
import { bytes as bytesOf, callable, string, waitOptions, waitPattern } from "#hypervisor/arguments.ts";
import { ConsoleText } from "./console-text.ts";
import type { HypervisorHost, SharedGuestMemory } from "#hypervisor/host.ts";
import { TerminalFeed } from "./terminal-feed.ts";
import { withoutQueries } from "./terminal-queries.ts";

/** Raw output kept for terminals that attach later. */
const REPLAY_BYTES = 1024 * 1024;
/** Raw output that a snapshot keeps, so that a terminal shows again what was on the screen. */
const SCREEN_BYTES = 64 * 1024;
/** Input kept for a guest that does not take it. */
const BACKLOG_BYTES = 16 * 1024 * 1024;
/** Less than this is typed ahead, as always; more is a paste. */
const TYPED_AHEAD_BYTES = 32;
/** What a terminal driver takes for an interrupt, a quit and a stop: Ctrl+C, Ctrl+\ and Ctrl+Z. */
const INTERRUPTS: readonly (number | undefined)[] = [0x03, 0x1c, 0x1a];
/** ESC c: a terminal's full reset (ECMA-48 RIS). */
const RESET_TERMINAL = Uint8Array.of(0x1b, 0x63);

/** How the console talks to the guest's worker. */
export interface ConsoleLink {
  /** There is input, or room for output, that the worker asked for. */
  wake(): void;
  resize(columns: number, rows: number): void;
  /** What was typed before `position` of the input ring and not taken yet is to be dropped; it was `byteLength` long in all. */
  skipInput(position: number, byteLength: number): void;
  /** The worker broke the ring's rules. */
  corrupt(error: Error): void;
}

/** The page's end of a guest's serial console: text, terminals and what was typed. Survives the guest's workers. */
export class GuestConsole implements GuestConsoleFace {
  readonly #text: ConsoleText;
  readonly #ended: () => string | undefined;
  readonly #printed: (text: string) => void;
  readonly #feeds = new Set<TerminalFeed>();
  #replay: Uint8Array<ArrayBuffer>[] = [];
  #replayBytes = 0;
  #output: RingReader | undefined;
  #input: RingWriter | undefined;
  #ringBytes = 0;
  #link: ConsoleLink | undefined;
  /** What was typed and has found no room yet. */
  readonly #backlog = new ByteQueue();
  #held = false;
  #size: { columns: number; rows: number } | undefined;

  /** `ended`: why nothing more will come, if so. `printed` is called with the newest plain text after each piece of output. */
  constructor(host: HypervisorHost, ended: () => string | undefined, printed: (text: string) => void) {
    this.#text = new ConsoleText(host);
    this.#ended = ended;
    this.#printed = printed;
  }

  send(text: string): void {
    this.sendBytes(new TextEncoder().encode(string(text, "What is sent")));
  }

  sendBytes(typed: Uint8Array): void {
    const bytes = bytesOf(typed, "What is sent");
    if (bytes.length === 0) return;
    if (bytes.length === 1 && INTERRUPTS.includes(bytes[0])) this.#dropPaste();
    if (this.#backlog.length + bytes.length > BACKLOG_BYTES) {
      const [waiting, more] = [this.#backlog.length, bytes.length].map((count) => (count / 2 ** 20).toFixed(1));
      throw new TabvisorError(
        `Nothing was sent: ${waiting} MiB wait for the guest already, and ${more} MiB more are too much (${BACKLOG_BYTES / 2 ** 20} MiB at most). Send it in parts, as the guest takes them.`,
      );
    }
    this.#backlog.push(bytes);
    this.feed();
  }

  text(): string {
    this.drain();
    return this.#text.text;
  }

  async waitFor(pattern: string | RegExp, options: { timeoutMs?: number; from?: number } = {}): Promise<string> {
    const [wanted, limits] = [waitPattern(pattern), waitOptions(options)];
    this.drain();
    return this.#text.waitFor(wanted, limits, this.#ended());
  }

  attach(accept: (bytes: Uint8Array) => void | Promise<void>): () => void {
    const feed = new TerminalFeed(callable(accept, "attach's function"), () => this.drain());
    this.#feeds.add(feed);
    if (this.#replay.length > 0) feed.push(withoutQueries(join(this.#replay)));
    return () => {
      feed.close();
      this.#feeds.delete(feed);
      this.drain();
    };
  }

  resize(columns: number, rows: number): void {
    const isSize = (cells: number) => Number.isInteger(cells) && cells > 0 && cells <= 1000;
    if (!isSize(columns) || !isSize(rows)) return;
    this.#size = { columns, rows };
    this.#link?.resize(columns, rows);
  }

  /** A new worker serves the guest, with fresh rings. */
  connect(memory: SharedGuestMemory, link: ConsoleLink): void {
    this.#output = new RingReader(memory.buffer, memory.consoleOut, memory.ringBytes);
    this.#input = new RingWriter(memory.buffer, memory.consoleIn, memory.ringBytes);
    this.#ringBytes = memory.ringBytes;
    this.#link = link;
    if (this.#size) link.resize(this.#size.columns, this.#size.rows);
    this.drain();
    this.feed();
  }

  /** The worker is gone; what it printed stays. */
  disconnect(): void {
    this.drain();
    this.#output = this.#input = this.#link = undefined;
  }

  /** Takes what the guest printed, unless a terminal has too much to show already. */
  drain(): void {
    const { link, output } = { link: this.#link, output: this.#output };
    if (!link || !output) return;
    try {
      for (let round = 0; round < 2; round++) {
        if ([...this.#feeds].some((feed) => feed.full)) return;
        const bytes = output.read(this.#ringBytes);
        if (bytes.length > 0) this.#receive(bytes);
        if (output.takeAskedForRoom()) link.wake();
        if (round === 0) output.askForData();
      }
    } catch (error) {
      this.#failed(link, error);
    }
  }

  /** Hands the guest what was typed, as far as there is room. */
  feed(): void {
    const { link, input } = { link: this.#link, input: this.#input };
    if (!link || !input || this.#held) return;
    try {
      const take = (bytes: Uint8Array) => input.write(bytes);
      this.#backlog.moveTo(take);
      if (this.#backlog.length > 0) {
        input.askForRoom();
        this.#backlog.moveTo(take);
      }
      if (input.takeAskedForData()) link.wake();
    } catch (error) {
      this.#failed(link, error);
    }
  }

  /** What a terminal must be given to show the screen of now; kept with a snapshot. */
  screen(): Uint8Array<ArrayBuffer> {
    this.drain();
    return withoutQueries(join(this.#replay).slice(-SCREEN_BYTES));
  }

  /** What is typed is kept from the guest for now. */
  pauseInput(): void {
    this.#held = true;
  }

  resumeInput(): void {
    this.#held = false;
    this.feed();
  }

  /** The guest is about to go back: drops what was typed and not taken, and keeps what is typed from now on until it has. */
  holdInput(): void {
    this.#backlog.clear();
    this.#held = true;
  }

  /** The guest went back to a snapshot (or to power-on): what the worker had printed by then belongs to the past. */
  rewind(screen: Uint8Array<ArrayBuffer>, outputPosition?: number): void {
    if (outputPosition !== undefined) this.#output?.skipTo(outputPosition);
    this.#text.clear();
    this.#replay = [];
    this.#replayBytes = 0;
    for (const feed of this.#feeds) feed.forget();
    this.#show(join([RESET_TERMINAL, screen]));
    this.drain();
    this.resumeInput();
  }

  /** Nothing more will come: tells those who wait. */
  end(reason: string): void {
    this.drain();
    this.#text.end(reason);
  }

  #receive(bytes: Uint8Array<ArrayBuffer>): void {
    this.#text.append(bytes);
    this.#show(bytes);
    this.#printed(this.#text.text);
  }

  #show(bytes: Uint8Array<ArrayBuffer>): void {
    this.#replay.push(bytes);
    this.#replayBytes += bytes.length;
    while (this.#replayBytes > REPLAY_BYTES && this.#replay.length > 1) {
      this.#replayBytes -= this.#replay.shift()?.length ?? 0;
    }
    // A guest that prints one letter at a time must not make a list as long as its output.
    if (this.#replay.length > 512) this.#replay = [join(this.#replay)];
    for (const feed of this.#feeds) feed.push(bytes);
  }

  /** A paste that no program reads must not hold up the key that would end the program: what of it was not taken goes. */
  #dropPaste(): void {
    const { link, input } = { link: this.#link, input: this.#input };
    if (!link || !input) return;
    try {
      const byteLength = this.#backlog.length + input.waiting;
      if (byteLength <= TYPED_AHEAD_BYTES) return;
      this.#backlog.clear();
      link.skipInput(input.position, byteLength);
    } catch (error) {
      this.#failed(link, error);
    }
  }

  #failed(link: ConsoleLink, error: unknown): void {
    this.#output = this.#input = this.#link = undefined;
    link.corrupt(error instanceof Error ? error : new Error(String(error)));
  }
}

function join(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
