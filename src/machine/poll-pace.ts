/** Devices look at the outside world whenever so many instructions were begun since power-on, and when the hart waits. */
const POLL_INSTRUCTIONS = 100_000n;
/** Under the wall clock a hart that is fast is disturbed less often: about every 100 µs. */
const POLL_INSTRUCTIONS_MAX = 400_000n;
const POLL_TICKS = 1000n;
/** A bare program that reports through `tohost` is looked after more often. */
const HTIF_INSTRUCTIONS = 10_000n;

/** When devices look at the outside world next, in ticks of the hart. */
export class PollPace {
  readonly #instructions: bigint;
  readonly #isFixed: boolean;
  /** The present distance of polls, and the board's time of the last. */
  #every: bigint;
  #polledAt = 0n;
  #next = 0n;

  /** `isFixed`: the distance stays what it is, since runs must not differ. */
  constructor({ reportsByHtif, isFixed }: { readonly reportsByHtif: boolean; readonly isFixed: boolean }) {
    this.#instructions = reportsByHtif ? HTIF_INSTRUCTIONS : POLL_INSTRUCTIONS;
    this.#every = this.#instructions;
    this.#isFixed = isFixed;
  }

  get next(): bigint {
    return this.#next;
  }

  /** Power-on: at once. */
  reset(): void {
    this.#next = 0n;
  }

  /** The hart is at `ticks` from a snapshot: as if it had come there by itself. */
  resume(ticks: bigint): void {
    this.#next = this.#after(ticks - 1n);
  }

  /** They looked, at board time `now` and at `ticks`. */
  polled(now: bigint, ticks: bigint): void {
    if (this.#isFixed) {
      this.#next = this.#after(ticks);
      return;
    }
    if (ticks >= this.#next) this.#adapt(now - this.#polledAt);
    this.#polledAt = now;
    this.#next = ticks + this.#every;
  }

  /** So many ticks of the board's time have passed since the last poll. */
  #adapt(passed: bigint): void {
    if (passed < POLL_TICKS && this.#every < POLL_INSTRUCTIONS_MAX) this.#every *= 2n;
    else if (passed > 4n * POLL_TICKS) this.#every = this.#instructions;
  }

  #after(ticks: bigint): bigint {
    return (ticks / this.#instructions + 1n) * this.#instructions;
  }
}
