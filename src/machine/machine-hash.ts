import type { GuestMemory } from "#memory/guest-memory.ts";
import { HART_BASE, HART_STATE_BYTES, HartSlot } from "#memory/layout.ts";
import { hashData, StateHash } from "./state-hash.ts";

/** Words of hart state that no guest can see and that engines leave as they like. */
const TRANSIENT_SLOTS = [HartSlot.xSink, HartSlot.budget, HartSlot.exception, HartSlot.exceptionValue] as const;

/** Hash of RAM, hart and the devices' states as 32 hexadecimal digits. */
export function machineHash(memory: GuestMemory, devices: unknown): string {
  const hash = new StateHash();
  hash.ram(memory.ram);
  const hart = memory.bytes.slice(HART_BASE, HART_BASE + HART_STATE_BYTES);
  for (const slot of TRANSIENT_SLOTS) hart.fill(0, slot, slot + 8);
  hash.bytes(hart);
  hashData(hash, devices);
  return hash.digest();
}
