import type { ConsoleSink } from "./device.ts";

/** A console that takes everything; `look` sees each byte. */
export function openSink(look: (byte: number) => void = () => {}): ConsoleSink {
  return {
    write(byte) {
      look(byte);
      return true;
    },
    keep: (bytes) => bytes.forEach(look),
    crowded: false,
  };
}
