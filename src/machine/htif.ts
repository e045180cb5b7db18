import type { ConsoleSink } from "#devices/device.ts";
import type { GuestMemory } from "#memory/guest-memory.ts";
import { PRINTED_AT_ONCE_MAX } from "./holding-sink.ts";

const SYSCALL_WRITE = 64n;
const PAYLOAD_MASK = (1n << 48n) - 1n;

/**
 * The Berkeley host-target interface of bare programs: a word `tohost` that the program writes and the host clears.
 * Device 0 ends the run (1 passes, (n << 1) | 1 fails with n) or asks for a system call, of which `write` is answered;
 * device 1 is a console.
 */
export class Htif {
  readonly #memory: GuestMemory;
  readonly #tohost: number;
  readonly #fromhost: number | undefined;
  readonly #output: ConsoleSink;
  readonly #finish: (code: number) => void;

  /** `tohost` and `fromhost` lie in RAM. */
  constructor(
    memory: GuestMemory,
    addresses: { readonly tohost: number; readonly fromhost?: number },
    output: ConsoleSink,
    finish: (code: number) => void,
  ) {
    this.#memory = memory;
    this.#tohost = addresses.tohost;
    this.#fromhost = addresses.fromhost;
    this.#output = output;
    this.#finish = finish;
  }

  /** Looks at `tohost`, and does what it asks. */
  poll(): void {
    const command = this.#memory.load64(this.#tohost);
    if (command === 0n) return;
    const device = command >> 56n;
    const payload = command & PAYLOAD_MASK;
    if (device === 0n && payload & 1n) {
      this.#finish(Number(payload >> 1n));
      return;
    }
    this.#memory.store64(this.#tohost, 0n);
    if (device === 1n && ((command >> 48n) & 0xffn) === 1n) this.#output.keep(Uint8Array.of(Number(payload & 0xffn)));
    if (device === 0n) this.#systemCall(Number(payload));
  }

  /** Eight words at `address`: number and arguments; the first takes the result. Addresses are the guest's own risk. */
  #systemCall(address: number): void {
    if (!this.#memory.contains(address, 64)) return;
    const [number, , buffer, length] = [0, 8, 16, 24].map((offset) => this.#memory.load64(address + offset));
    let result = -38n; // -ENOSYS
    if (number === SYSCALL_WRITE) result = this.#write(Number(buffer), Number(length));
    this.#memory.store64(address, BigInt.asUintN(64, result));
    if (this.#fromhost !== undefined) this.#memory.store64(this.#fromhost, 1n);
  }

  #write(address: number, length: number): bigint {
    if (!this.#memory.contains(address, length)) return -14n; // -EFAULT
    // A program that has more calls again.
    const written = Math.min(length, PRINTED_AT_ONCE_MAX);
    this.#output.keep(this.#memory.read(address, written));
    return BigInt(written);
  }
}
