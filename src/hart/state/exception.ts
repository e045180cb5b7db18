/**
 * A synchronous exception on its way to a trap; JS code of the hart throws it, the run loop takes the trap.
 * No Error: guests raise them by the million, and a stack costs more than the trap.
 */
export class GuestException {
  /** mcause, without its interrupt bit. */
  readonly code: number;
  /** mtval. */
  readonly value: bigint;

  constructor(code: number, value: bigint) {
    this.code = code;
    this.value = value;
  }
}
