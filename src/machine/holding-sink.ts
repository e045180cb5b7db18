import type { ConsoleSink } from "#devices/device.ts";

/** Most bytes that one call of a firmware console or of HTIF prints: what may be kept for want of room beside what was before. */
export const PRINTED_AT_ONCE_MAX = 1 << 20;

/** A host's console that calls `hold` whenever something is printed and it is crowded: the machine is to stand still then. */
export function holdingSink(sink: ConsoleSink, hold: () => void): ConsoleSink {
  return {
    write: (byte) => {
      const taken = sink.write(byte);
      if (sink.crowded) hold();
      return taken;
    },
    keep: (bytes) => {
      sink.keep(bytes);
      if (sink.crowded) hold();
    },
    get crowded() {
      return sink.crowded;
    },
  };
}
