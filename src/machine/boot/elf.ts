import { BootError } from "./boot-error.ts";

/** One run of bytes to place: the rest up to `memoryBytes` is zero. */
export interface ElfSegment {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly memoryBytes: number;
  /** So many of its first bytes are the ELF's own headers, which linkers put before the code where they may. */
  readonly headerBytes: number;
}

/** What a machine needs of an ELF file; all addresses are guest physical. */
export interface Elf {
  readonly entry: number;
  readonly segments: readonly ElfSegment[];
  /** Where the program reports to its host (HTIF), when it has those symbols. */
  readonly tohost?: number;
  readonly fromhost?: number;
}

const ET_EXEC = 2;
const ET_DYN = 3;
const EM_RISCV = 243;
const PT_LOAD = 1;
const SHT_SYMTAB = 2;
const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const SECTION_HEADER_BYTES = 64;
const SYMBOL_BYTES = 24;

interface ProgramHeader {
  readonly offset: number;
  readonly virtualAddress: bigint;
  readonly physicalAddress: number;
  readonly fileBytes: number;
  readonly memoryBytes: number;
}

/** Whether the file starts as an ELF does. */
export function isElf(file: Uint8Array): boolean {
  return file[0] === 0x7f && file[1] === 0x45 && file[2] === 0x4c && file[3] === 0x46;
}

/**
 * Reads a 64-bit RISC-V executable (ELF-64 gABI). A position-independent one is placed `bias` bytes up.
 * Every offset and length is checked against the file: throws BootError with what is wrong.
 */
export function readElf(file: Uint8Array, bias: number): Elf {
  const reader = new Reader(file);
  checkHeader(reader);
  const shift = reader.u16(16) === ET_DYN ? bias : 0;
  const headers = programHeaders(reader);
  if (headers.length === 0)
    throw new BootError("The ELF file has nothing to load: link it as an executable, not as an object.");
  const entry = physical(headers, reader.u64(24));
  if (entry === undefined) {
    throw new BootError(
      "The ELF file's entry point lies outside what it loads: set it with the linker's -e or ENTRY().",
    );
  }
  const symbols = findSymbols(reader, headers, ["tohost", "fromhost"]);
  return {
    entry: entry + shift,
    segments: headers.map((header) => ({
      address: header.physicalAddress + shift,
      bytes: reader.bytes(header.offset, header.fileBytes, "a segment"),
      memoryBytes: header.memoryBytes,
      headerBytes: header.offset === 0 ? HEADER_BYTES + reader.u16(54) * reader.u16(56) : 0,
    })),
    ...(symbols["tohost"] === undefined ? {} : { tohost: symbols["tohost"] + shift }),
    ...(symbols["fromhost"] === undefined ? {} : { fromhost: symbols["fromhost"] + shift }),
  };
}

function checkHeader(reader: Reader): void {
  if (reader.length < HEADER_BYTES) throw truncated("its header");
  if (reader.u8(4) !== 2) throw new BootError("This is a 32-bit ELF file; the machine is 64-bit: build it for rv64.");
  if (reader.u8(5) !== 1) throw new BootError("This is a big-endian ELF file; the machine is little-endian.");
  const machine = reader.u16(18);
  if (machine !== EM_RISCV) {
    throw new BootError(`This ELF file is for another processor (machine number ${machine}); build it for riscv64.`);
  }
  const type = reader.u16(16);
  if (type !== ET_EXEC && type !== ET_DYN) {
    throw new BootError(`This ELF file is no executable (type ${type}): link it first.`);
  }
}

function programHeaders(reader: Reader): readonly ProgramHeader[] {
  const table = reader.size(32, "its program headers");
  const stride = reader.u16(54);
  const count = reader.u16(56);
  if (count > 0 && stride < PROGRAM_HEADER_BYTES) throw corrupt("its program headers are too short");
  reader.check(table, stride * count, "its program headers");
  const headers: ProgramHeader[] = [];
  for (let index = 0; index < count; index++) {
    const at = table + index * stride;
    if (reader.u32(at) !== PT_LOAD) continue;
    const header = {
      offset: reader.size(at + 8, "a segment"),
      virtualAddress: reader.u64(at + 16),
      physicalAddress: reader.size(at + 24, "a segment"),
      fileBytes: reader.size(at + 32, "a segment"),
      memoryBytes: reader.size(at + 40, "a segment"),
    };
    if (header.memoryBytes === 0) continue;
    if (header.fileBytes > header.memoryBytes) throw corrupt("a segment is larger in the file than in memory");
    reader.check(header.offset, header.fileBytes, "a segment");
    headers.push(header);
  }
  return headers;
}

/** Where a virtual address of the program is loaded; symbols and the entry may be linked elsewhere than they stand. */
function physical(headers: readonly ProgramHeader[], virtualAddress: bigint): number | undefined {
  for (const { virtualAddress: base, physicalAddress, memoryBytes } of headers) {
    const offset = virtualAddress - base;
    if (offset >= 0n && offset < BigInt(memoryBytes)) return physicalAddress + Number(offset);
  }
  return undefined;
}

/** Stripped files have no symbols; a symbol table that is not whole is as good as none. */
function findSymbols(
  reader: Reader,
  headers: readonly ProgramHeader[],
  wanted: readonly string[],
): Readonly<Record<string, number | undefined>> {
  const found: Record<string, number> = {};
  const table = sectionHeaders(reader).find((section) => section.type === SHT_SYMTAB);
  if (!table) return found;
  const names = sectionHeaders(reader)[table.link];
  if (!names || !reader.holds(table.offset, table.size) || !reader.holds(names.offset, names.size)) return found;
  for (let at = table.offset; at + SYMBOL_BYTES <= table.offset + table.size; at += SYMBOL_BYTES) {
    const name = reader.text(names.offset + reader.u32(at), names.offset + names.size);
    if (!wanted.includes(name)) continue;
    const address = physical(headers, reader.u64(at + 8));
    if (address !== undefined) found[name] = address;
  }
  return found;
}

interface SectionHeader {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

function sectionHeaders(reader: Reader): readonly SectionHeader[] {
  const table = Number(reader.u64(40));
  const stride = reader.u16(58);
  const count = reader.u16(60);
  if (stride < SECTION_HEADER_BYTES || !reader.holds(table, stride * count)) return [];
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * stride;
    return {
      type: reader.u32(at + 4),
      offset: Number(reader.u64(at + 24)),
      size: Number(reader.u64(at + 32)),
      link: reader.u32(at + 40),
    };
  });
}

function truncated(part: string): BootError {
  return new BootError(`The ELF file is truncated: it ends before ${part}. Copy or build it again.`);
}

function corrupt(how: string): BootError {
  return new BootError(`The ELF file is corrupt: ${how}. Copy or build it again.`);
}

/** Little-endian reads of a file whose header has been checked to be there. */
class Reader {
  readonly length: number;
  readonly #file: Uint8Array;
  readonly #view: DataView;

  constructor(file: Uint8Array) {
    this.length = file.length;
    this.#file = file;
    this.#view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  }

  u8(at: number): number {
    return this.#view.getUint8(at);
  }

  u16(at: number): number {
    return this.#view.getUint16(at, true);
  }

  u32(at: number): number {
    return this.#view.getUint32(at, true);
  }

  u64(at: number): bigint {
    return this.#view.getBigUint64(at, true);
  }

  /** A 64-bit offset, size or physical address; those past 2^53 exist nowhere. */
  size(at: number, part: string): number {
    const value = this.u64(at);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw corrupt(`${part} has an impossible place or size`);
    return Number(value);
  }

  holds(offset: number, byteLength: number): boolean {
    return offset >= 0 && byteLength >= 0 && offset + byteLength <= this.length;
  }

  check(offset: number, byteLength: number, part: string): void {
    if (!this.holds(offset, byteLength)) throw truncated(part);
  }

  bytes(offset: number, byteLength: number, part: string): Uint8Array {
    this.check(offset, byteLength, part);
    return this.#file.subarray(offset, offset + byteLength);
  }

  text(start: number, limit: number): string {
    let end = start;
    while (end < limit && end < this.length && this.#file[end] !== 0 && end - start < 64) end++;
    return String.fromCharCode(...this.#file.subarray(start, end));
  }
}
