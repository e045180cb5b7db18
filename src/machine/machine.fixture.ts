import { openSink } from "#devices/console.fixture.ts";
import { MemoryDisk, zeroBase } from "#devices/disks/memory-disk.ts";
import type { HartFace } from "#hart/face.ts";
import type { HartHost } from "#hart/state/hart-host.ts";
import { GuestMemory } from "#memory/guest-memory.ts";
import { HART_BASE, HartSlot } from "#memory/layout.ts";
import { words } from "#machine/boot/elf.fixture.ts";
import type { BootFiles, MachineConfig, MachineHost } from "./face.ts";
import { Machine } from "./machine.ts";

/** A hart that runs a TypeScript function per instruction, for tests of the board around it. */
export class ScriptedHart implements HartFace {
  readonly host: HartHost;
  readonly #memory: GuestMemory;
  readonly #step: (hart: ScriptedHart) => void;
  #exit = false;
  cachesDropped = 0;
  nextTimer: bigint | undefined;

  constructor(memory: GuestMemory, host: HartHost, step: (hart: ScriptedHart) => void) {
    this.#memory = memory;
    this.host = host;
    this.#step = step;
  }

  get ticks(): bigint {
    return this.#get(HartSlot.ticks);
  }

  get waiting(): boolean {
    return this.#get(HartSlot.waiting) !== 0n;
  }

  get pending(): bigint {
    return this.#get(HartSlot.mip);
  }

  get pc(): bigint {
    return this.#get(HartSlot.pc);
  }

  set pc(value: bigint) {
    this.#set(HartSlot.pc, value);
  }

  /** Waits until any interrupt is pending. */
  wait(): void {
    this.#set(HartSlot.waiting, 1n);
  }

  reset(pc: bigint): void {
    this.#memory.bytes.fill(0, HART_BASE, HART_BASE + HartSlot.counters);
    this.pc = pc;
  }

  run(budget: number): number {
    this.#exit = false;
    if (this.waiting && (this.pending !== 0n || this.#timerDue())) this.#set(HartSlot.waiting, 0n);
    let begun = 0;
    while (begun < budget && !this.#exit && !this.waiting) {
      begun++;
      this.#set(HartSlot.ticks, this.ticks + 1n);
      this.#step(this);
    }
    return begun;
  }

  requestExit(): void {
    this.#exit = true;
  }

  setInterruptPending(bit: number, level: boolean): void {
    const mask = 1n << BigInt(bit);
    this.#set(HartSlot.mip, level ? this.pending | mask : this.pending & ~mask);
  }

  x(register: number): bigint {
    return this.#get(HartSlot.x + register * 8);
  }

  setX(register: number, value: bigint): void {
    this.#set(HartSlot.x + register * 8, value);
  }

  csr(): bigint {
    return 0n;
  }

  dropCaches(): void {
    this.cachesDropped++;
  }

  fence(): void {
    this.cachesDropped++;
  }

  stateReplaced(): void {
    this.cachesDropped++;
  }

  flushWriteTlb(): void {}

  #timerDue(): boolean {
    return this.nextTimer !== undefined && this.host.time() >= this.nextTimer;
  }

  #get(slot: number): bigint {
    return this.#memory.view.getBigUint64(HART_BASE + slot, true);
  }

  #set(slot: number, value: bigint): void {
    this.#memory.view.setBigUint64(HART_BASE + slot, value, true);
  }
}

export const testConfig: MachineConfig = {
  memoryMiB: 16,
  firmware: "sbi",
  commandLine: "",
  clock: "virtual",
  diskCount: 1,
};

/** A machine around a scripted hart, with everything of its host in reach. */
export function scriptedMachine(
  step: (hart: ScriptedHart) => void,
  changes: Partial<MachineConfig> = {},
  files: BootFiles = { kernel: words(0x6f) },
  random: (bytes: Uint8Array) => void = (bytes) => bytes.fill(0x5a),
) {
  const config = { ...testConfig, ...changes };
  const output: number[] = [];
  const input: number[] = [];
  const log: string[] = [];
  const time = { now: 0n };
  const host: MachineHost = {
    clock: { now: () => time.now, epochNanoseconds: () => 1_700_000_000_000_000_000n },
    consoleOutput: openSink((byte) => output.push(byte)),
    consoleInput: { read: () => input.shift() ?? -1 },
    disks: Array.from({ length: config.diskCount }, () => new MemoryDisk({ base: zeroBase(0x10_0000) })),
    random,
    log: (message) => void log.push(message),
  };
  const memory = new GuestMemory(config.memoryMiB);
  const made: { hart?: ScriptedHart } = {};
  const machine = Machine.create(config, files, host, memory, (own, hartHost) => {
    made.hart = new ScriptedHart(own, hartHost, step);
    return made.hart;
  });
  return { machine, hart: made.hart!, memory, output, input, log, time, host };
}
