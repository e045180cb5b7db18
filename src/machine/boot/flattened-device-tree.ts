/** One node of a device tree: properties as the bytes they hold, and children by their full names. */
export interface DeviceTreeNode {
  readonly properties: Readonly<Record<string, Uint8Array>>;
  readonly children?: Readonly<Record<string, DeviceTreeNode>>;
}

const MAGIC = 0xd00d_feed;
const VERSION = 17;
const LAST_COMPATIBLE_VERSION = 16;
const HEADER_BYTES = 40;
/** One empty entry ends the memory reservation block. */
const RESERVATION_BYTES = 16;

const FDT_BEGIN_NODE = 1;
const FDT_END_NODE = 2;
const FDT_PROP = 3;
const FDT_END = 9;

/** 32-bit big-endian cells. */
export function cells(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => view.setUint32(index * 4, value));
  return bytes;
}

/** A 64-bit number as two cells, high first. */
export function cells64(...values: readonly number[]): Uint8Array {
  return cells(...values.flatMap((value) => [Math.floor(value / 2 ** 32), value >>> 0]));
}

/** A list of NUL-terminated strings. */
export function strings(...values: readonly string[]): Uint8Array {
  return encode(values.map((value) => `${value}\0`).join(""));
}

/** A property that says all by being there. */
export const present = new Uint8Array(0);

/** Writes a flattened device tree blob, version 17 (Devicetree Specification §5), booting on hart 0. */
export function flatten(root: DeviceTreeNode): Uint8Array {
  const writer = new StructureWriter();
  writer.node("", root);
  const structure = writer.finish();
  const names = writer.names();
  const structureOffset = HEADER_BYTES + RESERVATION_BYTES;
  const stringsOffset = structureOffset + structure.length;
  const blob = new Uint8Array(stringsOffset + names.length);
  blob.set(
    cells(
      MAGIC,
      blob.length,
      structureOffset,
      stringsOffset,
      HEADER_BYTES,
      VERSION,
      LAST_COMPATIBLE_VERSION,
      0,
      names.length,
      structure.length,
    ),
  );
  blob.set(structure, structureOffset);
  blob.set(names, stringsOffset);
  return blob;
}

/** Writes the structure block, and gathers the strings block as it goes. */
class StructureWriter {
  readonly #parts: Uint8Array[] = [];
  readonly #nameOffsets = new Map<string, number>();
  #nameBytes = 0;

  node(name: string, node: DeviceTreeNode): void {
    this.#parts.push(cells(FDT_BEGIN_NODE), padded(strings(name)));
    for (const [property, value] of Object.entries(node.properties)) {
      this.#parts.push(cells(FDT_PROP, value.length, this.#nameOffset(property)), padded(value));
    }
    for (const [child, childNode] of Object.entries(node.children ?? {})) this.node(child, childNode);
    this.#parts.push(cells(FDT_END_NODE));
  }

  finish(): Uint8Array {
    return concatenate([...this.#parts, cells(FDT_END)]);
  }

  names(): Uint8Array {
    return strings(...this.#nameOffsets.keys());
  }

  #nameOffset(name: string): number {
    const known = this.#nameOffsets.get(name);
    if (known !== undefined) return known;
    const offset = this.#nameBytes;
    this.#nameOffsets.set(name, offset);
    this.#nameBytes += encode(name).length + 1;
    return offset;
  }
}

function padded(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array((bytes.length + 3) & ~3);
  result.set(bytes);
  return result;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
}

/** Device trees are ASCII; what is not becomes a question mark. */
function encode(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => (character.charCodeAt(0) < 0x80 ? character.charCodeAt(0) : 0x3f));
}
