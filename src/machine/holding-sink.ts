import type { ConsoleSink } from "#devices/device.ts";

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
