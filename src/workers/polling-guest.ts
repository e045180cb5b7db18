/** A guest that asks a device at least once in so many instructions, and neither prints nor reads, waits by asking. */
const INSTRUCTIONS_PER_QUESTION = 1000;
/** Turns that must look so, one after the other, before the guest is believed to wait. */
const TURNS = 5;
const REST_MS = 20;

/** What a guest has done so far. */
export interface GuestActivity {
  readonly instructions: bigint;
  readonly deviceAccesses: bigint;
  readonly consoleBytes: number;
}

/**
 * Finds guests that wait by asking a device again and again, as boot loaders do at their prompts, so that they can
 * rest between questions. What is typed ends the rest at once.
 */
export class PollingGuest {
  #last: GuestActivity = { instructions: 0n, deviceAccesses: 0n, consoleBytes: 0 };
  #turns = 0;

  /** Called after every turn; how long to rest, 0 for a guest that works. */
  restMs(now: GuestActivity): number {
    const { instructions, deviceAccesses, consoleBytes } = this.#last;
    this.#last = now;
    const questions = now.deviceAccesses - deviceAccesses;
    const asks = questions > 0n && questions * BigInt(INSTRUCTIONS_PER_QUESTION) >= now.instructions - instructions;
    this.#turns = asks && now.consoleBytes === consoleBytes ? this.#turns + 1 : 0;
    return this.#turns >= TURNS ? REST_MS : 0;
  }

  /** Whether the guest was found waiting: then short slices tell all there is to know. */
  get waits(): boolean {
    return this.#turns >= TURNS;
  }
}
