/** What a hart asks of the board around it. Addresses are guest physical. */
export interface HartHost {
  /** A load outside RAM; undefined raises a load access fault. Values are unsigned; 8-byte accesses come as they are. */
  readDevice(address: number, width: 1 | 2 | 4 | 8): bigint | undefined;
  /** A store outside RAM; false raises a store access fault. */
  writeDevice(address: number, width: 1 | 2 | 4 | 8, value: bigint): boolean;
  /** mtime: 10 MHz ticks. Exact under the virtual clock: `hart.ticks` is up to date when this is called. */
  time(): bigint;
  /** stimecmp or mtimecmp changed: the board recomputes the next timer. */
  timerChanged(): void;
  /**
   * An ecall from S-mode under built-in SBI: reads a0–a7, writes a0 and a1, and returns true; pc moves on by itself.
   * false (or absent): the ecall traps as the privileged ISA has it.
   */
  sbiCall?(): boolean;
  /** The engine has called out many times, which may have taken long: the board may ask for an exit. */
  calledOut?(): void;
}

/** Nothing around the hart: every device access faults, and time stands still. */
export const NO_BOARD: HartHost = {
  readDevice: () => undefined,
  writeDevice: () => false,
  time: () => 0n,
  timerChanged: () => {},
};
