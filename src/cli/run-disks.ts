import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { bytesBase, MemoryDisk, zeroBase, type DiskBase } from "#devices/disks/memory-disk.ts";
import { SECTOR_BYTES, type Disk } from "#devices/disks/disk.ts";
import { UsageError } from "./usage-error.ts";

const UNITS: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** Most bytes that a guest may write over a disk before it is full: they are kept in memory. */
const OVERLAY_BYTES_MAX = 4 * 2 ** 30;

/** A disk from `--disk FILE|SIZE`: a size makes an empty one, else the file's content under an overlay in memory. Throws UsageError. */
export function openDisk(description: string): Disk {
  const size = /^(\d+)([KMG])$/.exec(description);
  return new MemoryDisk({
    base: size ? zeroBase(Number(size[1]) * (UNITS[size[2] ?? ""] ?? 0)) : fileBase(description),
    overlayBytesMax: OVERLAY_BYTES_MAX,
  });
}

/** A file, read as the guest asks for it; the last sector is filled up with zeros. */
function fileBase(path: string): DiskBase {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--disk takes a file or a size such as 64M; "${path}" cannot be read: ${why}`);
  }
  const { size } = fstatSync(file);
  if (size === 0) {
    closeSync(file);
    return bytesBase(new Uint8Array(0));
  }
  return {
    byteLength: Math.ceil(size / SECTOR_BYTES) * SECTOR_BYTES,
    read(offset, target) {
      const read = readSync(file, target, 0, target.length, offset);
      target.fill(0, read);
    },
  };
}
