import type { GuestMemory } from "#memory/guest-memory.ts";
import { PAGE_BYTES, RAM_BASE } from "#memory/layout.ts";
import { BootError } from "./boot-error.ts";
import { deviceTree } from "./device-tree.ts";
import { isElf, readElf, type ElfSegment } from "./elf.ts";
import type { BootFiles, MachineConfig } from "#machine/face.ts";
import { checkInitrd } from "./initrd.ts";
import { readKernelImage } from "./kernel-image.ts";

const MIB = 0x10_0000;
/** Device trees stand on such a boundary at the end of RAM, as on QEMU: firmware may map them as one large page. */
const DEVICE_TREE_ALIGNMENT = 2 * MIB;
/** Room for a kernel's first allocations, asked for beyond what is loaded. */
const SPARE_BYTES = MIB;
/** More RAM than that fits into no shared memory. */
export const MAX_MEMORY_MIB = 3072;
/** Seed bytes for the guest's random number generator. */
const SEED_BYTES = 64;

/** Where everything was put, and how the hart starts: hart id in a0, device tree in a1. */
export interface Booted {
  readonly entry: number;
  readonly deviceTree: number;
  readonly mode: "M" | "S";
  readonly tohost?: number;
  readonly fromhost?: number;
}

interface Payload {
  readonly entry: number;
  readonly segments: readonly ElfSegment[];
  readonly tohost?: number;
  readonly fromhost?: number;
}

/**
 * Puts the boot files and a device tree into RAM, which must be zero: kernel where it wants to stand, device tree and initrd at
 * the end of RAM. Refuses with a BootError before anything is written.
 */
export function loadBootFiles(
  config: MachineConfig,
  files: BootFiles,
  memory: GuestMemory,
  random: (bytes: Uint8Array) => void,
): Booted {
  const payload = readPayload(config, files.kernel);
  if (files.initrd) checkInitrd(files.initrd);
  const seed = new Uint8Array(SEED_BYTES);
  random(seed);
  const options = { memoryBytes: memory.layout.ramBytes, commandLine: config.commandLine, seed };
  const initrdBytes = files.initrd?.length ?? 0;
  const treeBytes = deviceTree({ ...options, initrd: { start: 0, end: 0 } }).length;

  const ramEnd = RAM_BASE + memory.layout.ramBytes;
  const treeAddress = alignDown(ramEnd - treeBytes, DEVICE_TREE_ALIGNMENT);
  const initrdStart = alignDown(treeAddress - initrdBytes, PAGE_BYTES);
  checkRoom(payload.segments, initrdBytes, initrdBytes > 0 ? initrdStart : treeAddress, memory.layout.ramBytes);

  for (const segment of payload.segments) memory.write(segment.address, segment.bytes);
  if (files.initrd) memory.write(initrdStart, files.initrd);
  const initrd = files.initrd ? { initrd: { start: initrdStart, end: initrdStart + initrdBytes } } : {};
  memory.write(treeAddress, deviceTree({ ...options, ...initrd }));
  return {
    entry: payload.entry,
    deviceTree: treeAddress,
    mode: config.firmware === "sbi" ? "S" : "M",
    ...(payload.tohost === undefined ? {} : { tohost: payload.tohost }),
    ...(payload.fromhost === undefined ? {} : { fromhost: payload.fromhost }),
  };
}

function readPayload(config: MachineConfig, kernel: Uint8Array): Payload {
  if (isElf(kernel)) {
    const elf = readElf(kernel, RAM_BASE);
    return { ...elf, segments: elf.segments.map(withoutHeaders) };
  }
  const { textOffset, memoryBytes } = readKernelImage(kernel);
  const address = RAM_BASE + (config.firmware === "sbi" ? textOffset : 0);
  return { entry: address, segments: [{ address, bytes: kernel, memoryBytes, headerBytes: 0 }] };
}

/** A program linked for the start of RAM may bring its headers on a page before: nobody needs them. */
function withoutHeaders(segment: ElfSegment): ElfSegment {
  const below = RAM_BASE - segment.address;
  const isHeaders =
    below > 0 &&
    below < segment.bytes.length &&
    segment.bytes.subarray(segment.headerBytes, below).every((b) => b === 0);
  if (segment.headerBytes === 0 || !isHeaders) return segment;
  const { bytes, memoryBytes } = segment;
  return { address: RAM_BASE, bytes: bytes.subarray(below), memoryBytes: memoryBytes - below, headerBytes: 0 };
}

/** Everything from the lowest segment up to `limit` must hold the payload; what stands above is initrd and device tree. */
function checkRoom(segments: readonly ElfSegment[], initrdBytes: number, limit: number, ramBytes: number): void {
  const start = segments.reduce((lowest, segment) => Math.min(lowest, segment.address), Infinity);
  if (start < RAM_BASE) {
    throw new BootError(
      `The program is linked for address 0x${start.toString(16)}, where the machine has no RAM: link it for 0x80000000 or above.`,
    );
  }
  const end = segments.reduce((highest, segment) => Math.max(highest, segment.address + segment.memoryBytes), 0);
  if (end <= limit) return;
  const aboveBytes = initrdBytes + PAGE_BYTES + DEVICE_TREE_ALIGNMENT;
  const needed = Math.ceil((end - RAM_BASE + aboveBytes + SPARE_BYTES) / MIB);
  if (needed > MAX_MEMORY_MIB) {
    throw new BootError(
      `The program is linked for address 0x${start.toString(16)}, where no guest has RAM: link it lower.`,
    );
  }
  throw new BootError(
    `The files do not fit into ${Math.floor(ramBytes / MIB)} MiB of memory: give the guest ${needed} MiB or more.`,
  );
}

function alignDown(value: number, alignment: number): number {
  return Math.floor(value / alignment) * alignment;
}
