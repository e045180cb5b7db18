import { TabvisorError } from "#protocol/tabvisor.ts";

/** Characters of plain text kept. */
const KEPT = 4 * 1024 * 1024;
const TRIM_AT = KEPT + KEPT / 2;
const DEFAULT_TIMEOUT_MS = 30_000;

// oxlint-disable no-control-regex -- control sequences are what is matched here
/** CSI, OSC and other string sequences, and two-character escapes (ECMA-48 §5.3–5.6). */
const SEQUENCE = /\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)|[ -/]*[0-Z\\-~])/g;
/** A sequence that has begun and not ended, or a carriage return whose line feed may still come. */
const UNFINISHED = /(?:\u001b(?:\[[0-?]*[ -/]*|[\]PX^_][^\u0007\u001b]{0,4096}\u001b?|[ -/]*)?|\r)$/;
const CONTROLS = /[\u0000-\u0007\u000b\u000c\u000e-\u001a\u001c-\u001f\u007f]/g;
/** Looked for where a run of CR begins only: else a run without an end would be read anew from each of them. */
const LINE_END = /(?<!\r)\r+\n/g;
// oxlint-enable no-control-regex

interface Waiter {
  readonly pattern: string | RegExp;
  /** Offset into everything ever printed, as the text's own start moves. */
  from: number;
  /** Where a search need not look again (strings only). */
  searched: number;
  readonly resolve: (text: string) => void;
  readonly reject: (error: TabvisorError) => void;
  readonly cancelTimeout: () => void;
}

/** What the hypervisor's host gives of time. */
interface Timing {
  readonly now: () => number;
  readonly after: (ms: number, callback: () => void) => () => void;
}

/** A console's output as plain text: escape sequences and control characters dropped, CR LF as LF. And those who wait for some of it. */
export class ConsoleText {
  readonly #timing: Timing;
  #decoder = new TextDecoder();
  /** Decoded, waiting for the rest of an escape sequence. */
  #unfinished = "";
  #text = "";
  /** Characters dropped from the front of `#text`. */
  #dropped = 0;
  #waiters: Waiter[] = [];
  #nextScan = 0;
  #scanScheduled = false;

  constructor(timing: Timing) {
    this.#timing = timing;
  }

  get text(): string {
    return this.#text;
  }

  append(bytes: Uint8Array<ArrayBuffer>): void {
    const decoded = this.#unfinished + this.#decoder.decode(bytes, { stream: true });
    const end = UNFINISHED.exec(decoded.slice(-4200))?.[0].length ?? 0;
    this.#unfinished = end === 0 ? "" : decoded.slice(-end);
    this.#text += plain(end === 0 ? decoded : decoded.slice(0, -end));
    if (this.#text.length > TRIM_AT) {
      const cut = this.#text.length - KEPT;
      this.#text = this.#text.slice(cut);
      this.#dropped += cut;
    }
    if (this.#waiters.length > 0) this.#scanSoon();
  }

  /** Begins anew; those who wait go on waiting. */
  clear(): void {
    this.#decoder = new TextDecoder();
    this.#unfinished = "";
    this.#text = "";
    this.#dropped = 0;
    for (const waiter of this.#waiters) waiter.from = waiter.searched = 0;
  }

  /** As `GuestConsole.waitFor`; `ended` says why nothing more will come, where that is so. */
  waitFor(
    pattern: string | RegExp,
    options: { readonly timeoutMs?: number; readonly from?: number },
    ended: string | undefined,
  ): Promise<string> {
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    return new Promise((resolve, reject) => {
      const from = this.#dropped + Math.max(0, options.from ?? 0);
      const timedOut = () => {
        this.#scan();
        if (!this.#waiters.includes(waiter)) return;
        this.#waiters = this.#waiters.filter((each) => each !== waiter);
        const tail = JSON.stringify(this.#text.slice(-200));
        reject(
          new TabvisorError(
            `The console did not print ${String(pattern)} within ${timeoutMs} ms. It ends with ${tail}.`,
          ),
        );
      };
      const waiter: Waiter = {
        pattern: typeof pattern === "string" ? pattern : withoutState(pattern),
        from,
        searched: from,
        resolve,
        reject,
        cancelTimeout: this.#timing.after(timeoutMs, timedOut),
      };
      this.#waiters.push(waiter);
      this.#scan();
      if (ended !== undefined) this.end(ended);
    });
  }

  /** Nothing more will come: who still waits is told why. */
  end(reason: string): void {
    this.#scan();
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      waiter.cancelTimeout();
      waiter.reject(new TabvisorError(reason));
    }
  }

  /** Scanning takes at most about a tenth of the time, however fast a guest prints. */
  #scanSoon(): void {
    if (this.#scanScheduled) return;
    const wait = this.#nextScan - this.#timing.now();
    if (wait <= 0) return this.#scan();
    this.#scanScheduled = true;
    this.#timing.after(wait, () => {
      this.#scanScheduled = false;
      this.#scan();
    });
  }

  #scan(): void {
    const began = this.#timing.now();
    this.#waiters = this.#waiters.filter((waiter) => {
      const end = this.#endOfMatch(waiter);
      if (end < 0) return true;
      waiter.cancelTimeout();
      waiter.resolve(this.#text.slice(Math.max(0, waiter.from - this.#dropped), end));
      return false;
    });
    const finished = this.#timing.now();
    this.#nextScan = finished + (finished - began) * 10;
  }

  #endOfMatch(waiter: Waiter): number {
    const from = Math.max(0, waiter.from - this.#dropped);
    if (typeof waiter.pattern === "string") {
      const start = Math.max(from, waiter.searched - this.#dropped);
      const found = this.#text.indexOf(waiter.pattern, start);
      waiter.searched = Math.max(waiter.searched, this.#dropped + this.#text.length - waiter.pattern.length);
      return found < 0 ? -1 : found + waiter.pattern.length;
    }
    const match = waiter.pattern.exec(from === 0 ? this.#text : this.#text.slice(from));
    return match ? from + match.index + match[0].length : -1;
  }
}

function plain(printed: string): string {
  const text = printed.includes("\u001b") ? printed.replace(SEQUENCE, "") : printed;
  return text.replace(LINE_END, "\n").replace(CONTROLS, "");
}

/** The same expression without `g` and `y`, which would make a search begin where the last one ended. */
function withoutState(pattern: RegExp): RegExp {
  return pattern.global || pattern.sticky ? new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, "")) : pattern;
}
