import { PAGE_BYTES } from "#memory/layout.ts";
import { BootError } from "./boot-error.ts";

/** How much memory a flat kernel takes, and where from the start of RAM it wants to stand. */
export interface FlatKernel {
  readonly textOffset: number;
  /** From its first byte on, with what it clears for itself. */
  readonly memoryBytes: number;
}

const LINUX_HEADER_BYTES = 64;
/** "RSC\x05", Linux Documentation/arch/riscv/boot-image-header.rst. */
const LINUX_MAGIC2 = 0x0543_5352;
/** Where OpenSBI's payload, U-Boot in S-mode and Linux stand: 2 MiB into RAM. */
const DEFAULT_TEXT_OFFSET = 0x20_0000;
const SECTION_BYTES = 40;
const PE_HEADER_BYTES = 24;

/** First bytes of files that people take for kernels, and what to do with them. */
const MISTAKES: readonly (readonly [number[], string])[] = [
  [[0x1f, 0x8b], "is compressed with gzip: decompress it first (gunzip)"],
  [[0x28, 0xb5, 0x2f, 0xfd], "is compressed with zstd: decompress it first (unzstd)"],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], "is compressed with xz: decompress it first (unxz)"],
  [[0x30, 0x37, 0x30, 0x37, 0x30], "is a cpio archive: hand it in as the initrd, not as the kernel"],
  [[0x21, 0x3c, 0x61, 0x72, 0x63, 0x68, 0x3e], "is a package or library archive: extract the kernel from it"],
  [[0xd0, 0x0d, 0xfe, 0xed], "is a device tree or FIT: extract the kernel from it"],
];

/** Reads a Linux Image's header, or takes the file as a raw binary for RAM + 2 MiB. Throws BootError. */
export function readKernelImage(file: Uint8Array): FlatKernel {
  if (file.length === 0) throw new BootError("The kernel file is empty: download or build it again.");
  for (const [magic, advice] of MISTAKES) {
    if (magic.every((byte, index) => file[index] === byte)) throw new BootError(`The kernel ${advice}.`);
  }
  if (file.every((byte) => byte === 0))
    throw new BootError("The kernel file holds nothing but zeros: download it again.");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length >= LINUX_HEADER_BYTES && view.getUint32(56, true) === LINUX_MAGIC2) return linuxImage(view);
  if (file[0] === 0x4d && file[1] === 0x5a) {
    throw new BootError(
      "The kernel is a PE file without a RISC-V Linux header: it is corrupt, or for another processor.",
    );
  }
  return { textOffset: DEFAULT_TEXT_OFFSET, memoryBytes: file.length };
}

function linuxImage(view: DataView): FlatKernel {
  const textOffset = view.getBigUint64(8, true);
  const imageSize = view.getBigUint64(16, true);
  if (textOffset % BigInt(PAGE_BYTES) !== 0n || textOffset > 0x4000_0000n || imageSize > 0x4000_0000n) {
    throw new BootError(
      "The kernel's Image header is corrupt: its offset or size is impossible. Download or build it again.",
    );
  }
  const wholeBytes = peBytes(view);
  if (wholeBytes > view.byteLength) {
    const missing = wholeBytes - view.byteLength;
    throw new BootError(
      `The kernel file is truncated: ${missing} of ${wholeBytes} bytes are missing. Download it again.`,
    );
  }
  return { textOffset: Number(textOffset), memoryBytes: Math.max(Number(imageSize), view.byteLength) };
}

/** How long the file must be by its PE sections (an Image with an EFI stub is a PE file too); 0 where it has none. */
function peBytes(view: DataView): number {
  if (view.getUint16(0, true) !== 0x5a4d) return 0;
  const header = view.getUint32(60, true);
  if (header + PE_HEADER_BYTES > view.byteLength) return header + PE_HEADER_BYTES;
  if (view.getUint32(header, true) !== 0x4550) return 0;
  const sections = view.getUint16(header + 6, true);
  const table = header + PE_HEADER_BYTES + view.getUint16(header + 20, true);
  let end = table + sections * SECTION_BYTES;
  if (end > view.byteLength) return end;
  for (let section = 0; section < sections; section++) {
    const at = table + section * SECTION_BYTES;
    end = Math.max(end, view.getUint32(at + 20, true) + view.getUint32(at + 16, true));
  }
  return end;
}
