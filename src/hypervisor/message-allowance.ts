import { MESSAGE_CHARACTERS, type WorkerMessage } from "#protocol/messages.ts";

/** Messages of any kind that a worker may send in a burst, and again each second. An honest one sends some hundred a second. */
const BURST = 1000;
const PER_SECOND = 2000;
/** Of those that change what the page shows. */
const TURNS_BURST = 20;
const TURNS_PER_SECOND = 10;
const TURNS: ReadonlySet<string> = new Set(["stopped", "failed", "pausedItself", "ready", "bootFailed"]);

/** So much in a burst, refilled with time. */
class Bucket {
  readonly #most: number;
  readonly #perSecond: number;
  #left: number;
  #at: number;

  constructor(most: number, perSecond: number, now: number) {
    this.#most = most;
    this.#perSecond = perSecond;
    this.#left = most;
    this.#at = now;
  }

  take(now: number): boolean {
    this.#left = Math.min(this.#most, this.#left + ((now - this.#at) / 1000) * this.#perSecond);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}

/**
 * How much a worker may say: messages carry no bytes that matter, so that one who sends without end, or much at once, is
 * corrupt. The page could otherwise do nothing but listen.
 */
export class MessageAllowance {
  readonly #now: () => number;
  readonly #all: Bucket;
  readonly #turns: Bucket;

  constructor(now: () => number) {
    this.#now = now;
    this.#all = new Bucket(BURST, PER_SECOND, now());
    this.#turns = new Bucket(TURNS_BURST, TURNS_PER_SECOND, now());
  }

  /** Whether this message, not looked at yet, may be listened to; else what the worker does, for which it is to go. */
  refusal(message: unknown): string | undefined {
    const now = this.#now();
    if (!this.#all.take(now)) return "floods the page with messages";
    if (typeof message !== "object" || message === null) return undefined;
    const { type, message: text } = message as Partial<Record<string, unknown>>;
    if (typeof text === "string" && text.length > MESSAGE_CHARACTERS) {
      return "sends messages that are longer than any there is";
    }
    if (TURNS.has(type as WorkerMessage["type"]) && !this.#turns.take(now)) {
      return "says without end that the guest stopped or paused";
    }
    return undefined;
  }
}
