import { BootError } from "./boot-error.ts";

const CPIO_HEADER_BYTES = 110;
const CPIO_TRAILER = "TRAILER!!!";

/** What the kernel can unpack or mount, by the first bytes at an offset. */
const KNOWN: readonly (readonly [offset: number, magic: readonly number[]])[] = [
  [0, [0x1f, 0x8b]],
  [0, [0x28, 0xb5, 0x2f, 0xfd]],
  [0, [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  [0, [0x42, 0x5a, 0x68]],
  [0, [0x5d, 0x00, 0x00]],
  [0, [0x89, 0x4c, 0x5a, 0x4f]],
  [0, [0x02, 0x21, 0x4c, 0x18]],
  [0, [0x30, 0x37, 0x30, 0x37, 0x30, 0x37]],
  [0, [0x68, 0x73, 0x71, 0x73]],
  [1080, [0x53, 0xef]],
];

/**
 * Refuses an initrd that the kernel could not unpack, as far as it shows without decompressing: throws BootError.
 * An uncompressed cpio archive is walked to its trailer.
 */
export function checkInitrd(file: Uint8Array): void {
  if (file.length === 0) throw new BootError("The initrd file is empty: build it again, or start without one.");
  if (startsWith(file, "070701") || startsWith(file, "070702")) {
    checkCpio(file);
    return;
  }
  const known = KNOWN.some(([offset, magic]) => magic.every((byte, index) => file[offset + index] === byte));
  if (!known) {
    throw new BootError(
      "The initrd is corrupt, or neither a cpio archive nor compressed in a known way: build it again.",
    );
  }
}

/** Walks the entries of a "newc" archive (Linux Documentation/driver-api/early-userspace/buffer-format.rst). */
function checkCpio(file: Uint8Array): void {
  for (let at = 0; ;) {
    if (at + CPIO_HEADER_BYTES > file.length) throw truncated(file);
    if (!startsWith(file, "07070", at)) {
      throw new BootError(`The initrd is corrupt: no cpio entry at byte ${at}. Build or download it again.`);
    }
    const nameBytes = hexadecimal(file, at + 94);
    const fileBytes = hexadecimal(file, at + 54);
    const nameEnd = at + CPIO_HEADER_BYTES + nameBytes;
    const end = align4(align4(nameEnd) + fileBytes);
    if (nameEnd > file.length) throw truncated(file);
    if (startsWith(file, CPIO_TRAILER, at + CPIO_HEADER_BYTES)) return;
    if (end > file.length) throw truncated(file);
    at = end;
  }
}

function truncated(file: Uint8Array): BootError {
  return new BootError(
    `The initrd is truncated: its cpio archive does not end within ${file.length} bytes. Build or download it again.`,
  );
}

function align4(value: number): number {
  return Math.ceil(value / 4) * 4;
}

function startsWith(file: Uint8Array, text: string, at = 0): boolean {
  for (let index = 0; index < text.length; index++) {
    if (file[at + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

function hexadecimal(file: Uint8Array, at: number): number {
  const text = String.fromCharCode(...file.subarray(at, at + 8));
  if (!/^[0-9a-fA-F]{8}$/.test(text)) {
    throw new BootError(
      `The initrd is corrupt: a cpio header has no number at byte ${at}. Build or download it again.`,
    );
  }
  return Number.parseInt(text, 16);
}
