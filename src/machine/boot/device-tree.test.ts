import { describe, expect, test } from "vitest";
import { deviceTree } from "./device-tree.ts";
import { cells, flatten, strings } from "./flattened-device-tree.ts";
import { MEMORY_MAP } from "#machine/memory-map.ts";

/** Reads a blob back, as a kernel does: full paths of nodes and properties with their bytes. */
function unflatten(blob: Uint8Array): Map<string, Uint8Array> {
  const view = new DataView(blob.buffer, blob.byteOffset);
  const [magic, total, structure, names, , version, compatible] = [0, 4, 8, 12, 16, 20, 24].map((at) =>
    view.getUint32(at),
  );
  expect([magic, total, version, compatible]).toEqual([0xd00d_feed, blob.length, 17, 16]);
  const found = new Map<string, Uint8Array>();
  const path: string[] = [];
  for (let at = structure!; ;) {
    const token = view.getUint32(at);
    at += 4;
    if (token === 1) {
      const name = cString(blob, at);
      path.push(name);
      found.set(`${path.join("/")}/`, new Uint8Array());
      at += (name.length + 4) & ~3;
    } else if (token === 2) path.pop();
    else if (token === 3) {
      const length = view.getUint32(at);
      const name = cString(blob, names! + view.getUint32(at + 4));
      found.set(`${path.join("/")}/${name}`, blob.slice(at + 8, at + 8 + length));
      at += 8 + ((length + 3) & ~3);
    } else {
      expect(token).toBe(9);
      expect(path).toEqual([]);
      return found;
    }
  }
}

function cString(blob: Uint8Array, at: number): string {
  return String.fromCharCode(...blob.subarray(at, blob.indexOf(0, at)));
}

const seed = Uint8Array.from({ length: 64 }, (_, index) => index);
const options = { memoryBytes: 256 * 1024 * 1024, commandLine: "console=ttyS0", seed };

describe("flatten", () => {
  test("writes nodes, properties and shared names", () => {
    const blob = flatten({
      properties: { a: cells(1), text: strings("xy", "z") },
      children: { child: { properties: { a: cells(2, 3) } } },
    });
    expect([...unflatten(blob)]).toEqual([
      ["/", new Uint8Array()],
      ["/a", Uint8Array.of(0, 0, 0, 1)],
      ["/text", Uint8Array.of(0x78, 0x79, 0, 0x7a, 0)],
      ["/child/", new Uint8Array()],
      ["/child/a", Uint8Array.of(0, 0, 0, 2, 0, 0, 0, 3)],
    ]);
  });

  test("aligns its blocks as the specification asks", () => {
    const view = new DataView(flatten({ properties: {} }).buffer);
    expect(view.getUint32(8) % 4).toBe(0);
    expect(view.getUint32(16) % 8).toBe(0);
  });
});

describe("the machine's device tree", () => {
  test("has every device of the memory map where it is mapped", () => {
    const tree = unflatten(deviceTree(options));
    for (const { node, base, size } of MEMORY_MAP) {
      const reg = tree.get(`/soc/${node}@${base.toString(16)}/reg`);
      expect(reg, node).toEqual(cells(0, base, 0, size));
    }
  });

  test("says memory, command line, console and seed", () => {
    const tree = unflatten(deviceTree(options));
    expect(tree.get("/memory@80000000/reg")).toEqual(cells(0, 0x8000_0000, 0, 0x1000_0000));
    expect(tree.get("/chosen/bootargs")).toEqual(strings("console=ttyS0"));
    expect(tree.get("/chosen/stdout-path")).toEqual(strings("/soc/serial@10000000"));
    expect(tree.get("/chosen/rng-seed")).toEqual(seed);
    expect(tree.has("/chosen/linux,initrd-start")).toBe(false);
  });

  test("places the initrd", () => {
    const tree = unflatten(deviceTree({ ...options, initrd: { start: 0x8f00_0000, end: 0x8f12_3456 } }));
    expect(tree.get("/chosen/linux,initrd-start")).toEqual(cells(0, 0x8f00_0000));
    expect(tree.get("/chosen/linux,initrd-end")).toEqual(cells(0, 0x8f12_3456));
  });
});
