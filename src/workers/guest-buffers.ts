import type { SharedGuestMemory } from "#hypervisor/host.ts";
import {
  CONSOLE_IN,
  CONSOLE_OUT,
  CONSOLE_RING_BYTES,
  Counter,
  HART_BASE,
  HartSlot,
  layoutFor,
  PageFlag,
} from "#memory/layout.ts";

/** Makes one guest's shared memory and says where the page finds its parts; throws RangeError where there is none to be had. */
export function createSharedGuestMemory(memoryMiB: number): SharedGuestMemory {
  const layout = layoutFor(memoryMiB * 1024 * 1024);
  const pages = layout.totalBytes / 0x1_0000;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const base = HART_BASE + HartSlot.counters;
  return {
    memory,
    buffer: memory.buffer as unknown as SharedArrayBuffer,
    consoleOut: CONSOLE_OUT,
    consoleIn: CONSOLE_IN,
    ringBytes: CONSOLE_RING_BYTES,
    ticks: HART_BASE + HartSlot.ticks,
    counters: Object.fromEntries(Object.entries(Counter).map(([name, offset]) => [name, base + offset])),
    pageFlags: layout.pageFlags,
    pageCount: layout.pageCount,
    dirtyFlag: PageFlag.dirty,
  };
}
