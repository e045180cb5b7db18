import type { InterruptLine } from "./device.ts";

/** An interrupt line that remembers its level and how often it rose. */
export class TestLine implements InterruptLine {
  level = false;
  rises = 0;

  set(level: boolean): void {
    if (level && !this.level) this.rises++;
    this.level = level;
  }
}
