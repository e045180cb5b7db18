import { record, unsigned } from "#base/checks.ts";
import { HART_STATE_BYTES, HartSlot } from "#memory/layout.ts";
import type { MachineConfig, MachineParts } from "./face.ts";

/** The form of MachineParts that `Machine.save` writes. */
export const PARTS_VERSION = 3;

/**
 * Migration n turns parts of version n + 1 into version n + 2. Append only; every version ever written has a golden
 * file in `golden/` that must restore.
 */
const migrations: readonly ((parts: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>)[] = [
  addGenerationAndTime,
  addHeldInterrupt,
];

/** 2: a generation id, a console in virtio slot 8, and the wall clock remembers what the guest was told. */
function addGenerationAndTime(parts: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const devices = record(parts["devices"], "the devices' states");
  const clock = record(devices["clock"], "the clock's state");
  const isWall = record(parts["config"], "the machine's config")["clock"] === "wall";
  const address = { low: 0, high: 0 };
  const queue = { version: 1, size: 64, ready: false };
  const emptyQueue = { ...queue, descriptorArea: address, driverArea: address, deviceArea: address };
  const added = {
    vmgenid: { version: 1, id: new Uint8Array(16), changed: false },
    virtio8: {
      version: 1,
      deviceId: 3,
      status: 0,
      driverFeatures: 0n,
      deviceFeaturesSelect: 0,
      driverFeaturesSelect: 0,
      queueSelect: 0,
      interruptStatus: 0,
      configGeneration: 0,
      queues: [emptyQueue, emptyQueue],
      device: { version: 1, columns: 0, rows: 0, transmitted: 0 },
    },
    ...(isWall ? { clock: { ...clock, version: 2, toldOrigin: 0n } } : {}),
  };
  return { ...parts, version: 2, devices: { ...devices, ...added } };
}

/** 3: the UART holds its transmitter's interrupt back until the next poll. */
function addHeldInterrupt(parts: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const devices = record(parts["devices"], "the devices' states");
  const uart = record(devices["ns16550"], "the UART's state");
  const held = { ...uart, version: 2, thrEmptyHeld: false, pollsWithoutInput: 0 };
  return { ...parts, version: 3, devices: { ...devices, ns16550: held } };
}

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
