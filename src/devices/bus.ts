import type { Device, Width } from "./device.ts";

/** Where a device stands in guest physical memory. */
export interface Mapping {
  readonly base: number;
  readonly device: Device;
}

/** Routes accesses outside RAM to devices by one table. Ranges must not overlap. */
export class Bus {
  readonly #mappings: readonly Mapping[];
  #last: Mapping | undefined;

  /** Throws RangeError where two mappings overlap. */
  constructor(mappings: readonly Mapping[]) {
    this.#mappings = mappings.toSorted((a, b) => a.base - b.base);
    let end = 0;
    for (const { base, device } of this.#mappings) {
      if (base < end) throw new RangeError(`${device.name} at 0x${base.toString(16)} overlaps the device before it`);
      end = base + device.size;
    }
  }

  /** A load; undefined where no device answers (a load access fault). */
  read(address: number, width: Width): bigint | undefined {
    const mapping = this.#find(address, width);
    if (mapping === undefined) return undefined;
    const { base, device } = mapping;
    const offset = address - base;
    if (width !== 8) return BigInt(device.read(offset, width));
    if (device.readWhole !== undefined && (offset & 7) === 0) return device.readWhole(offset);
    const low = BigInt(device.read(offset, 4));
    return (BigInt(device.read(offset + 4, 4)) << 32n) | low;
  }

  /** A store; false where no device answers (a store access fault). Bits of `value` above `width` are not looked at. */
  write(address: number, width: Width, value: bigint): boolean {
    const mapping = this.#find(address, width);
    if (mapping === undefined) return false;
    const { base, device } = mapping;
    const offset = address - base;
    if (width !== 8) {
      device.write(offset, width, Number(BigInt.asUintN(width * 8, value)));
    } else {
      device.write(offset, 4, Number(BigInt.asUintN(32, value)));
      device.write(offset + 4, 4, Number(BigInt.asUintN(32, value >> 32n)));
    }
    return true;
  }

  #find(address: number, width: number): Mapping | undefined {
    // A driver talks to one device at a time.
    if (this.#last !== undefined && covers(this.#last, address, width)) return this.#last;
    for (const mapping of this.#mappings) {
      if (covers(mapping, address, width)) {
        this.#last = mapping;
        return mapping;
      }
    }
    return undefined;
  }
}

function covers({ base, device }: Mapping, address: number, width: number): boolean {
  return address >= base && address + width <= base + device.size;
}
