/** One window of guest physical addresses. */
export interface MapEntry {
  /** The device's name: on the bus, in parts of a snapshot, in logs. */
  readonly name: string;
  /** The device tree's generic name for it (Devicetree Specification §2.2.2). */
  readonly node: string;
  readonly base: number;
  readonly size: number;
  /** Its wire to the PLIC. */
  readonly interrupt?: number;
  readonly compatible: readonly string[];
}

/** Slots for virtio devices; slot n stands at 0x10001000 + n · 0x1000 with interrupt n + 1. QEMU has the first eight. */
export const VIRTIO_SLOTS = 9;
export const VIRTIO_BASE = 0x1000_1000;

/** Slots from 0 on are disks; the last three are taken. */
export const VIRTIO_ENTROPY_SLOT = 6;
export const VIRTIO_CONSOLE_SLOT = 7;
/** Behind the first console, so that Linux calls that one hvc0 and this one hvc1. */
export const VIRTIO_TIME_SLOT = 8;
export const MAX_DISKS = VIRTIO_ENTROPY_SLOT;

/** The name of the device in a virtio slot. */
export function virtioName(slot: number): string {
  return `virtio${slot}`;
}

/** QEMU `virt`'s memory map, as far as this machine has it, and what it has no place for. Bus and device tree are both made from it. */
export const MEMORY_MAP: readonly MapEntry[] = [
  {
    name: "test-finisher",
    node: "test",
    base: 0x10_0000,
    size: 0x1000,
    compatible: ["sifive,test1", "sifive,test0", "syscon"],
  },
  {
    name: "goldfish-rtc",
    node: "rtc",
    base: 0x10_1000,
    size: 0x1000,
    interrupt: 11,
    compatible: ["google,goldfish-rtc"],
  },
  { name: "clint", node: "clint", base: 0x200_0000, size: 0x1_0000, compatible: ["sifive,clint0", "riscv,clint0"] },
  // Where QEMU's platform bus begins: devices that the board itself does not have.
  { name: "vmgenid", node: "rng", base: 0x400_0000, size: 0x1000, interrupt: 64, compatible: ["microsoft,vmgenid"] },
  { name: "plic", node: "plic", base: 0xc00_0000, size: 0x60_0000, compatible: ["sifive,plic-1.0.0", "riscv,plic0"] },
  { name: "ns16550", node: "serial", base: 0x1000_0000, size: 0x100, interrupt: 10, compatible: ["ns16550a"] },
  ...Array.from({ length: VIRTIO_SLOTS }, (_, slot) => ({
    name: virtioName(slot),
    node: "virtio_mmio",
    base: VIRTIO_BASE + slot * 0x1000,
    size: 0x1000,
    interrupt: slot + 1,
    compatible: ["virtio,mmio"],
  })),
];

/** The map's entry of that name; throws RangeError where there is none. */
export function mapEntry(name: string): MapEntry {
  const entry = MEMORY_MAP.find((candidate) => candidate.name === name);
  if (!entry) throw new RangeError(`the memory map has no ${name}`);
  return entry;
}
