/** What a terminal may parse in one window of time, in letters; a shell's output is far below it. */
const WINDOW_COST = 96 * 1024;
const WINDOW_MS = 48;

/**
 * Slows a flood of output to what a person could see: every window is drawn once, about twenty times a second, and the page
 * is free in between. Where nobody looks there is nothing to draw, and output is not held.
 */
export class OutputPace {
  #windowBegan = 0;
  #cost = 0;

  /** Resolves when what costs as much as `cost` letters may be parsed. */
  async allow(cost: number): Promise<void> {
    const now = performance.now();
    if (now - this.#windowBegan >= WINDOW_MS) this.#begin(now);
    else if (this.#cost + cost > WINDOW_COST && !document.hidden) {
      await new Promise((resolve) => setTimeout(resolve, this.#windowBegan + WINDOW_MS - now));
      this.#begin(performance.now());
    }
    this.#cost += cost;
  }

  #begin(now: number): void {
    this.#windowBegan = now;
    this.#cost = 0;
  }
}
