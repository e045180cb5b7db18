import { list, unsigned, versioned } from "#base/checks.ts";
import type { Device, InterruptLine, Width } from "#devices/device.ts";
import { OnceLog } from "#devices/once-log.ts";
import { GuestAddressError, type GuestMemory } from "#memory/guest-memory.ts";
import { CONFIG_CHANGE, Register, USED_BUFFER } from "./mmio-registers.ts";
import { Negotiation } from "./negotiation.ts";
import { QueueRegisters } from "./queue-registers.ts";
import type { VirtioDevice } from "./virtio-device.ts";
import { VirtioError } from "./virtio-error.ts";
import { Virtqueue } from "./virtqueue.ts";

const MAGIC = 0x7472_6976; // "virt"
const TRANSPORT_VERSION = 2;
const VENDOR = 0x554d_4551; // QEMU's, as on `virt`

/** Entries of a queue that QEMU takes, whatever it says is the most. */
const QUEUE_SIZE_MAX = 1024;

/** What a virtio-mmio slot asks of the board. */
export interface VirtioMmioHost {
  readonly memory: GuestMemory;
  readonly line: InterruptLine;
  readonly log: (message: string) => void;
}

/**
 * Virtio over MMIO, version 2 (virtio 1.2 §4.2): one slot with a device behind it, or an empty one.
 *
 *   reset ── ACKNOWLEDGE, DRIVER ── FEATURES_OK ── queues ── DRIVER_OK: active
 *     ▲                                                           │
 *     └── driver writes 0 ◄── DEVICE_NEEDS_RESET ◄── driver breaks a rule
 */
export class VirtioMmio implements Device {
  readonly name: string;
  readonly size = 0x1000;
  readonly #host: VirtioMmioHost;
  readonly #device: VirtioDevice | undefined;
  readonly #log: OnceLog;
  readonly #queues: readonly QueueRegisters[];
  /** While active: what the device was handed. */
  #virtqueues: readonly (Virtqueue | undefined)[] | undefined;
  readonly #negotiation: Negotiation;
  #queueSelect = 0;
  #interruptStatus = 0;
  #configGeneration = 0;

  /** Without a device the slot is empty: DeviceID reads 0. */
  constructor(host: VirtioMmioHost, device?: VirtioDevice) {
    this.name = device === undefined ? "virtio-mmio" : device.name;
    this.#host = host;
    this.#device = device;
    this.#log = new OnceLog(this.name, host.log);
    this.#negotiation = new Negotiation(device?.features ?? 0n, this.name, this.#log);
    this.#queues = device?.queueSizes.map((size) => new QueueRegisters(size)) ?? [];
    device?.attach?.({ configChanged: () => this.#configChanged() });
  }

  poll(): void {
    if (this.#virtqueues !== undefined && this.#device?.poll !== undefined) this.#guard(() => this.#device!.poll!());
  }

  read(offset: number, width: Width): number {
    if (offset >= Register.Config) return this.#readConfig(offset - Register.Config, width);
    if (width !== 4) {
      this.#refuse(width);
      return 0;
    }
    switch (offset) {
      case Register.MagicValue:
        return MAGIC;
      case Register.Version:
        return TRANSPORT_VERSION;
      case Register.VendorID:
        return VENDOR;
      case Register.DeviceID:
        return this.#device?.deviceId ?? 0;
      default:
        return this.#device === undefined ? 0 : this.#readRegister(offset);
    }
  }

  write(offset: number, width: Width, value: number): void {
    if (offset >= Register.Config || this.#device === undefined) return; // no device here has writable configuration
    if (width !== 4) return this.#refuse(width);
    switch (offset) {
      case Register.DeviceFeaturesSel:
        this.#negotiation.deviceFeaturesSelect = value;
        break;
      case Register.DriverFeaturesSel:
        this.#negotiation.driverFeaturesSelect = value;
        break;
      case Register.DriverFeatures:
        this.#negotiation.writeDriverFeatures(value);
        break;
      case Register.QueueSel:
        this.#queueSelect = value;
        break;
      case Register.QueueNotify:
        this.#notify(value);
        break;
      case Register.InterruptACK:
        this.#interruptStatus &= ~value;
        this.#drive();
        break;
      case Register.Status:
        this.#writeStatus(value);
        break;
      default:
        this.#writeQueue(offset, value);
    }
  }

  reset(): void {
    this.#virtqueues = undefined;
    this.#device?.reset();
    this.#negotiation.reset();
    this.#queueSelect = 0;
    this.#interruptStatus = 0;
    for (const queue of this.#queues) queue.reset();
    this.#drive();
  }

  save(): unknown {
    return {
      version: 1,
      deviceId: this.#device?.deviceId ?? 0,
      ...this.#negotiation.save(),
      queueSelect: this.#queueSelect,
      interruptStatus: this.#interruptStatus,
      configGeneration: this.#configGeneration,
      queues: this.#queues.map((queue) => queue.save()),
      virtqueues: this.#virtqueues?.map((queue) => queue?.save()),
      device: this.#device?.save(),
    };
  }

  /** Where it throws, the slot is left reset. */
  restore(state: unknown): void {
    this.reset();
    try {
      this.#restore(versioned(state, `${this.name}'s state`, 1));
    } catch (error) {
      this.reset();
      if (error instanceof VirtioError) throw new TypeError(`${this.name}'s state: ${error.message}`, { cause: error });
      throw error;
    }
  }

  #restore(saved: Readonly<Record<string, unknown>>): void {
    const word = (field: string, bits = 32) => unsigned(saved[field], `${this.name}'s ${field}`, bits);
    const deviceId = this.#device?.deviceId ?? 0;
    if (saved["deviceId"] !== deviceId) throw new TypeError(`${this.name}'s state is not of a device ${deviceId}`);
    this.#negotiation.restore(saved);
    this.#queueSelect = word("queueSelect");
    this.#interruptStatus = word("interruptStatus", 2);
    this.#configGeneration = word("configGeneration");
    const queues = list(saved["queues"], `${this.name}'s queues`, (each) => each, this.#queues.length);
    for (const [index, queue] of this.#queues.entries()) queue.restore(queues[index]);
    this.#device?.restore(saved["device"]);
    if (saved["virtqueues"] !== undefined) this.#restoreActive(saved["virtqueues"]);
    this.#drive();
  }

  #restoreActive(saved: unknown): void {
    if (!this.#negotiation.isLive) throw new TypeError(`${this.name}'s state is active without DRIVER_OK`);
    const states = list(saved, `${this.name}'s virtqueues`, (each) => each, this.#queues.length);
    const virtqueues = this.#makeVirtqueues();
    for (const [index, queue] of virtqueues.entries()) queue?.restore(states[index]);
    this.#virtqueues = virtqueues;
    this.#device?.activate(virtqueues, this.#negotiation.features);
  }

  #readRegister(offset: number): number {
    const queue = this.#queues[this.#queueSelect];
    switch (offset) {
      case Register.DeviceFeatures:
        return this.#negotiation.deviceFeatures;
      case Register.QueueNumMax:
        return queue?.sizeMax ?? 0;
      case Register.QueueReady:
        return Number(queue?.ready ?? false);
      case Register.InterruptStatus:
        return this.#interruptStatus;
      case Register.Status:
        return this.#negotiation.status;
      case Register.ConfigGeneration:
        return this.#configGeneration;
      default:
        // A shared memory region that does not exist has length and base -1.
        return offset >= Register.SHMLenLow && offset <= Register.SHMBaseHigh ? 0xffff_ffff : 0;
    }
  }

  #readConfig(offset: number, width: Width): number {
    const config = this.#device?.config;
    let value = 0;
    for (let index = Math.min(width, 4) - 1; index >= 0; index--)
      value = (value << 8) | (config?.[offset + index] ?? 0);
    return value >>> 0;
  }

  #writeStatus(value: number): void {
    if (value === 0) return this.reset();
    if (this.#negotiation.writeStatus(value)) this.#guard(() => this.#activate());
  }

  #writeQueue(offset: number, value: number): void {
    const queue = this.#queues[this.#queueSelect];
    if (queue === undefined || this.#virtqueues !== undefined) return;
    if (offset === Register.QueueReady) queue.ready = (value & 1) === 1;
    if (queue.ready) return;
    if (offset === Register.QueueNum) queue.size = Math.min(value, 0xffff);
    else queue.writeAddress(offset, value);
  }

  #activate(): void {
    const virtqueues = this.#makeVirtqueues();
    this.#virtqueues = virtqueues;
    this.#device?.activate(virtqueues, this.#negotiation.features);
  }

  #makeVirtqueues(): readonly (Virtqueue | undefined)[] {
    return this.#queues.map((queue, index) => {
      if (!queue.ready) return undefined;
      if (queue.size > QUEUE_SIZE_MAX)
        throw new VirtioError(`queue ${index} has ${queue.size} entries, the most is ${QUEUE_SIZE_MAX}`);
      const { layout, size, sizeMax } = queue;
      if (size > sizeMax) this.#log.say("size", `queue ${index} has ${size} entries, the most is ${sizeMax}`);
      if (queue.isMisaligned) this.#log.say("alignment", `the parts of queue ${index} are not aligned as they must be`);
      const { ringFeatures } = this.#negotiation;
      return new Virtqueue(this.#host.memory, layout, ringFeatures, () => this.#interrupt(USED_BUFFER));
    });
  }

  #notify(queueIndex: number): void {
    if (this.#virtqueues?.[queueIndex] !== undefined) this.#guard(() => this.#device?.notify(queueIndex));
  }

  /** Runs device code on what the driver wrote; a broken rule costs the driver its device until it resets it. */
  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof VirtioError || error instanceof GuestAddressError)) throw error;
      this.#virtqueues = undefined;
      this.#device?.reset();
      this.#log.say(
        "violation",
        `the driver broke the virtio specification: ${error.message}; the device needs a reset`,
      );
      this.#negotiation.needsReset();
      this.#interrupt(CONFIG_CHANGE);
    }
  }

  #configChanged(): void {
    this.#configGeneration = (this.#configGeneration + 1) >>> 0;
    if (this.#negotiation.isLive) this.#interrupt(CONFIG_CHANGE);
  }

  #interrupt(reason: number): void {
    this.#interruptStatus |= reason;
    this.#drive();
  }

  #drive(): void {
    this.#host.line.set(this.#interruptStatus !== 0);
  }

  #refuse(width: Width): void {
    this.#log.say("width", `an access of ${width} bytes to a register of 4; it reads 0 and ignores writes`);
  }
}
