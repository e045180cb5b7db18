import { boolean, record, unsigned, versioned } from "#base/checks.ts";
import { Register } from "./mmio-registers.ts";
import type { QueueLayout } from "./virtqueue.ts";

/** One of the transport's 64-bit queue addresses, written as two words. */
export interface AddressRegister {
  low: number;
  high: number;
}

/** What the driver told the transport about one queue (virtio 1.2 §4.2.2, Queue*). */
export class QueueRegisters {
  /** QueueNumMax. */
  readonly sizeMax: number;
  readonly descriptorArea: AddressRegister = { low: 0, high: 0 };
  readonly driverArea: AddressRegister = { low: 0, high: 0 };
  readonly deviceArea: AddressRegister = { low: 0, high: 0 };
  size: number;
  ready = false;

  constructor(sizeMax: number) {
    this.sizeMax = sizeMax;
    this.size = sizeMax;
  }

  get layout(): QueueLayout {
    return {
      size: this.size,
      descriptorArea: address(this.descriptorArea),
      driverArea: address(this.driverArea),
      deviceArea: address(this.deviceArea),
    };
  }

  /** Whether an area is not aligned as virtio 1.2 §2.7 has it; QEMU does not look. */
  get isMisaligned(): boolean {
    const { descriptorArea, driverArea, deviceArea } = this.layout;
    return descriptorArea % 16 !== 0 || driverArea % 2 !== 0 || deviceArea % 4 !== 0;
  }

  /** A write to one of the six address registers; any other offset is ignored. */
  writeAddress(offset: number, value: number): void {
    switch (offset) {
      case Register.QueueDescLow:
        this.descriptorArea.low = value;
        return;
      case Register.QueueDescHigh:
        this.descriptorArea.high = value;
        return;
      case Register.QueueDriverLow:
        this.driverArea.low = value;
        return;
      case Register.QueueDriverHigh:
        this.driverArea.high = value;
        return;
      case Register.QueueDeviceLow:
        this.deviceArea.low = value;
        return;
      case Register.QueueDeviceHigh:
        this.deviceArea.high = value;
    }
  }

  reset(): void {
    this.size = this.sizeMax;
    this.ready = false;
    for (const register of [this.descriptorArea, this.driverArea, this.deviceArea]) register.low = register.high = 0;
  }

  save(): unknown {
    return {
      version: 1,
      size: this.size,
      ready: this.ready,
      descriptorArea: { ...this.descriptorArea },
      driverArea: { ...this.driverArea },
      deviceArea: { ...this.deviceArea },
    };
  }

  restore(state: unknown): void {
    const saved = versioned(state, "a queue's registers", 1);
    const size = unsigned(saved["size"], "a queue's size", 16);
    const ready = boolean(saved["ready"], "a queue's ready");
    const descriptorArea = savedAddress(saved["descriptorArea"], "a queue's descriptor area");
    const driverArea = savedAddress(saved["driverArea"], "a queue's driver area");
    const deviceArea = savedAddress(saved["deviceArea"], "a queue's device area");
    this.size = size;
    this.ready = ready;
    Object.assign(this.descriptorArea, descriptorArea);
    Object.assign(this.driverArea, driverArea);
    Object.assign(this.deviceArea, deviceArea);
  }
}

/** Rounds above 2^53, far outside any RAM, where it no longer matters. */
function address({ low, high }: AddressRegister): number {
  return high * 2 ** 32 + low;
}

function savedAddress(value: unknown, what: string): AddressRegister {
  const { low, high } = record(value, what);
  return { low: unsigned(low, `${what} (low)`, 32), high: unsigned(high, `${what} (high)`, 32) };
}
