import { boolean, unsigned, unsigned64, versioned } from "#base/checks.ts";
import type { Device, InterruptLine, Width } from "./device.ts";

const TIME_LOW = 0x00;
const TIME_HIGH = 0x04;
const ALARM_LOW = 0x08;
const ALARM_HIGH = 0x0c;
const IRQ_ENABLED = 0x10;
const CLEAR_ALARM = 0x14;
const ALARM_STATUS = 0x18;
const CLEAR_INTERRUPT = 0x1c;

/** What the RTC asks of the board. */
export interface RtcHost {
  /** Time of day, nanoseconds since 1970. */
  readonly epochNanoseconds: () => bigint;
  readonly line: InterruptLine;
}

/** Google goldfish real-time clock: nanoseconds since 1970 in two words, and one alarm. */
export class GoldfishRtc implements Device {
  readonly name = "goldfish-rtc";
  readonly size = 0x1000;
  readonly #host: RtcHost;
  /** What the guest set, less the host's time of day; modulo 2^64. */
  #offset = 0n;
  /** TIME_HIGH as it was when TIME_LOW was read, so that the halves fit together. */
  #timeHigh = 0;
  #alarm = 0n;
  #alarmHigh = 0;
  #alarmArmed = false;
  #interruptPending = false;
  #interruptEnabled = false;

  constructor(host: RtcHost) {
    this.#host = host;
  }

  /** Nanoseconds until the alarm, undefined when none is set. */
  get nanosecondsToAlarm(): bigint | undefined {
    if (!this.#alarmArmed) return undefined;
    const left = this.#alarm - this.#now();
    return left < 0n ? 0n : left;
  }

  /** Fires the alarm when it is due. */
  poll(): void {
    if (!this.#alarmArmed || this.#now() < this.#alarm) return;
    this.#alarmArmed = false;
    this.#interruptPending = true;
    this.#drive();
  }

  read(offset: number, width: Width): number {
    if (width !== 4) return 0;
    switch (offset) {
      case TIME_LOW: {
        const now = this.#now();
        this.#timeHigh = Number(now >> 32n);
        return Number(now & 0xffff_ffffn);
      }
      case TIME_HIGH:
        return this.#timeHigh;
      case ALARM_LOW:
        return Number(this.#alarm & 0xffff_ffffn);
      case ALARM_HIGH:
        return Number(this.#alarm >> 32n);
      case IRQ_ENABLED:
        return Number(this.#interruptEnabled);
      case ALARM_STATUS:
        return Number(this.#alarmArmed);
      default:
        return 0;
    }
  }

  write(offset: number, width: Width, value: number): void {
    if (width !== 4) return;
    switch (offset) {
      case TIME_LOW:
        return this.#setTime((this.#now() & ~0xffff_ffffn) | BigInt(value));
      case TIME_HIGH:
        return this.#setTime((this.#now() & 0xffff_ffffn) | (BigInt(value) << 32n));
      case ALARM_LOW:
        // The driver writes ALARM_HIGH first; the low half arms it.
        this.#alarm = (BigInt(this.#alarmHigh) << 32n) | BigInt(value);
        this.#alarmArmed = true;
        return this.poll();
      case ALARM_HIGH:
        this.#alarmHigh = value;
        return;
      case IRQ_ENABLED:
        this.#interruptEnabled = (value & 1) === 1;
        break;
      case CLEAR_ALARM:
        this.#alarmArmed = false;
        break;
      case CLEAR_INTERRUPT:
        this.#interruptPending = false;
        break;
    }
    this.#drive();
  }

  reset(): void {
    this.#offset = 0n;
    this.#timeHigh = 0;
    this.#alarm = 0n;
    this.#alarmHigh = 0;
    this.#alarmArmed = false;
    this.#interruptPending = false;
    this.#interruptEnabled = false;
    this.#drive();
  }

  save(): unknown {
    return {
      version: 1,
      offset: this.#offset,
      timeHigh: this.#timeHigh,
      alarm: this.#alarm,
      alarmHigh: this.#alarmHigh,
      alarmArmed: this.#alarmArmed,
      interruptPending: this.#interruptPending,
      interruptEnabled: this.#interruptEnabled,
    };
  }

  restore(state: unknown): void {
    const saved = versioned(state, "the RTC's state", 1);
    const offset = unsigned64(saved["offset"], "the RTC's offset");
    const timeHigh = unsigned(saved["timeHigh"], "the RTC's timeHigh", 32);
    const alarm = unsigned64(saved["alarm"], "the RTC's alarm");
    const alarmHigh = unsigned(saved["alarmHigh"], "the RTC's alarmHigh", 32);
    const alarmArmed = boolean(saved["alarmArmed"], "the RTC's alarmArmed");
    const interruptPending = boolean(saved["interruptPending"], "the RTC's interruptPending");
    const interruptEnabled = boolean(saved["interruptEnabled"], "the RTC's interruptEnabled");
    this.#offset = offset;
    this.#timeHigh = timeHigh;
    this.#alarm = alarm;
    this.#alarmHigh = alarmHigh;
    this.#alarmArmed = alarmArmed;
    this.#interruptPending = interruptPending;
    this.#interruptEnabled = interruptEnabled;
    this.#drive();
  }

  #now(): bigint {
    return BigInt.asUintN(64, this.#host.epochNanoseconds() + this.#offset);
  }

  #setTime(nanoseconds: bigint): void {
    this.#offset = BigInt.asUintN(64, nanoseconds - this.#host.epochNanoseconds());
    this.poll();
  }

  #drive(): void {
    this.#host.line.set(this.#interruptPending && this.#interruptEnabled);
  }
}
