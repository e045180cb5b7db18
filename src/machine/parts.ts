import { record, unsigned } from "#base/checks.ts";
import { HART_STATE_BYTES, HartSlot } from "#memory/layout.ts";
import type { MachineConfig, MachineParts } from "./face.ts";

/** The form of MachineParts that `Machine.save` writes. */
export const PARTS_VERSION = 1;

/**
 * Migration n turns parts of version n + 1 into version n + 2. Append only; every version ever written has a golden
 * file in `golden/` that must restore.
 */
const migrations: readonly ((parts: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>)[] = [];

/** Brings parts of any known version to this one and checks their shape; throws TypeError with what is wrong. */
export function readParts(saved: unknown): MachineParts {
  let parts: Readonly<Record<string, unknown>> = record(saved, "the machine's parts");
  const version = unsigned(parts["version"], "the version of the machine's parts", 31);
  if (version < 1 || version > PARTS_VERSION) {
    throw new TypeError(
      `This snapshot has format version ${version}, and this Tabvisor knows 1 to ${PARTS_VERSION}: open it with a newer one.`,
    );
  }
  for (const migrate of migrations.slice(version - 1)) parts = migrate(parts);
  const { hart } = parts;
  if (!(hart instanceof Uint8Array) || hart.length !== HART_STATE_BYTES) {
    throw new TypeError(`the hart's state is not ${HART_STATE_BYTES} bytes`);
  }
  checkHart(hart);
  return {
    version: PARTS_VERSION,
    config: record(parts["config"], "the machine's config") as unknown as MachineConfig,
    hart,
    devices: record(parts["devices"], "the devices' states"),
  };
}

/** What no run could have left in a hart's state, and what whoever runs it relies on. */
function checkHart(hart: Uint8Array): void {
  const view = new DataView(hart.buffer, hart.byteOffset, hart.byteLength);
  const mode = view.getBigUint64(HartSlot.mode, true);
  if (mode > 3n || mode === 2n) throw new TypeError(`the hart's state is in a mode ${mode}, which does not exist`);
  if (view.getBigUint64(HartSlot.ticks, true) > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new TypeError("the hart's state has begun more instructions than any run can");
  }
}

/** Throws TypeError naming the first thing in which a snapshot's machine differs from this one. */
export function checkSameConfig(saved: MachineConfig, own: MachineConfig): void {
  const words: Readonly<Record<keyof MachineConfig, string>> = {
    memoryMiB: "MiB of memory",
    firmware: "firmware",
    commandLine: "kernel command line",
    clock: "clock",
    diskCount: "number of disks",
  };
  for (const [key, word] of Object.entries(words) as [keyof MachineConfig, string][]) {
    if (saved[key] === own[key]) continue;
    throw new TypeError(
      `The snapshot is of another machine: its ${word} is ${String(saved[key])}, this guest's is ${String(own[key])}.`,
    );
  }
}
