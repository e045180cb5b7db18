import { openSink } from "#devices/console.fixture.ts";
import { Hart } from "#hart/hart.ts";
import type { EngineName } from "#machine/face.ts";
import { Machine } from "#machine/machine.ts";
import { GuestMemory } from "#memory/guest-memory.ts";

const MEMORY_MIB = 32;
/** Short: what became hot is translated between slices. */
const SLICE = 400;
const HOT_THRESHOLD = 4;
const SLICES_A_TURN = 1000;
const LIMIT = 200_000_000;

/** Runs an ELF as a bare machine's firmware until it reports through tohost; returns a copy of a range of its memory. Throws unless it passes. */
export async function runOnMachine(
  engine: EngineName,
  elf: Uint8Array,
  address: number,
  byteLength: number,
): Promise<Uint8Array> {
  const memory = new GuestMemory(MEMORY_MIB);
  const machine = Machine.create(
    { memoryMiB: MEMORY_MIB, firmware: "bare", commandLine: "", clock: "virtual", diskCount: 0 },
    { kernel: elf },
    {
      clock: { now: () => 0n, epochNanoseconds: () => 0n },
      consoleOutput: openSink(),
      consoleInput: { read: () => -1 },
      disks: [],
      random: (bytes) => void bytes.fill(1),
      log: () => {},
    },
    memory,
    (own, host) => new Hart(own, host, engine, { hotThreshold: HOT_THRESHOLD }),
  );
  for (let run = 0; run < LIMIT; run += SLICE) {
    // Modules that nobody holds are collected only after a turn of the event loop.
    if ((run / SLICE) % SLICES_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    const outcome = machine.run(SLICE);
    if (outcome.type === "ran") continue;
    if (outcome.type === "stopped" && outcome.reason.type === "finished" && outcome.reason.code === 0) {
      return memory.read(address, byteLength).slice();
    }
    throw new Error(`the machine stopped: ${JSON.stringify(outcome)}, pc 0x${machine.hart.pc.toString(16)}`);
  }
  throw new Error(`the program did not end; pc 0x${machine.hart.pc.toString(16)}`);
}
