import { Bus } from "#devices/bus.ts";
import { Clint } from "#devices/clint.ts";
import type { Device, InterruptLine } from "#devices/device.ts";
import { GoldfishRtc } from "#devices/goldfish-rtc.ts";
import { Ns16550 } from "#devices/ns16550.ts";
import { Plic } from "#devices/plic.ts";
import { TestFinisher } from "#devices/test-finisher.ts";
import { VirtioBlock } from "#devices/virtio/block.ts";
import { VirtioConsole } from "#devices/virtio/console.ts";
import { VirtioEntropy } from "#devices/virtio/entropy.ts";
import { VirtioMmio } from "#devices/virtio/mmio.ts";
import type { VirtioDevice } from "#devices/virtio/virtio-device.ts";
import { VmGenId } from "#devices/vmgenid.ts";
import { InterruptBit, type HartFace } from "#hart/face.ts";
import type { GuestMemory } from "#memory/guest-memory.ts";
import type { MachineHost } from "./face.ts";
import type { GuestClock } from "./guest-clock.ts";
import {
  MEMORY_MAP,
  VIRTIO_CONSOLE_SLOT,
  VIRTIO_ENTROPY_SLOT,
  VIRTIO_SLOTS,
  VIRTIO_TIME_SLOT,
  virtioName,
} from "./memory-map.ts";
import { TimeLine } from "./time-line.ts";

/** What the devices ask of the machine that they are part of. */
export interface BoardHost {
  readonly host: MachineHost;
  readonly memory: GuestMemory;
  readonly hart: HartFace;
  readonly clock: GuestClock;
  finish(code: number): void;
  reboot(): void;
  /** mtime or mtimecmp was written. */
  timerChanged(): void;
}

/** The devices of one machine, wired to its interrupt controllers and placed by the memory map. */
export class Board {
  readonly bus: Bus;
  readonly clint: Clint;
  readonly rtc: GoldfishRtc;
  readonly uart: Ns16550;
  readonly #console: VirtioConsole;
  readonly #generation: VmGenId;
  readonly #plic: Plic;
  readonly #slots: readonly VirtioMmio[];
  /** Every device by its name in the memory map; restored in that order. */
  readonly #devices: ReadonlyMap<string, Device>;

  constructor({ host, memory, hart, clock, finish, reboot, timerChanged }: BoardHost) {
    const line = (bit: number): InterruptLine => ({
      set: (level) => {
        hart.setInterruptPending(bit, level);
        if (level) hart.requestExit();
      },
    });
    const { log } = host;
    const plic = new Plic([line(InterruptBit.MEIP), line(InterruptBit.SEIP)], host.log);
    this.clint = new Clint({
      time: () => clock.now(),
      softwareInterrupt: line(InterruptBit.MSIP),
      timerInterrupt: line(InterruptBit.MTIP),
      timerChanged,
    });
    const wire = (name: string): InterruptLine => plic.source(interruptOf(name));
    this.rtc = new GoldfishRtc({ epochNanoseconds: () => clock.epochNanoseconds(), line: wire("goldfish-rtc") });
    this.uart = new Ns16550({ line: wire("ns16550"), output: host.consoleOutput, input: host.consoleInput, log });
    this.#console = new VirtioConsole();
    this.#generation = new VmGenId({ line: wire("vmgenid"), random: host.random });
    const behind = virtioDevices(host, this.#console, new VirtioConsole(undefined, new TimeLine(clock)));
    this.#slots = behind.map((device, slot) => new VirtioMmio({ memory, line: wire(virtioName(slot)), log }, device));
    this.#plic = plic;
    this.#devices = new Map<string, Device>([
      ["plic", plic],
      ["clint", this.clint],
      ["ns16550", this.uart],
      ["goldfish-rtc", this.rtc],
      ["test-finisher", new TestFinisher({ finish, reboot })],
      ["vmgenid", this.#generation],
      ...this.#slots.map((device, slot) => [virtioName(slot), device] as const),
    ]);
    this.bus = new Bus(MEMORY_MAP.map(({ name, base }) => ({ base, device: this.#device(name) })));
  }

  /** Looks at the outside world: console input, sinks that refused output, requests left over. */
  poll(): void {
    this.uart.poll();
    for (const slot of this.#slots) slot.poll();
  }

  /** Drives what hangs on the clock alone. */
  pollTimers(): void {
    this.clint.poll();
    this.rtc.poll();
  }

  resizeConsole(columns: number, rows: number): void {
    this.#console.resize(columns, rows);
  }

  /** The machine goes on from a snapshot, as others did or will: the guest learns that it is another one now. */
  renewGeneration(): void {
    this.#generation.renew();
  }

  reset(): void {
    // Devices first: they lower their lines.
    for (const device of this.#devices.values()) if (device !== this.#plic) device.reset();
    this.#plic.reset();
  }

  save(): Record<string, unknown> {
    return Object.fromEntries([...this.#devices].map(([name, device]) => [name, device.save()]));
  }

  /** Throws TypeError where a device's state is missing or not its own. */
  restore(states: Readonly<Record<string, unknown>>): void {
    for (const [name, device] of this.#devices) if (device !== this.#plic) device.restore(states[name]);
    // Last: lines that the others drove are no events.
    this.#plic.restore(states["plic"]);
  }

  #device(name: string): Device {
    const device = this.#devices.get(name);
    if (!device) throw new RangeError(`the memory map has a ${name}, the board has none`);
    return device;
  }
}

/** What stands behind each virtio slot: disks from slot 0 on, entropy and the two consoles in the last three. */
function virtioDevices(
  host: MachineHost,
  console: VirtioConsole,
  time: VirtioConsole,
): readonly (VirtioDevice | undefined)[] {
  return Array.from({ length: VIRTIO_SLOTS }, (_, slot) => {
    if (slot === VIRTIO_ENTROPY_SLOT) return new VirtioEntropy(host.random);
    if (slot === VIRTIO_CONSOLE_SLOT) return console;
    if (slot === VIRTIO_TIME_SLOT) return time;
    const disk = host.disks[slot];
    return disk && new VirtioBlock(disk, `disk${slot}`, host.log);
  });
}

function interruptOf(name: string): number {
  const interrupt = MEMORY_MAP.find((entry) => entry.name === name)?.interrupt;
  if (interrupt === undefined) throw new RangeError(`${name} has no interrupt in the memory map`);
  return interrupt;
}
