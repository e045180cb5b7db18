import { list, unsigned, unsigned64, versioned } from "#base/checks.ts";
import type { Device, InterruptLine, Width } from "#devices/device.ts";
import { OnceLog } from "#devices/once-log.ts";
import { GuestAddressError, type GuestMemory } from "#memory/guest-memory.ts";
import { QueueRegisters, type AddressRegister } from "./queue-registers.ts";
import { VirtioError, type VirtioDevice } from "./virtio-device.ts";
import { Virtqueue } from "./virtqueue.ts";

const MAGIC = 0x7472_6976; // "virt"
const TRANSPORT_VERSION = 2;
const VENDOR = 0x554d_4551; // QEMU's, as on `virt`

/** Register offsets, virtio 1.2 §4.2.2. */
const MagicValue = 0x000;
const Version = 0x004;
const DeviceID = 0x008;
const VendorID = 0x00c;
const DeviceFeatures = 0x010;
const DeviceFeaturesSel = 0x014;
const DriverFeatures = 0x020;
const DriverFeaturesSel = 0x024;
const QueueSel = 0x030;
const QueueNumMax = 0x034;
const QueueNum = 0x038;
const QueueReady = 0x044;
const QueueNotify = 0x050;
const InterruptStatus = 0x060;
const InterruptACK = 0x064;
const Status = 0x070;
const QueueDescLow = 0x080;
const QueueDescHigh = 0x084;
const QueueDriverLow = 0x090;
const QueueDriverHigh = 0x094;
const QueueDeviceLow = 0x0a0;
const QueueDeviceHigh = 0x0a4;
const SHMLenLow = 0x0b0;
const SHMBaseHigh = 0x0bc;
const ConfigGeneration = 0x0fc;
const Config = 0x100;

const FEATURES_OK = 8;
const DRIVER_OK = 4;
const DEVICE_NEEDS_RESET = 64;
/** ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, FAILED. */
const DRIVER_STATUS_BITS = 0x8f;

const USED_BUFFER = 1;
const CONFIG_CHANGE = 2;

const VIRTIO_F_INDIRECT_DESC = 1n << 28n;
const VIRTIO_F_EVENT_IDX = 1n << 29n;
const VIRTIO_F_VERSION_1 = 1n << 32n;
const RING_FEATURES = VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1;

/** What a virtio-mmio slot asks of the board. */
export interface VirtioMmioHost {
  readonly memory: GuestMemory;
  readonly line: InterruptLine;
  readonly log: (message: string) => void;
}

/**
 * Virtio over MMIO, version 2 (virtio 1.2 §4.2): one slot with a device behind it, or an empty one.
 *
 *   reset ── ACKNOWLEDGE, DRIVER ── FEATURES_OK (refused unless VERSION_1 and a subset) ── queues ── DRIVER_OK: active
 *     ▲                                                                                                 │
 *     └── driver writes 0 ◄── DEVICE_NEEDS_RESET: nothing works any more ◄── driver breaks a rule ──────┘
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
  #status = 0;
  #driverFeatures = 0n;
  #deviceFeaturesSelect = 0;
  #driverFeaturesSelect = 0;
  #queueSelect = 0;
  #interruptStatus = 0;
  #configGeneration = 0;

  /** Without a device the slot is empty: DeviceID reads 0. */
  constructor(host: VirtioMmioHost, device?: VirtioDevice) {
    this.name = device === undefined ? "virtio-mmio" : device.name;
    this.#host = host;
    this.#device = device;
    this.#log = new OnceLog(this.name, host.log);
    this.#queues = device?.queueSizes.map((size) => new QueueRegisters(size)) ?? [];
    device?.attach?.({ configChanged: () => this.#configChanged() });
  }

  poll(): void {
    if (this.#virtqueues !== undefined && this.#device?.poll !== undefined) this.#guard(() => this.#device!.poll!());
  }

  read(offset: number, width: Width): number {
    if (offset >= Config) return this.#readConfig(offset - Config, width);
    if (width !== 4) {
      this.#refuse(width);
      return 0;
    }
    switch (offset) {
      case MagicValue:
        return MAGIC;
      case Version:
        return TRANSPORT_VERSION;
      case VendorID:
        return VENDOR;
      case DeviceID:
        return this.#device?.deviceId ?? 0;
      default:
        return this.#device === undefined ? 0 : this.#readRegister(offset);
    }
  }

  write(offset: number, width: Width, value: number): void {
    if (offset >= Config || this.#device === undefined) return; // no device here has writable configuration
    if (width !== 4) return this.#refuse(width);
    switch (offset) {
      case DeviceFeaturesSel:
        this.#deviceFeaturesSelect = value;
        break;
      case DriverFeaturesSel:
        this.#driverFeaturesSelect = value;
        break;
      case DriverFeatures:
        this.#writeDriverFeatures(value);
        break;
      case QueueSel:
        this.#queueSelect = value;
        break;
      case QueueNotify:
        this.#notify(value);
        break;
      case InterruptACK:
        this.#interruptStatus &= ~value;
        this.#drive();
        break;
      case Status:
        this.#writeStatus(value);
        break;
      default:
        this.#writeQueue(offset, value);
    }
  }

  reset(): void {
    this.#virtqueues = undefined;
    this.#device?.reset();
    this.#status = 0;
    this.#driverFeatures = 0n;
    this.#deviceFeaturesSelect = 0;
    this.#driverFeaturesSelect = 0;
    this.#queueSelect = 0;
    this.#interruptStatus = 0;
    for (const queue of this.#queues) queue.reset();
    this.#drive();
  }

  save(): unknown {
    return {
      version: 1,
      deviceId: this.#device?.deviceId ?? 0,
      status: this.#status,
      driverFeatures: this.#driverFeatures,
      deviceFeaturesSelect: this.#deviceFeaturesSelect,
      driverFeaturesSelect: this.#driverFeaturesSelect,
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
    this.#status = word("status", 8);
    this.#driverFeatures = unsigned64(saved["driverFeatures"], `${this.name}'s driverFeatures`);
    this.#deviceFeaturesSelect = word("deviceFeaturesSelect");
    this.#driverFeaturesSelect = word("driverFeaturesSelect");
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
    if ((this.#driverFeatures & ~this.#offered) !== 0n || (this.#status & DRIVER_OK) === 0) {
      throw new TypeError(`${this.name}'s state is active without negotiation`);
    }
    const states = list(saved, `${this.name}'s virtqueues`, (each) => each, this.#queues.length);
    const virtqueues = this.#makeVirtqueues();
    for (const [index, queue] of virtqueues.entries()) queue?.restore(states[index]);
    this.#virtqueues = virtqueues;
    this.#device?.activate(virtqueues, this.#driverFeatures);
  }

  get #offered(): bigint {
    return (this.#device?.features ?? 0n) | RING_FEATURES;
  }

  #readRegister(offset: number): number {
    const queue = this.#queues[this.#queueSelect];
    switch (offset) {
      case DeviceFeatures:
        return this.#deviceFeaturesSelect < 2 ? wordOf(this.#offered, this.#deviceFeaturesSelect) : 0;
      case QueueNumMax:
        return queue?.sizeMax ?? 0;
      case QueueReady:
        return Number(queue?.ready ?? false);
      case InterruptStatus:
        return this.#interruptStatus;
      case Status:
        return this.#status;
      case ConfigGeneration:
        return this.#configGeneration;
      default:
        // A shared memory region that does not exist has length and base -1.
        return offset >= SHMLenLow && offset <= SHMBaseHigh ? 0xffff_ffff : 0;
    }
  }

  #readConfig(offset: number, width: Width): number {
    const config = this.#device?.config;
    let value = 0;
    for (let index = Math.min(width, 4) - 1; index >= 0; index--)
      value = (value << 8) | (config?.[offset + index] ?? 0);
    return value >>> 0;
  }

  #writeDriverFeatures(value: number): void {
    if ((this.#status & FEATURES_OK) !== 0 || this.#driverFeaturesSelect > 1) return;
    const shift = BigInt(this.#driverFeaturesSelect * 32);
    this.#driverFeatures = (this.#driverFeatures & ~(0xffff_ffffn << shift)) | (BigInt(value) << shift);
  }

  #writeStatus(value: number): void {
    if (value === 0) return this.reset();
    const before = this.#status;
    // Only a reset clears bits.
    let added = value & DRIVER_STATUS_BITS & ~before;
    if ((added & FEATURES_OK) !== 0 && !this.#acceptable()) added &= ~FEATURES_OK;
    if (((before | added) & FEATURES_OK) === 0) added &= ~DRIVER_OK;
    this.#status |= added;
    if ((added & DRIVER_OK) !== 0) this.#guard(() => this.#activate());
  }

  #acceptable(): boolean {
    if ((this.#driverFeatures & VIRTIO_F_VERSION_1) === 0n) {
      this.#log.say("legacy", "the driver does not accept VIRTIO_F_VERSION_1; legacy drivers are not supported");
      return false;
    }
    return (this.#driverFeatures & ~this.#offered) === 0n;
  }

  #writeQueue(offset: number, value: number): void {
    const queue = this.#queues[this.#queueSelect];
    if (queue === undefined || this.#virtqueues !== undefined) return;
    if (offset === QueueReady) queue.ready = (value & 1) === 1;
    if (queue.ready) return;
    if (offset === QueueNum) queue.size = Math.min(value, 0xffff);
    else setAddress(queue, offset, value);
  }

  #activate(): void {
    const virtqueues = this.#makeVirtqueues();
    this.#virtqueues = virtqueues;
    this.#device?.activate(virtqueues, this.#driverFeatures);
  }

  #makeVirtqueues(): readonly (Virtqueue | undefined)[] {
    const features = {
      indirect: (this.#driverFeatures & VIRTIO_F_INDIRECT_DESC) !== 0n,
      eventIndex: (this.#driverFeatures & VIRTIO_F_EVENT_IDX) !== 0n,
    };
    return this.#queues.map((queue, index) => {
      if (!queue.ready) return undefined;
      if (queue.size > queue.sizeMax)
        throw new VirtioError(`queue ${index} has ${queue.size} entries, the most is ${queue.sizeMax}`);
      return new Virtqueue(this.#host.memory, queue.layout, features, () => this.#interrupt(USED_BUFFER));
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
      this.#status |= DEVICE_NEEDS_RESET;
      this.#interrupt(CONFIG_CHANGE);
    }
  }

  #configChanged(): void {
    this.#configGeneration = (this.#configGeneration + 1) >>> 0;
    if ((this.#status & DRIVER_OK) !== 0) this.#interrupt(CONFIG_CHANGE);
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

function wordOf(value: bigint, index: number): number {
  return Number((value >> BigInt(index * 32)) & 0xffff_ffffn);
}

function setAddress(queue: QueueRegisters, offset: number, value: number): void {
  const set = (register: AddressRegister, half: "low" | "high") => {
    register[half] = value;
  };
  switch (offset) {
    case QueueDescLow:
      return set(queue.descriptorArea, "low");
    case QueueDescHigh:
      return set(queue.descriptorArea, "high");
    case QueueDriverLow:
      return set(queue.driverArea, "low");
    case QueueDriverHigh:
      return set(queue.driverArea, "high");
    case QueueDeviceLow:
      return set(queue.deviceArea, "low");
    case QueueDeviceHigh:
      return set(queue.deviceArea, "high");
  }
}
