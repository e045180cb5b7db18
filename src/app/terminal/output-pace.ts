/** What a terminal may parse in one window of time; a shell's output is far below it. */
const WINDOW_BYTES = 96 * 1024;
const WINDOW_MS = 48;

/**
 * Slows a flood of output to what a person could see: every window is drawn once, about twenty times a second, and the page
 * is free in between. Where nobody looks there is nothing to draw, and output is not held.
 */
export class OutputPace {
  #windowBegan = 0;
  #bytes = 0;

  /** Resolves when so many bytes more may be parsed. */
  async allow(byteLength: number): Promise<void> {
    const now = performance.now();
    if (now - this.#windowBegan >= WINDOW_MS) this.#begin(now);
    else if (this.#bytes + byteLength > WINDOW_BYTES && !document.hidden) {
      await new Promise((resolve) => setTimeout(resolve, this.#windowBegan + WINDOW_MS - now));
      this.#begin(performance.now());
    }
    this.#bytes += byteLength;
  }

  #begin(now: number): void {
    this.#windowBegan = now;
    this.#bytes = 0;
  }
}
