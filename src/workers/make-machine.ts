import { MemoryDisk, bytesBase } from "#devices/disks/memory-disk.ts";
import { NO_BOARD, type HartHost } from "#hart/state/hart-host.ts";
import { Hart } from "#hart/hart.ts";
import { warmUpTranslation } from "#hart/translator/translation-warm-up.ts";
import type { MachineParts } from "#machine/face.ts";
import { Machine } from "#machine/machine.ts";
import type { GuestMemory } from "#memory/guest-memory.ts";
import { Counter, HART_BASE, HartSlot } from "#memory/layout.ts";
import type { BootMessage, GuestEngine } from "#protocol/messages.ts";
import type { RunnableMachine, RunnerMachineHost } from "./runner-face.ts";

/** Most bytes that a guest may write over its disks before they are full. */
const OVERLAY_BYTES_MAX = 512 * 2 ** 20;

/** A hart whose board comes later. */
interface PreparedHart {
  readonly hart: Hart;
  readonly setHost: (host: HartHost) => void;
}

/** Enough that V8 finds the interpreter's loop worth optimising, which it then does in another thread. */
const WARM_UP_TRAPS = 20_000;

/** This worker's, until its machine is made. */
let prepared: PreparedHart | undefined;

/** Emits and compiles the engine of the machine that will be made over `memory`, and has it optimised. */
export function prepareHart(memory: GuestMemory, engine: GuestEngine): void {
  prepared = newHart(memory, engine);
  const { hart } = prepared;
  // There is no code yet: every fetch traps, and the trap's handler is not there either.
  hart.reset(0n, "M");
  hart.run(WARM_UP_TRAPS);
  if (engine === "translator") warmUpTranslation();
  for (const counter of [Counter.traps, Counter.slices]) {
    memory.view.setBigUint64(HART_BASE + HartSlot.counters + counter, 0n, true);
  }
}

function newHart(memory: GuestMemory, engine: GuestEngine): PreparedHart {
  let board: HartHost = NO_BOARD;
  const host: HartHost = {
    readDevice: (address, width) => board.readDevice(address, width),
    writeDevice: (address, width, value) => board.writeDevice(address, width, value),
    time: () => board.time(),
    timerChanged: () => board.timerChanged(),
    sbiCall: () => board.sbiCall?.() ?? false,
    calledOut: () => board.calledOut?.(),
  };
  const hart = new Hart(memory, host, engine, { now: () => performance.now() });
  return {
    hart,
    setHost: (found) => {
      board = found;
    },
  };
}

/** The composition root of one guest: hart, engine, devices and disks over its memory. Throws BootError. */
export function makeMachine(boot: BootMessage, memory: GuestMemory, host: RunnerMachineHost): RunnableMachine {
  const disks = boot.disks.map(
    (buffer) => new MemoryDisk({ base: bytesBase(new Uint8Array(buffer)), overlayBytesMax: OVERLAY_BYTES_MAX }),
  );
  const files = {
    kernel: new Uint8Array(boot.kernel),
    ...(boot.initrd && { initrd: new Uint8Array(boot.initrd) }),
  };
  const { hart, setHost } = prepared ?? newHart(memory, boot.engine);
  prepared = undefined;
  const machine = Machine.create(boot.settings, files, { ...host, disks }, memory, (_, hartHost) => {
    setHost(hartHost);
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
    pagesCleaned: () => hart.flushWriteTlb(),
    stateHash: () => machine.stateHash(),
    get ticks() {
      return machine.hart.ticks;
    },
    resizeConsole: (columns, rows) => machine.resizeConsole(columns, rows),
  };
}
