import type { ByteSource } from "#devices/device.ts";
import type { GuestClock } from "./guest-clock.ts";

const NANOSECONDS_PER_SECOND = 1_000_000_000n;
const NANOSECONDS_PER_MICROSECOND = 1000n;

/**
 * What a guest reads to learn that its time of day is wrong, because time went on without it: a line whenever that happens.
 * The RTC has the right time, in whole seconds as Linux reads it; the line says how many microseconds later the next one
 * begins.
 */
export class TimeLine implements ByteSource {
  readonly #clock: GuestClock;
  #line = "";

  constructor(clock: GuestClock) {
    this.#clock = clock;
  }

  read(): number {
    if (this.#line === "") {
      if (!this.#clock.takeParted()) return -1;
      const left = NANOSECONDS_PER_SECOND - (this.#clock.epochNanoseconds() % NANOSECONDS_PER_SECOND);
      this.#line = `${left / NANOSECONDS_PER_MICROSECOND}\n`;
    }
    const byte = this.#line.charCodeAt(0);
    this.#line = this.#line.slice(1);
    return byte;
  }
}
