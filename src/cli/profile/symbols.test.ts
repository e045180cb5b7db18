import { describe, expect, test } from "vitest";
import { buildElf, words } from "#machine/boot/elf.fixture.ts";
import { readSymbols, SymbolTable } from "./symbols.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const map = [
  "0000000000000000 A __this_is_no_code",
  "ffffffff80000000 T _start",
  "ffffffff80000100 t helper",
  "ffffffff80000100 t helper_alias",
  "ffffffff80000180 D table",
  "ffffffff80000200 W weak",
  "ffffffff02000000 t module_init\t[virtio_blk]",
  "",
].join("\n");

describe("a System.map, as /proc/kallsyms prints it too", () => {
  const table = new SymbolTable(readSymbols(bytes(map)));

  test.each([
    [0xffffffff80000000n, "_start"],
    [0xffffffff800000ffn, "_start"],
    [0xffffffff80000100n, "helper"],
    [0xffffffff800001fen, "helper"],
    [0xffffffff80000200n, "weak"],
    [0xffffffff02000010n, "module_init [virtio_blk]"],
  ])("%i is in %s", (address, name) => {
    expect(table.find(address)?.name).toBe(name);
  });

  test.each([0n, 0x10000n, 0xffffffff01ffffffn, 0xffffffff02010000n, 0xffffffff80010200n])(
    "%i is in nothing known",
    (address) => {
      expect(table.find(address)).toBeUndefined();
    },
  );

  test("the stub that Debian's kernel package has in its place is refused", () => {
    const stub = "ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg package\n";
    expect(() => readSymbols(bytes(stub))).toThrow("neither an ELF file nor a map that names code");
  });

  test("hidden addresses are refused", () => {
    expect(() => readSymbols(bytes("0000000000000000 T _start\n"))).toThrow("kptr_restrict");
  });
});

describe("an ELF file", () => {
  const segments = [{ address: 0x8000_0000, bytes: words(0x0000_006f) }];
  const elf = buildElf({
    entry: 0x8000_0000n,
    segments,
    symbols: { $x: 0x8000_0000n, _start: 0x8000_0000n, ".L1": 0x8000_0004n, main: 0x8000_0010n },
    type: 2,
    functions: true,
  });

  test("names code, without the labels that tools make", () => {
    expect(readSymbols(elf)).toEqual([
      { address: 0x8000_0000n, byteLength: 0n, name: "_start" },
      { address: 0x8000_0010n, byteLength: 0n, name: "main" },
    ]);
  });

  test("data is not code", () => {
    const data = buildElf({ entry: 0x8000_0000n, segments, symbols: { tohost: 0x8000_1000n } });
    expect(readSymbols(data)).toEqual([]);
  });

  test("a position-independent one stands where it is put", () => {
    const pie = buildElf({ entry: 0n, segments, symbols: { main: 0x10n }, type: 3, functions: true });
    expect(readSymbols(pie, 0x8000_0000)[0]?.address).toBe(0x8000_0010n);
  });

  test("a truncated one is refused", () => {
    expect(() => readSymbols(elf.slice(0, 100))).toThrow("past its end");
  });
});

test("a symbol that says how long it is ends there, and is preferred to one that does not", () => {
  const table = new SymbolTable([
    { address: 0x100n, byteLength: 0n, name: "label" },
    { address: 0x100n, byteLength: 0x10n, name: "function" },
    { address: 0x200n, byteLength: 0n, name: "open" },
  ]);
  expect(table.find(0x10fn)?.name).toBe("function");
  expect(table.find(0x110n)).toBeUndefined();
  expect(table.find(0x1000n)?.name).toBe("open");
});
