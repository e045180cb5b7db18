import { isElf } from "#machine/boot/elf.ts";
import { readRelocatable, SHT_SYMTAB, textAt } from "#recipes/elf/elf-sections.ts";

const ET_DYN = 3;
const SYMBOL_BYTES = 24;
const STT_NOTYPE = 0;
const STT_FUNC = 2;
const SHF_EXECINSTR = 4n;
/** A symbol that does not say how long it is ends at the next one, and is at most so long. */
const LONGEST_FUNCTION_BYTES = 0x1_0000n;
/** Mapping symbols (RISC-V ELF psABI) and the compiler's own labels. */
const NO_FUNCTION = /^(?:$|\$|\.L)/;

/** A name for guest code from `address` on; `byteLength` is 0 where nothing says how long it is. */
export interface CodeSymbol {
  readonly address: bigint;
  readonly byteLength: bigint;
  readonly name: string;
}

/** Names guest addresses. */
export class SymbolTable {
  /** By address, one for each. */
  readonly #symbols: readonly CodeSymbol[];

  /** Where several have one address, the first is taken that says how long it is, else the first. */
  constructor(symbols: readonly CodeSymbol[]) {
    const byAddress = new Map<bigint, CodeSymbol>();
    for (const symbol of symbols) {
      const other = byAddress.get(symbol.address);
      if (!other || (other.byteLength === 0n && symbol.byteLength > 0n)) byAddress.set(symbol.address, symbol);
    }
    this.#symbols = [...byAddress.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
  }

  /** The symbol whose code holds the address. */
  find(address: bigint): CodeSymbol | undefined {
    const symbol = this.#lastUpTo(address);
    if (!symbol) return undefined;
    const byteLength = symbol.byteLength === 0n ? LONGEST_FUNCTION_BYTES : symbol.byteLength;
    return address < symbol.address + byteLength ? symbol : undefined;
  }

  #lastUpTo(address: bigint): CodeSymbol | undefined {
    let first = 0;
    let end = this.#symbols.length;
    while (first < end) {
      const middle = (first + end) >> 1;
      const symbol = this.#symbols[middle];
      if (symbol && symbol.address <= address) first = middle + 1;
      else end = middle;
    }
    return this.#symbols[first - 1];
  }
}

/**
 * The symbols of code in an ELF file, a System.map or what `/proc/kallsyms` prints. A position-independent executable
 * stands `bias` bytes up. Throws an Error that says what is wrong.
 */
export function readSymbols(file: Uint8Array, bias = 0): readonly CodeSymbol[] {
  return isElf(file) ? elfSymbols(file, bias) : mapSymbols(new TextDecoder().decode(file));
}

function elfSymbols(file: Uint8Array, bias: number): readonly CodeSymbol[] {
  const { sections, header } = readRelocatable(file);
  const shift = header[16] === ET_DYN ? BigInt(bias) : 0n;
  const table = sections.find(({ type }) => type === SHT_SYMTAB);
  const names = table && sections[table.link];
  if (!table || !names) return [];
  const { content } = table;
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const symbols: CodeSymbol[] = [];
  for (let at = 0; at + SYMBOL_BYTES <= content.length; at += SYMBOL_BYTES) {
    const type = view.getUint8(at + 4) & 0xf;
    const section = sections[view.getUint16(at + 6, true)];
    const isCode = type === STT_FUNC || (type === STT_NOTYPE && ((section?.flags ?? 0n) & SHF_EXECINSTR) !== 0n);
    const name = textAt(names.content, view.getUint32(at, true));
    if (!isCode || NO_FUNCTION.test(name)) continue;
    symbols.push({
      address: view.getBigUint64(at + 8, true) + shift,
      byteLength: view.getBigUint64(at + 16, true),
      name,
    });
  }
  return symbols;
}

/** `ffffffff80000000 T _start`, and of a module `… t name [module]`; as `nm` types them, t and w are code. */
function mapSymbols(text: string): readonly CodeSymbol[] {
  const lines = text.matchAll(/^([0-9a-f]{8,16}) [tTwW] (\S+)(?:\s+\[(\S+)\])?$/gm);
  const symbols = [...lines].map(([, address, name = "", module]) => ({
    address: BigInt(`0x${address}`),
    byteLength: 0n,
    name: module === undefined ? name : `${name} [${module}]`,
  }));
  const named = symbols.filter(({ name }) => !NO_FUNCTION.test(name));
  if (named.length === 0) throw new Error("it is neither an ELF file nor a map that names code");
  if (named.every(({ address }) => address === 0n)) {
    throw new Error("its addresses are all 0: the guest hides them (kernel.kptr_restrict)");
  }
  return named;
}
