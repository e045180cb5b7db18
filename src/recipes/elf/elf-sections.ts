export const SHT_NULL = 0;
export const SHT_SYMTAB = 2;
export const SHT_RELA = 4;
export const SHT_NOBITS = 8;
export const SHF_ALLOC = 2n;

const HEADER_BYTES = 64;
const SECTION_HEADER_BYTES = 64;
const HEADER_BYTES_32 = 52;
const SECTION_HEADER_BYTES_32 = 40;

/** One section header of a little-endian ELF64 file, with its contents (System V ABI, "Sections"). */
export interface Section {
  readonly name: string;
  nameOffset: number;
  type: number;
  readonly flags: bigint;
  readonly address: bigint;
  link: number;
  info: number;
  readonly alignment: bigint;
  readonly entrySize: bigint;
  /** Bytes in memory; of SHT_NOBITS there is no `content`. */
  size: number;
  content: Uint8Array;
}

/** A relocatable file taken apart: its header's bytes and its sections in order. */
export interface Relocatable {
  readonly header: Uint8Array;
  readonly sections: Section[];
  readonly nameSection: number;
}

/** Takes a relocatable ELF64 file apart; throws an Error that says what is wrong with it. */
export function readRelocatable(bytes: Uint8Array): Relocatable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || view.getUint32(0) !== 0x7f454c46 || bytes[4] !== 2 || bytes[5] !== 1) {
    throw new Error("not a little-endian ELF64 file");
  }
  const offset = Number(view.getBigUint64(40, true));
  const count = view.getUint16(60, true);
  const nameSection = view.getUint16(62, true);
  if (offset + count * SECTION_HEADER_BYTES > bytes.length) throw new Error("the section headers lie past its end");
  const raw = Array.from({ length: count }, (_, index) =>
    readHeader(bytes, view, offset + index * SECTION_HEADER_BYTES),
  );
  const names = raw[nameSection]?.content ?? new Uint8Array();
  const sections = raw.map((section) => ({ ...section, name: textAt(names, section.nameOffset) }));
  return { header: bytes.slice(0, HEADER_BYTES), sections, nameSection };
}

function readHeader(bytes: Uint8Array, view: DataView, at: number): Section {
  const type = view.getUint32(at + 4, true);
  const offset = Number(view.getBigUint64(at + 24, true));
  const size = Number(view.getBigUint64(at + 32, true));
  const stored = type === SHT_NULL || type === SHT_NOBITS ? 0 : size;
  if (offset + stored > bytes.length) throw new Error("a section lies past its end");
  return {
    name: "",
    nameOffset: view.getUint32(at, true),
    type,
    flags: view.getBigUint64(at + 8, true),
    address: view.getBigUint64(at + 16, true),
    link: view.getUint32(at + 40, true),
    info: view.getUint32(at + 44, true),
    alignment: view.getBigUint64(at + 48, true),
    entrySize: view.getBigUint64(at + 56, true),
    size,
    content: bytes.subarray(offset, offset + stored),
  };
}

/** What a section of a little-endian ELF file of either class holds; undefined where there is none of that name. */
export function sectionContent(bytes: Uint8Array, name: string): Uint8Array | undefined {
  if (!isElf32(bytes)) return readRelocatable(bytes).sections.find((section) => section.name === name)?.content;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headers = view.getUint32(32, true);
  const count = view.getUint16(48, true);
  if (headers + count * SECTION_HEADER_BYTES_32 > bytes.length) throw new Error("the section headers lie past its end");
  const content = (index: number): Uint8Array => {
    const at = headers + index * SECTION_HEADER_BYTES_32;
    const offset = view.getUint32(at + 16, true);
    return bytes.subarray(offset, offset + view.getUint32(at + 20, true));
  };
  const names = content(view.getUint16(50, true));
  const nameOf = (index: number) => textAt(names, view.getUint32(headers + index * SECTION_HEADER_BYTES_32, true));
  const found = Array.from({ length: count }, (_, index) => index).find((index) => nameOf(index) === name);
  return found === undefined ? undefined : content(found);
}

/** Whether it is a little-endian ELF32 file, as far as its first bytes say. */
export function isElf32(bytes: Uint8Array): boolean {
  const magic = [0x7f, 0x45, 0x4c, 0x46, 1, 1];
  return bytes.length >= HEADER_BYTES_32 && magic.every((byte, index) => bytes[index] === byte);
}

/** Puts a relocatable file together again, sections in their order, section headers last. */
export function writeRelocatable({ header, sections }: Relocatable): Uint8Array {
  const offsets: number[] = [];
  let end = HEADER_BYTES;
  for (const section of sections) {
    end = alignUp(end, Math.max(1, Number(section.alignment)));
    offsets.push(section.type === SHT_NULL ? 0 : end);
    end += section.content.length;
  }
  const headersAt = alignUp(end, 8);
  const bytes = new Uint8Array(headersAt + sections.length * SECTION_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(header);
  view.setBigUint64(40, BigInt(headersAt), true);
  sections.forEach((section, index) => {
    const offset = offsets[index] ?? 0;
    bytes.set(section.content, offset);
    writeHeader(view, headersAt + index * SECTION_HEADER_BYTES, section, offset);
  });
  return bytes;
}

function writeHeader(view: DataView, at: number, section: Section, offset: number): void {
  view.setUint32(at, section.nameOffset, true);
  view.setUint32(at + 4, section.type, true);
  view.setBigUint64(at + 8, section.flags, true);
  view.setBigUint64(at + 16, section.address, true);
  view.setBigUint64(at + 24, BigInt(offset), true);
  view.setBigUint64(at + 32, BigInt(section.size), true);
  view.setUint32(at + 40, section.link, true);
  view.setUint32(at + 44, section.info, true);
  view.setBigUint64(at + 48, section.alignment, true);
  view.setBigUint64(at + 56, section.entrySize, true);
}

/** The NUL-terminated text at an offset of a string table. */
export function textAt(table: Uint8Array, offset: number): string {
  const end = table.indexOf(0, offset);
  return Buffer.from(table.subarray(offset, end < 0 ? table.length : end)).toString("latin1");
}

function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}
