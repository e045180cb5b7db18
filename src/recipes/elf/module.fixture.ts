import { type Section, writeRelocatable } from "./elf-sections.ts";

const SHT_PROGBITS = 1;
const SHT_STRTAB = 3;

/** A symbol of the made-up module: local labels are `[name, 0x00]`, functions `0x02`, global functions `0x12`. */
export interface FixtureSymbol {
  readonly name: string;
  readonly info: number;
  readonly section: number;
}

function section(name: string, type: number, flags: bigint, content: Uint8Array, more: Partial<Section> = {}): Section {
  const plain = { nameOffset: 0, address: 0n, link: 0, info: 0, alignment: 1n, entrySize: 0n };
  return { name, type, flags, ...plain, size: content.length, content, ...more };
}

/** A relocatable with .text, .rela.text (one relocation for each of `references`), .modinfo, .BTF and symbols. */
export function makeModule(
  modinfo: string,
  symbols: readonly FixtureSymbol[],
  references: readonly number[],
): Uint8Array {
  const strings = Buffer.from(`\0${symbols.map(({ name }) => `${name}\0`).join("")}`);
  const table = Buffer.alloc(24 * (symbols.length + 1));
  let nameAt = 1;
  symbols.forEach((symbol, index) => {
    const at = 24 * (index + 1);
    table.writeUInt32LE(nameAt, at);
    table.writeUInt8(symbol.info, at + 4);
    table.writeUInt16LE(symbol.section, at + 6);
    table.writeBigUInt64LE(BigInt(index), at + 8);
    nameAt += symbol.name.length + 1;
  });
  const relocations = Buffer.alloc(24 * references.length);
  references.forEach((symbol, index) => {
    relocations.writeBigUInt64LE(BigInt(index * 4), 24 * index);
    relocations.writeBigUInt64LE((BigInt(symbol) << 32n) | 2n, 24 * index + 8);
  });
  const sections = [
    section("", 0, 0n, new Uint8Array()),
    section(".text", SHT_PROGBITS, 6n, new Uint8Array(64).fill(0x13), { alignment: 4n }),
    section(".rela.text", 4, 0x40n, relocations, { link: 5, info: 1, alignment: 8n, entrySize: 24n }),
    section(".modinfo", SHT_PROGBITS, 2n, Buffer.from(modinfo.replaceAll("\n", "\0"))),
    section(".BTF", SHT_PROGBITS, 0n, new Uint8Array(500)),
    section(".symtab", 2, 0n, table, { link: 6, info: symbols.length + 1, alignment: 8n, entrySize: 24n }),
    section(".strtab", SHT_STRTAB, 0n, strings),
    section(".shstrtab", SHT_STRTAB, 0n, new Uint8Array()),
  ];
  nameSections(sections);
  const header = Buffer.alloc(64);
  header.write("\x7fELF\x02\x01\x01", "latin1");
  header.writeUInt16LE(1, 16);
  header.writeUInt16LE(243, 18);
  header.writeUInt16LE(sections.length, 60);
  header.writeUInt16LE(sections.length - 1, 62);
  return writeRelocatable({ header, sections, nameSection: sections.length - 1 });
}

/** An ELF32 relocatable with nothing but .modinfo and its section names. */
export function makeModule32(modinfo: string): Uint8Array {
  const names = Buffer.from("\0.modinfo\0.shstrtab\0");
  const content = Buffer.from(modinfo.replaceAll("\n", "\0"));
  const header = Buffer.alloc(52);
  header.write("\x7fELF\x01\x01\x01", "latin1");
  header.writeUInt32LE(header.length + names.length + content.length, 32);
  header.writeUInt16LE(3, 48);
  header.writeUInt16LE(2, 50);
  const sectionHeader = (nameAt: number, offset: number, size: number) => {
    const bytes = Buffer.alloc(40);
    bytes.writeUInt32LE(nameAt, 0);
    bytes.writeUInt32LE(offset, 16);
    bytes.writeUInt32LE(size, 20);
    return bytes;
  };
  const contentAt = header.length + names.length;
  const headers = [sectionHeader(0, 0, 0), sectionHeader(1, contentAt, content.length)];
  return Buffer.concat([header, names, content, ...headers, sectionHeader(10, header.length, names.length)]);
}

function nameSections(sections: readonly Section[]): void {
  let text = "\0";
  for (const each of sections.slice(1)) {
    each.nameOffset = text.length;
    text += `${each.name}\0`;
  }
  const last = sections.at(-1);
  if (!last) return;
  last.content = Buffer.from(text);
  last.size = text.length;
}
