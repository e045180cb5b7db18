import type { Decoded } from "#riscv/decode.ts";
import type { Local } from "#wasm/function-builder.ts";

/** How far a register's bits were shifted, to the left where that is negative, and where they came from. */
interface Shift {
  readonly source: Local;
  readonly bits: 32 | 64;
  readonly distance: number;
}

/** A rotation to the right of a register's lowest bits. */
export interface Rotation {
  readonly source: Local;
  readonly bits: 32 | 64;
  readonly distance: number;
}

const bitsOf: Readonly<Record<string, 32 | 64>> = { slli: 64, srli: 64, slliw: 32, srliw: 32 };

/**
 * Which registers hold a shift of which others, as long as neither has been written since. Without Zbb a rotation is two shifts
 * and an `or`, which the host has as one instruction.
 */
export class RegionShifts {
  readonly #shifts = new Map<Local, Shift>();

  /** A block begins. */
  clear(): void {
    this.#shifts.clear();
  }

  /** `destination` has been given what `decoded` makes of `source`. */
  note({ name, operands: { imm } }: Decoded, destination: Local, source: Local): void {
    const bits = bitsOf[name];
    if (bits === undefined || destination === source) return;
    this.#shifts.set(destination, { source, bits, distance: Number(imm) * (name.startsWith("sl") ? -1 : 1) });
  }

  /** A register is about to be written. */
  forget(register: Local): void {
    this.#shifts.delete(register);
    for (const [destination, { source }] of this.#shifts) if (source === register) this.#shifts.delete(destination);
  }

  /** The rotation that the `or` of two registers is, if it is one. */
  rotation(a: Local, b: Local): Rotation | undefined {
    const one = this.#shifts.get(a);
    const other = this.#shifts.get(b);
    if (!one || !other || one.source !== other.source || one.bits !== other.bits) return undefined;
    const [left, right] = one.distance < 0 ? [one, other] : [other, one];
    return left.distance < 0 && right.distance - left.distance === right.bits ? right : undefined;
  }
}
