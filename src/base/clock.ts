/** A source of guest time, handed in. */
export interface Clock {
  /** Guest time since power-on in ticks of 100 ns (the 10 MHz timebase). */
  now(): bigint;
  /** Host time of day for the RTC, nanoseconds since 1970. */
  epochNanoseconds(): bigint;
}
