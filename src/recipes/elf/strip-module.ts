import {
  readRelocatable,
  type Relocatable,
  type Section,
  SHF_ALLOC,
  SHT_NULL,
  SHT_RELA,
  SHT_SYMTAB,
  textAt,
  writeRelocatable,
} from "./elf-sections.ts";

const SYMBOL_BYTES = 24;
const RELA_BYTES = 24;
const STB_LOCAL = 0;
const STT_OBJECT = 1;
const STT_FUNC = 2;
const STT_SECTION = 3;

/**
 * A kernel module without what only debuggers read: BTF, comments, the appended signature, and local labels that no
 * relocation names (Debian's ext4 has 215,000, most of its 7 MB). Functions and objects keep their names for traces.
 */
export function stripModule(bytes: Uint8Array): Uint8Array {
  const file = readRelocatable(bytes);
  const symbols = file.sections.find((section) => section.type === SHT_SYMTAB);
  if (!symbols) throw new Error("it has no symbol table");
  const kept = new Set([symbols, file.sections[symbols.link], file.sections[file.nameSection]]);
  for (const section of file.sections) if (!kept.has(section) && !isLoaded(file, section)) drop(section);
  dropSymbols(file, symbols);
  return writeRelocatable(file);
}

function isLoaded(file: Relocatable, section: Section): boolean {
  const subject = section.type === SHT_RELA ? file.sections[section.info] : section;
  return subject !== undefined && (subject.flags & SHF_ALLOC) !== 0n;
}

/** Left as a nameless hole, so that the indices of all others stay. */
function drop(section: Section): void {
  section.type = SHT_NULL;
  section.nameOffset = 0;
  section.link = 0;
  section.info = 0;
  section.size = 0;
  section.content = new Uint8Array();
}

function dropSymbols(file: Relocatable, symbols: Section): void {
  const strings = file.sections[symbols.link];
  if (!strings) throw new Error("its symbol table has no names");
  const referenced = referencedSymbols(file);
  const table = dataView(symbols.content);
  const newIndices = new Map<number, number>();
  for (let index = 0; index * SYMBOL_BYTES < symbols.content.length; index++) {
    if (index === 0 || referenced.has(index) || isWanted(file, table, index)) newIndices.set(index, newIndices.size);
  }
  const names = new NameTable();
  const content = new Uint8Array(newIndices.size * SYMBOL_BYTES);
  let locals = 0;
  for (const [index, newIndex] of newIndices) {
    const at = index * SYMBOL_BYTES;
    content.set(symbols.content.subarray(at, at + SYMBOL_BYTES), newIndex * SYMBOL_BYTES);
    const name = textAt(strings.content, table.getUint32(at, true));
    dataView(content).setUint32(newIndex * SYMBOL_BYTES, names.offset(name.startsWith(".L") ? "" : name), true);
    if (binding(table, index) === STB_LOCAL) locals++;
  }
  replaceContent(symbols, content);
  symbols.info = locals;
  replaceContent(strings, names.bytes());
  for (const section of file.sections) if (section.type === SHT_RELA) renumber(section, newIndices);
}

function referencedSymbols(file: Relocatable): Set<number> {
  const referenced = new Set<number>();
  for (const section of file.sections) {
    if (section.type !== SHT_RELA) continue;
    const view = dataView(section.content);
    for (let at = 0; at < section.content.length; at += RELA_BYTES) referenced.add(view.getUint32(at + 12, true));
  }
  return referenced;
}

function isWanted(file: Relocatable, table: DataView, index: number): boolean {
  const section = file.sections[table.getUint16(index * SYMBOL_BYTES + 6, true)];
  if (section?.type === SHT_NULL && table.getUint16(index * SYMBOL_BYTES + 6, true) !== 0) return false;
  if (binding(table, index) !== STB_LOCAL) return true;
  const type = table.getUint8(index * SYMBOL_BYTES + 4) & 0xf;
  return type === STT_FUNC || type === STT_OBJECT || type === STT_SECTION;
}

function binding(table: DataView, index: number): number {
  return table.getUint8(index * SYMBOL_BYTES + 4) >> 4;
}

function renumber(relocations: Section, newIndices: ReadonlyMap<number, number>): void {
  const content = relocations.content.slice();
  const view = dataView(content);
  for (let at = 0; at < content.length; at += RELA_BYTES) {
    const index = newIndices.get(view.getUint32(at + 12, true));
    if (index === undefined) throw new Error("a relocation names a symbol that is not there");
    view.setUint32(at + 12, index, true);
  }
  replaceContent(relocations, content);
}

function replaceContent(section: Section, content: Uint8Array): void {
  section.content = content;
  section.size = content.length;
}

function dataView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A string table in which each name stands once. */
class NameTable {
  readonly #offsets = new Map([["", 0]]);
  #text = "\0";

  offset(name: string): number {
    const known = this.#offsets.get(name);
    if (known !== undefined) return known;
    const offset = this.#text.length;
    this.#offsets.set(name, offset);
    this.#text += `${name}\0`;
    return offset;
  }

  bytes(): Uint8Array {
    return new Uint8Array(Buffer.from(this.#text, "latin1"));
  }
}
