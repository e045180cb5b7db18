import { versioned } from "#base/checks.ts";
import type { Device, Width } from "./device.ts";

const FAIL = 0x3333;
const PASS = 0x5555;
const RESET = 0x7777;

/** What the test finisher asks of the board. */
export interface FinisherHost {
  /** The guest is done: 0 is pass (and how Linux powers off), else its failure code. */
  readonly finish: (code: number) => void;
  readonly reboot: () => void;
}

/** SiFive test finisher: the guest stops the machine by writing a magic word (QEMU `virt` 0x100000). */
export class TestFinisher implements Device {
  readonly name = "test-finisher";
  readonly size = 0x1000;
  readonly #host: FinisherHost;

  constructor(host: FinisherHost) {
    this.#host = host;
  }

  read(): number {
    return 0;
  }

  write(offset: number, width: Width, value: number): void {
    if (offset !== 0 || width === 1) return;
    const code = value >>> 16;
    switch (value & 0xffff) {
      case PASS:
        return this.#host.finish(0);
      case FAIL:
        // A failure without a code must not look like a pass.
        return this.#host.finish(code === 0 ? 1 : code);
      case RESET:
        return this.#host.reboot();
    }
  }

  reset(): void {}

  save(): unknown {
    return { version: 1 };
  }

  restore(state: unknown): void {
    versioned(state, "the test finisher's state", 1);
  }
}
