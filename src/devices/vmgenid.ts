import { boolean, byteArray, versioned } from "#base/checks.ts";
import type { Device, InterruptLine, Width } from "./device.ts";

const ID_BYTES = 16;

/** What the generation id asks of the board. */
export interface VmGenIdHost {
  readonly line: InterruptLine;
  /** Fills with entropy. */
  readonly random: (bytes: Uint8Array) => void;
}

/**
 * Virtual machine generation id, as the device tree binding `microsoft,vmgenid` has it: 16 bytes that are others each time
 * that the machine goes on from a snapshot, and an interrupt then. A driver that sees them change knows that what it
 * holds for random was, or will be, used by another as well. The line is high until the id is read from its first byte.
 */
export class VmGenId implements Device {
  readonly name = "vmgenid";
  readonly size = 0x1000;
  readonly #host: VmGenIdHost;
  readonly #id = new Uint8Array(ID_BYTES);
  /** The driver has not looked at the id since it changed. */
  #changed = false;

  constructor(host: VmGenIdHost) {
    this.#host = host;
  }

  /** The machine is another from here on. */
  renew(): void {
    this.#host.random(this.#id);
    this.#changed = true;
    this.#drive();
  }

  read(offset: number, width: Width): number {
    if (offset === 0) {
      this.#changed = false;
      this.#drive();
    }
    let value = 0;
    for (let index = width - 1; index >= 0; index--) value = value * 0x100 + (this.#id[offset + index] ?? 0);
    return value;
  }

  write(): void {}

  reset(): void {
    this.#host.random(this.#id);
    this.#changed = false;
    this.#drive();
  }

  save(): unknown {
    return { version: 1, id: this.#id.slice(), changed: this.#changed };
  }

  restore(state: unknown): void {
    const saved = versioned(state, "the generation id's state", 1);
    const id = byteArray(saved["id"], "the generation id", ID_BYTES);
    this.#changed = boolean(saved["changed"], "the generation id's changed");
    this.#id.set(id);
    this.#drive();
  }

  #drive(): void {
    this.#host.line.set(this.#changed);
  }
}
