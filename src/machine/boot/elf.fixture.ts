/** One segment of an ELF to build. */
export interface TestSegment {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly memoryBytes?: number;
  readonly virtualAddress?: bigint;
}

/** Builds a small ELF64 for RISC-V: enough for loaders, by hand. */
export function buildElf(options: {
  readonly entry: bigint;
  readonly segments: readonly TestSegment[];
  readonly symbols?: Readonly<Record<string, bigint>>;
  readonly type?: number;
  readonly machine?: number;
  /** Whether the symbols are typed as functions. */
  readonly functions?: boolean;
}): Uint8Array<ArrayBuffer> {
  const names = ["", ...Object.keys(options.symbols ?? {})];
  const nameTable = new TextEncoder().encode(names.map((name) => `${name}\0`).join(""));
  const dataStart = 64 + 56 * options.segments.length;
  const dataBytes = options.segments.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const symbolStart = (dataStart + dataBytes + 7) & ~7;
  const nameStart = symbolStart + names.length * 24;
  const sectionStart = (nameStart + nameTable.length + 7) & ~7;
  const file = new Uint8Array(sectionStart + 3 * 64);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, options.type ?? 2, true);
  view.setUint16(18, options.machine ?? 243, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, options.entry, true);
  view.setBigUint64(32, 64n, true);
  view.setBigUint64(40, BigInt(sectionStart), true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, options.segments.length, true);
  view.setUint16(58, 64, true);
  view.setUint16(60, 3, true);
  writeSegments(file, view, options.segments, dataStart);
  file.set(nameTable, nameStart);
  Object.values(options.symbols ?? {}).forEach((value, index) => {
    const at = symbolStart + (index + 1) * 24;
    view.setUint32(at, nameOffset(names, index + 1), true);
    view.setUint8(at + 4, options.functions ? 2 : 0);
    view.setBigUint64(at + 8, value, true);
  });
  section(view, sectionStart + 64, 2, symbolStart, names.length * 24, 2);
  section(view, sectionStart + 128, 3, nameStart, nameTable.length, 0);
  return file;
}

function writeSegments(file: Uint8Array, view: DataView, segments: readonly TestSegment[], dataStart: number): void {
  let offset = dataStart;
  segments.forEach(({ address, bytes, memoryBytes, virtualAddress }, index) => {
    const at = 64 + index * 56;
    view.setUint32(at, 1, true);
    view.setUint32(at + 4, 7, true);
    view.setBigUint64(at + 8, BigInt(offset), true);
    view.setBigUint64(at + 16, virtualAddress ?? BigInt(address), true);
    view.setBigUint64(at + 24, BigInt(address), true);
    view.setBigUint64(at + 32, BigInt(bytes.length), true);
    view.setBigUint64(at + 40, BigInt(memoryBytes ?? bytes.length), true);
    file.set(bytes, offset);
    offset += bytes.length;
  });
}

function nameOffset(names: readonly string[], index: number): number {
  return names.slice(0, index).reduce((sum, name) => sum + name.length + 1, 0);
}

function section(view: DataView, at: number, type: number, offset: number, size: number, link: number): void {
  view.setUint32(at + 4, type, true);
  view.setBigUint64(at + 24, BigInt(offset), true);
  view.setBigUint64(at + 32, BigInt(size), true);
  view.setUint32(at + 40, link, true);
}

/** Instructions as bytes. */
export function words(...instructions: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(instructions.length * 4);
  const view = new DataView(bytes.buffer);
  instructions.forEach((word, index) => view.setUint32(index * 4, word, true));
  return bytes;
}
