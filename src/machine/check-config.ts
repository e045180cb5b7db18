import type { GuestMemory } from "#memory/guest-memory.ts";
import { BootError } from "#machine/boot/boot-error.ts";
import type { MachineConfig, MachineHost } from "./face.ts";
import { MAX_DISKS } from "./memory-map.ts";

/** Throws BootError, with what to do, where what was handed in is not what the configuration says. */
export function checkConfig(config: MachineConfig, host: MachineHost, memory: GuestMemory): void {
  if (memory.layout.ramBytes !== config.memoryMiB * 0x10_0000) {
    throw new BootError(`The machine has ${config.memoryMiB} MiB of memory, but its shared memory is of another size.`);
  }
  if (host.disks.length !== config.diskCount) {
    throw new BootError(`The machine has ${config.diskCount} disks, but ${host.disks.length} were handed in.`);
  }
  if (config.diskCount > MAX_DISKS) {
    throw new BootError(`The machine takes at most ${MAX_DISKS} disks: remove ${config.diskCount - MAX_DISKS}.`);
  }
}
