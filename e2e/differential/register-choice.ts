import type { Random } from "#hart/float/float-vectors.fixture.ts";

/** x2 holds the window's start and x31 its middle; x30 is where to return to. No program writes them. */
export const WINDOW_START = 2;
export const RETURN = 30;
export const WINDOW_MIDDLE = 31;
const RESERVED: readonly number[] = [WINDOW_START, RETURN, WINDOW_MIDDLE];

/** Chooses registers by chance, and keeps those that are still needed from being written. */
export class RegisterChoice {
  readonly #random: Random;
  readonly #locked: number[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** One to read. */
  any(): number {
    return this.#random.below(32);
  }

  isWritable(register: number): boolean {
    return !RESERVED.includes(register) && !this.#locked.includes(register);
  }

  /** One to write. */
  target(): number {
    return this.scratch(0, 32);
  }

  /** One other than x0, to hold what the construct needs. */
  scratch(from = 1, count = 29): number {
    for (;;) {
      const register = from + this.#random.below(count);
      if (this.isWritable(register)) return register;
    }
  }

  /** A construct around what is being written needs these until they are unlocked. */
  lock(...registers: readonly number[]): void {
    this.#locked.push(...registers);
  }

  /** Gives back the `count` that were locked last. */
  unlock(count = 1): void {
    this.#locked.length -= count;
  }
}
