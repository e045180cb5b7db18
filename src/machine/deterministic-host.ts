/** The time of day at power-on that recorded and compared runs use: 2026-01-01, in nanoseconds since 1970. */
export const DETERMINISTIC_EPOCH_NANOSECONDS = 1_767_225_600_000_000_000n;

/** Bytes that look random and are the same in every run (SplitMix32), for machines under the virtual clock. */
export function seededRandom(seed: number): (bytes: Uint8Array) => void {
  let state = seed | 0;
  return (bytes) => {
    for (let index = 0; index < bytes.length; index++) {
      state = (state + 0x9e37_79b9) | 0;
      let value = Math.imul(state ^ (state >>> 16), 0x21f0_aaad);
      value = Math.imul(value ^ (value >>> 15), 0x735a_2d97);
      bytes[index] = value ^ (value >>> 15);
    }
  };
}
