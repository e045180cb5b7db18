/** Turns, one after the other, in which at least every second instruction traps. */
const TURNS = 25;

/** Finds guests that run wild: their trap handler itself traps, so that they will never do anything else. */
export class TrapLoop {
  #instructions = 0n;
  #traps = 0n;
  #turns = 0;

  /** Called after every turn with what was counted so far; whether the guest is lost. */
  isEndless(instructions: bigint, traps: bigint): boolean {
    const begun = instructions - this.#instructions;
    const trapped = traps - this.#traps;
    this.#instructions = instructions;
    this.#traps = traps;
    this.#turns = begun > 0n && trapped * 2n >= begun ? this.#turns + 1 : 0;
    return this.#turns >= TURNS;
  }
}
