import { MemoryDisk, bytesBase } from "#devices/disks/memory-disk.ts";
import { Hart } from "#hart/hart.ts";
import type { MachineParts } from "#machine/face.ts";
import { Machine } from "#machine/machine.ts";
import type { GuestMemory } from "#memory/guest-memory.ts";
import type { BootMessage } from "#protocol/messages.ts";
import type { RunnableMachine, RunnerMachineHost } from "./guest-runner.ts";

/** Most bytes that a guest may write over its disks before they are full. */
const OVERLAY_BYTES_MAX = 512 * 2 ** 20;

/** The composition root of one guest: hart, engine, devices and disks over its memory. Throws BootError. */
export function makeMachine(boot: BootMessage, memory: GuestMemory, host: RunnerMachineHost): RunnableMachine {
  const disks = boot.disks.map(
    (buffer) => new MemoryDisk({ base: bytesBase(new Uint8Array(buffer)), overlayBytesMax: OVERLAY_BYTES_MAX }),
  );
  const files = {
    kernel: new Uint8Array(boot.kernel),
    ...(boot.initrd && { initrd: new Uint8Array(boot.initrd) }),
  };
  let hart: Hart | undefined;
  const machine = Machine.create(boot.settings, files, { ...host, disks }, memory, (guestMemory, hartHost) => {
    hart = new Hart(guestMemory, hartHost, "interpreter");
    return hart;
  });
  return {
    run: (budget) => machine.run(budget),
    wake: () => machine.wake(),
    stopClock: () => machine.stopClock(),
    reset: () => machine.reset(),
    save: () => machine.save(),
    // What the page hands in is what `save` gave; the machine checks all of it.
    restore: (parts) => machine.restore(parts as MachineParts),
    pagesCleaned: () => hart?.flushWriteTlb(),
    stateHash: () => machine.stateHash(),
    get ticks() {
      return machine.hart.ticks;
    },
    resizeConsole: (columns, rows) => machine.resizeConsole(columns, rows),
  };
}
