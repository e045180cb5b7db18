import { InterruptBit } from "#hart/face.ts";
import type { HartHost } from "#hart/state/hart-host.ts";
import type { Hart } from "#hart/hart.ts";

/** A page of device registers. */
export const DEVICE = 0x1000_0000;
const DEVICE_BYTES = 0x400;
/** Ticks of mtime are these many instructions, as bits. */
const TICK_SHIFT = 2n;

/**
 * A board with one device, whose reads and writes depend on the instruction count to the very instruction, raise and lower
 * interrupts and end slices. The guest has a virtual clock.
 */
export class TestBoard implements HartHost {
  hart: Hart | undefined;
  #register = 0n;

  reset(): void {
    this.#register = 0n;
  }

  /** All of the board's state. */
  get state(): bigint {
    return this.#register;
  }

  set state(value: bigint) {
    this.#register = value;
  }

  readDevice(address: number, width: 1 | 2 | 4 | 8): bigint | undefined {
    const offset = address - DEVICE;
    if (offset < 0 || offset + width > DEVICE_BYTES) return undefined;
    this.#touch(offset);
    this.#register = BigInt.asUintN(64, this.#register * 5n + this.#ticks + BigInt(offset));
    return BigInt.asUintN(8 * width, this.#register >> 3n);
  }

  writeDevice(address: number, width: 1 | 2 | 4 | 8, value: bigint): boolean {
    const offset = address - DEVICE;
    if (offset < 0 || offset + width > DEVICE_BYTES) return false;
    this.#touch(offset);
    this.#register = BigInt.asUintN(64, (this.#register ^ value) * 3n + this.#ticks * BigInt(width));
    return true;
  }

  time(): bigint {
    return this.#ticks >> TICK_SHIFT;
  }

  timerChanged(): void {}

  get #ticks(): bigint {
    return this.hart?.ticks ?? 0n;
  }

  #touch(offset: number): void {
    const { hart } = this;
    if (!hart) return;
    if (offset % 32 === 8) hart.requestExit();
    if (offset % 32 === 16) hart.setInterruptPending(InterruptBit.SEIP, ((this.#register >> 5n) & 1n) === 1n);
    if (offset % 64 === 24) hart.setInterruptPending(InterruptBit.MEIP, ((this.#register >> 7n) & 1n) === 1n);
  }
}
