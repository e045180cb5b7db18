import { byteArray, list, record, unsigned, versioned } from "#base/checks.ts";
import type { Device, InterruptLine, Width } from "./device.ts";
import { DrivenLine } from "./driven-line.ts";
import { OnceLog } from "./once-log.ts";

/** `riscv,ndev`: interrupt sources are 1…95. */
export const PLIC_SOURCES = 95;

const SOURCE_WORDS = (PLIC_SOURCES + 32) >>> 5;
/** Priorities and thresholds are 0…7. */
const PRIORITY_MASK = 7;
const PENDING = 0x1000;
const ENABLE = 0x2000;
const ENABLE_STRIDE = 0x80;
const CONTEXT = 0x20_0000;
const CONTEXT_STRIDE = 0x1000;
const CONTEXT_THRESHOLD = 0;
const CONTEXT_CLAIM = 4;

interface Context {
  readonly line: DrivenLine;
  readonly enabled: Uint32Array;
  threshold: number;
}

/**
 * SiFive platform-level interrupt controller as on QEMU `virt`. A source becomes pending whenever its device drives its line
 * high, also where it was high before, and a claim or a low line ends that. So a driver that completes an interrupt without
 * quieting the device, as xv6's for the UART, meets it again with the device's next event, not at once and for ever; and a
 * line that falls unclaimed leaves no trace.
 */
export class Plic implements Device {
  readonly name = "plic";
  readonly size = 0x60_0000;
  readonly #log: OnceLog;
  readonly #priority = new Uint8Array(PLIC_SOURCES + 1);
  readonly #pending = new Uint32Array(SOURCE_WORDS);
  readonly #claimed = new Uint32Array(SOURCE_WORDS);
  readonly #contexts: readonly Context[];

  /** `contexts`: each one's external interrupt; 0 is hart 0 in M-mode, 1 is hart 0 in S-mode. */
  constructor(contexts: readonly InterruptLine[], log: (message: string) => void = () => {}) {
    this.#log = new OnceLog(this.name, log);
    this.#contexts = contexts.map((line) => ({
      line: new DrivenLine(line),
      enabled: new Uint32Array(SOURCE_WORDS),
      threshold: 0,
    }));
  }

  /** The wire of one interrupt source, 1…95. */
  source(source: number): InterruptLine {
    if (!isSource(source)) throw new RangeError(`the PLIC has no interrupt source ${source}`);
    const word = source >>> 5;
    const bit = 1 << (source & 31);
    return {
      set: (level) => {
        const before = this.#pending[word]!;
        const after = level ? before | bit : before & ~bit;
        if (after >>> 0 === before) return;
        this.#pending[word] = after;
        this.#drive();
      },
    };
  }

  read(offset: number, width: Width): number {
    if (!this.#isWord(offset, width)) return 0;
    if (offset < PENDING) return this.#priority[offset >>> 2] ?? 0;
    if (offset < ENABLE) return this.#pending[(offset - PENDING) >>> 2] ?? 0;
    if (offset < CONTEXT) {
      const context = this.#contexts[Math.floor((offset - ENABLE) / ENABLE_STRIDE)];
      return context?.enabled[((offset - ENABLE) % ENABLE_STRIDE) >>> 2] ?? 0;
    }
    const context = this.#contexts[Math.floor((offset - CONTEXT) / CONTEXT_STRIDE)];
    if (context === undefined) return 0;
    const register = (offset - CONTEXT) % CONTEXT_STRIDE;
    if (register === CONTEXT_THRESHOLD) return context.threshold;
    return register === CONTEXT_CLAIM ? this.#claim(context) : 0;
  }

  write(offset: number, width: Width, value: number): void {
    if (!this.#isWord(offset, width)) return;
    if (offset < PENDING) this.#setPriority(offset >>> 2, value);
    else if (offset >= CONTEXT) this.#writeContext(offset - CONTEXT, value);
    else if (offset >= ENABLE) this.#setEnabled(offset - ENABLE, value);
    else return;
    this.#drive();
  }

  reset(): void {
    this.#priority.fill(0);
    this.#pending.fill(0);
    this.#claimed.fill(0);
    for (const context of this.#contexts) {
      context.enabled.fill(0);
      context.threshold = 0;
      context.line.forget();
    }
    this.#drive();
  }

  save(): unknown {
    return {
      version: 1,
      priority: this.#priority.slice(),
      // The name is version 1's, which had the lines' levels here.
      level: [...this.#pending],
      claimed: [...this.#claimed],
      contexts: this.#contexts.map(({ enabled, threshold }) => ({ enabled: [...enabled], threshold })),
    };
  }

  restore(state: unknown): void {
    const saved = versioned(state, "the PLIC's state", 1);
    const priority = byteArray(saved["priority"], "the PLIC's priorities", PLIC_SOURCES + 1);
    if (priority[0] !== 0 || priority.some((each) => each > PRIORITY_MASK)) {
      throw new TypeError("the PLIC's priorities hold one that does not exist");
    }
    const pending = sourceBits(saved["level"], "the PLIC's pending bits");
    const claimed = sourceBits(saved["claimed"], "the PLIC's claims");
    const contexts = list(saved["contexts"], "the PLIC's contexts", savedContext, this.#contexts.length);
    this.#priority.set(priority);
    this.#pending.set(pending);
    this.#claimed.set(claimed);
    for (const [index, context] of this.#contexts.entries()) {
      context.enabled.set(contexts[index]!.enabled);
      context.threshold = contexts[index]!.threshold;
      context.line.forget();
    }
    this.#drive();
  }

  #isWord(offset: number, width: Width): boolean {
    if (width === 4 && (offset & 3) === 0) return true;
    this.#log.say(
      "width",
      `an access of ${width} bytes at offset 0x${offset.toString(16)}; registers are aligned words, so it reads 0 and ignores writes`,
    );
    return false;
  }

  #setPriority(source: number, value: number): void {
    if (isSource(source)) this.#priority[source] = value & PRIORITY_MASK;
  }

  #setEnabled(offset: number, value: number): void {
    const word = (offset % ENABLE_STRIDE) >>> 2;
    const context = this.#contexts[Math.floor(offset / ENABLE_STRIDE)];
    if (context !== undefined && word < SOURCE_WORDS) context.enabled[word] = value & sourceMask(word);
  }

  #writeContext(offset: number, value: number): void {
    const context = this.#contexts[Math.floor(offset / CONTEXT_STRIDE)];
    if (context === undefined) return;
    const register = offset % CONTEXT_STRIDE;
    if (register === CONTEXT_THRESHOLD) context.threshold = value & PRIORITY_MASK;
    else if (register === CONTEXT_CLAIM && isSource(value)) this.#claimed[value >>> 5]! &= ~(1 << (value & 31));
  }

  #claim(context: Context): number {
    // A claim is not subject to the threshold (PLIC specification §7).
    const source = this.#best(context, 0);
    if (source === 0) return 0;
    this.#claimed[source >>> 5]! |= 1 << (source & 31);
    this.#pending[source >>> 5]! &= ~(1 << (source & 31));
    this.#drive();
    return source;
  }

  /** The pending, enabled source of highest priority above `threshold`, the lowest number among equals; 0 for none. */
  #best(context: Context, threshold: number): number {
    let best = 0;
    let bestPriority = threshold;
    for (let word = 0; word < SOURCE_WORDS; word++) {
      let bits = this.#pending[word]! & ~this.#claimed[word]! & context.enabled[word]!;
      while (bits !== 0) {
        const source = word * 32 + 31 - Math.clz32(bits & -bits);
        bits &= bits - 1;
        const priority = this.#priority[source]!;
        if (priority > bestPriority) {
          best = source;
          bestPriority = priority;
        }
      }
    }
    return best;
  }

  #drive(): void {
    for (const context of this.#contexts) context.line.drive(this.#best(context, context.threshold) !== 0);
  }
}

function isSource(source: number): boolean {
  return source >= 1 && source <= PLIC_SOURCES;
}

/** Bits of a word of sources that exist; source 0 never does. */
function sourceMask(word: number): number {
  return word === 0 ? ~1 : -1;
}

function sourceBits(value: unknown, what: string): readonly number[] {
  const words = list(value, what, (each, which) => unsigned(each, which, 32), SOURCE_WORDS);
  if (words.some((bits, word) => (bits & ~sourceMask(word)) !== 0)) throw new TypeError(`${what} hold source 0`);
  return words;
}

function savedContext(value: unknown, what: string): { enabled: readonly number[]; threshold: number } {
  const { enabled, threshold } = record(value, what);
  return { enabled: sourceBits(enabled, `${what}.enabled`), threshold: unsigned(threshold, `${what}.threshold`, 3) };
}
