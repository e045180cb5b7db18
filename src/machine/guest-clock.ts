import type { Clock } from "#base/clock.ts";
import { unsigned64, versioned } from "#base/checks.ts";

/** Instructions per tick of 100 ns under the virtual clock: a hart of 1 GHz, one instruction a cycle. */
export const INSTRUCTIONS_PER_TICK = 100n;
const NANOSECONDS_PER_TICK = 100n;
/** A host that does not come back for so long while the guest has work was frozen or paused: 1 s. */
const FROZEN_TICKS = 10_000_000n;
/** Guest time and the time of day have parted where they did by so much: half a second. */
const PARTED_NANOSECONDS = 500_000_000n;

/** The board's time: ticks of 100 ns since power-on, and the time of day. */
export interface GuestClock {
  now(): bigint;
  epochNanoseconds(): bigint;
  /** Guest time stands still until `start`. */
  stop(): void;
  /** Called before every stretch that the guest runs. */
  start(): void;
  /** The stretch is over. `hasWork`: the next follows at once, so that a long gap means that the host was frozen. */
  rest(hasWork: boolean): void;
  /**
   * Whether the time of day went another way than guest time (a pause, a snapshot, a freeze, the host's clock set) and the
   * guest was not told of it. Who asks tells it.
   */
  takeParted(): boolean;
  reset(): void;
  save(): unknown;
  restore(state: unknown): void;
}

/** Guest time that follows the host's clock, less the time that the guest was stopped or the host frozen. */
export class WallClock implements GuestClock {
  readonly #host: Clock;
  /** Guest time less host time. */
  #offset: bigint;
  #stoppedAt: bigint | undefined;
  #lastSeen: bigint;
  /** The guest's power-on by the time of day, in nanoseconds, as far as the guest has been told. */
  #toldOrigin: bigint;
  #parted = false;
  /** It runs, or is about to: it looks at the clock every few milliseconds, unless the host is frozen. */
  #hasWork = false;

  constructor(host: Clock) {
    this.#host = host;
    this.#lastSeen = host.now();
    this.#offset = -this.#lastSeen;
    this.#toldOrigin = this.#origin();
  }

  now(): bigint {
    if (this.#stoppedAt !== undefined) return this.#stoppedAt;
    const seen = this.#host.now();
    const gap = seen - this.#lastSeen;
    this.#lastSeen = seen;
    if (this.#hasWork && gap > FROZEN_TICKS) this.#offset -= gap;
    return seen + this.#offset;
  }

  epochNanoseconds(): bigint {
    return this.#host.epochNanoseconds();
  }

  stop(): void {
    this.#stoppedAt = this.now();
  }

  start(): void {
    if (this.#stoppedAt !== undefined) this.#continueFrom(this.#stoppedAt);
    else this.now();
    this.#hasWork = true;
    this.#lookWhetherParted();
  }

  rest(hasWork: boolean): void {
    this.#hasWork = hasWork;
  }

  takeParted(): boolean {
    if (!this.#parted) return false;
    this.#parted = false;
    this.#toldOrigin = this.#origin();
    return true;
  }

  /** Whoever boots reads the time of day. */
  reset(): void {
    this.#continueFrom(0n);
    this.#toldOrigin = this.#origin();
  }

  save(): unknown {
    return { version: 2, time: this.now(), toldOrigin: this.#toldOrigin };
  }

  restore(state: unknown): void {
    const saved = versioned(state, "the clock's state", 2);
    const time = unsigned64(saved["time"], "the clock's time");
    this.#toldOrigin = unsigned64(saved["toldOrigin"], "the clock's toldOrigin");
    this.#continueFrom(time);
    // At rest until it runs: what is saved now is what was restored.
    this.#stoppedAt = time;
  }

  #lookWhetherParted(): void {
    const parted = this.#origin() - this.#toldOrigin;
    this.#parted = parted > PARTED_NANOSECONDS || parted < -PARTED_NANOSECONDS;
  }

  #origin(): bigint {
    const origin = this.#host.epochNanoseconds() - this.now() * NANOSECONDS_PER_TICK;
    return origin < 0n ? 0n : origin;
  }

  #continueFrom(time: bigint): void {
    this.#hasWork = false;
    this.#lastSeen = this.#host.now();
    this.#offset = time - this.#lastSeen;
    this.#stoppedAt = undefined;
  }
}

/** Guest time counted in instructions, plus what was skipped while the hart waited: the same in every run. */
export class VirtualClock implements GuestClock {
  readonly #ticks: () => bigint;
  #epoch: bigint;
  #skipped = 0n;

  /** `ticks`: instructions begun since power-on. */
  constructor(host: Clock, ticks: () => bigint) {
    this.#ticks = ticks;
    this.#epoch = host.epochNanoseconds();
  }

  now(): bigint {
    return this.#ticks() / INSTRUCTIONS_PER_TICK + this.#skipped;
  }

  epochNanoseconds(): bigint {
    return this.#epoch + this.now() * NANOSECONDS_PER_TICK;
  }

  /** The hart waits: it is `time` at once. */
  skipTo(time: bigint): void {
    const now = this.now();
    if (time > now) this.#skipped += time - now;
  }

  /** How many instructions will have been begun when guest time reaches `time`. */
  ticksAt(time: bigint): bigint {
    return (time - this.#skipped) * INSTRUCTIONS_PER_TICK;
  }

  stop(): void {}

  start(): void {}

  rest(): void {}

  takeParted(): boolean {
    return false;
  }

  reset(): void {
    this.#skipped = 0n;
  }

  save(): unknown {
    return { version: 1, epoch: this.#epoch, skipped: this.#skipped };
  }

  restore(state: unknown): void {
    const { epoch, skipped } = versioned(state, "the clock's state", 1);
    const checkedEpoch = unsigned64(epoch, "the clock's epoch");
    this.#skipped = unsigned64(skipped, "the clock's skipped time");
    this.#epoch = checkedEpoch;
  }
}
