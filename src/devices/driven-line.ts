import type { InterruptLine } from "./device.ts";

/** An interrupt line to the hart that is touched when its level changes only: a hart looks up whenever it is. */
export class DrivenLine {
  readonly #line: InterruptLine;
  #level: boolean | undefined;

  constructor(line: InterruptLine) {
    this.#line = line;
  }

  drive(level: boolean): void {
    if (level === this.#level) return;
    this.#level = level;
    this.#line.set(level);
  }

  /** The hart may have been reset or restored: the next `drive` sets the line in any case. */
  forget(): void {
    this.#level = undefined;
  }
}
