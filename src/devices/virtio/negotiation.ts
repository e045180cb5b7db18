import { unsigned, unsigned64 } from "#base/checks.ts";
import type { OnceLog } from "#devices/once-log.ts";

/** Bits of the status register, virtio 1.2 §2.1. */
const DRIVER_OK = 4;
const FEATURES_OK = 8;
const DEVICE_NEEDS_RESET = 64;
/** ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, FAILED. */
const DRIVER_STATUS_BITS = 0x8f;

const VIRTIO_F_INDIRECT_DESC = 1n << 28n;
const VIRTIO_F_EVENT_IDX = 1n << 29n;
const VIRTIO_F_VERSION_1 = 1n << 32n;
const RING_FEATURES = VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1;

/**
 * What a driver and its device agree on, virtio 1.2 §3.1: the slot's status and features.
 *
 * As lenient as QEMU with drivers that skip a step, and says so in the log: features that were not offered are left out, and
 * neither VIRTIO_F_VERSION_1 nor FEATURES_OK is insisted on.
 */
export class Negotiation {
  readonly #offered: bigint;
  readonly #log: OnceLog;
  readonly #name: string;
  #status = 0;
  #driverFeatures = 0n;
  deviceFeaturesSelect = 0;
  driverFeaturesSelect = 0;

  /** `features`: the device's own; the ring's are added. `name` is for errors. */
  constructor(features: bigint, name: string, log: OnceLog) {
    this.#offered = features | RING_FEATURES;
    this.#name = name;
    this.#log = log;
  }

  get status(): number {
    return this.#status;
  }

  /** The driver said DRIVER_OK. */
  get isLive(): boolean {
    return (this.#status & DRIVER_OK) !== 0;
  }

  /** The features that hold. */
  get features(): bigint {
    return (this.#status & FEATURES_OK) === 0 ? 0n : this.#driverFeatures;
  }

  get ringFeatures(): { readonly indirect: boolean; readonly eventIndex: boolean } {
    return {
      indirect: (this.features & VIRTIO_F_INDIRECT_DESC) !== 0n,
      eventIndex: (this.features & VIRTIO_F_EVENT_IDX) !== 0n,
    };
  }

  /** The selected word of what is offered. */
  get deviceFeatures(): number {
    if (this.deviceFeaturesSelect > 1) return 0;
    return Number((this.#offered >> BigInt(this.deviceFeaturesSelect * 32)) & 0xffff_ffffn);
  }

  /** The driver writes the selected word of what it accepts; after FEATURES_OK too late. */
  writeDriverFeatures(value: number): void {
    if ((this.#status & FEATURES_OK) !== 0 || this.driverFeaturesSelect > 1) return;
    const shift = BigInt(this.driverFeaturesSelect * 32);
    this.#driverFeatures = (this.#driverFeatures & ~(0xffff_ffffn << shift)) | (BigInt(value) << shift);
  }

  /** The driver writes a status other than 0; whether its device is live from now on. Only a reset clears bits. */
  writeStatus(value: number): boolean {
    const added = value & DRIVER_STATUS_BITS & ~this.#status;
    this.#status |= added;
    if ((added & FEATURES_OK) !== 0) this.#accept();
    if ((added & DRIVER_OK) === 0) return false;
    if ((this.#status & FEATURES_OK) === 0)
      this.#log.say("unasked", "the driver set DRIVER_OK without FEATURES_OK: it has no features");
    return true;
  }

  needsReset(): void {
    this.#status |= DEVICE_NEEDS_RESET;
  }

  reset(): void {
    this.#status = 0;
    this.#driverFeatures = 0n;
    this.deviceFeaturesSelect = 0;
    this.driverFeaturesSelect = 0;
  }

  save(): Readonly<Record<string, unknown>> {
    return {
      status: this.#status,
      driverFeatures: this.#driverFeatures,
      deviceFeaturesSelect: this.deviceFeaturesSelect,
      driverFeaturesSelect: this.driverFeaturesSelect,
    };
  }

  restore(saved: Readonly<Record<string, unknown>>): void {
    const word = (field: string, bits = 32) => unsigned(saved[field], `${this.#name}'s ${field}`, bits);
    this.#status = word("status", 8);
    this.#driverFeatures = unsigned64(saved["driverFeatures"], `${this.#name}'s driverFeatures`);
    this.deviceFeaturesSelect = word("deviceFeaturesSelect");
    this.driverFeaturesSelect = word("driverFeaturesSelect");
    if ((this.features & ~this.#offered) !== 0n)
      throw new TypeError(`${this.#name}'s state has features that it does not offer`);
  }

  #accept(): void {
    if ((this.#driverFeatures & ~this.#offered) !== 0n)
      this.#log.say("features", "the driver accepts features that were not offered: it does not have them");
    this.#driverFeatures &= this.#offered;
    if ((this.#driverFeatures & VIRTIO_F_VERSION_1) === 0n)
      this.#log.say("legacy", "the driver does not accept VIRTIO_F_VERSION_1; it is served as if it did");
  }
}
