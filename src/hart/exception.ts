/** A synchronous exception on its way to a trap; JS code of the hart throws it, the run loop takes the trap. */
export class GuestException extends Error {
  readonly code: number;
  readonly value: bigint;

  constructor(code: number, value: bigint) {
    super(`exception ${code}, tval 0x${value.toString(16)}`);
    this.code = code;
    this.value = value;
  }
}
