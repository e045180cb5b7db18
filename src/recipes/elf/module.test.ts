import { expect, test } from "vitest";
import { readRelocatable, textAt } from "./elf-sections.ts";
import { makeModule, makeModule32 } from "./module.fixture.ts";
import { readModinfo } from "./modinfo.ts";
import { stripModule } from "./strip-module.ts";

const LOCAL_LABEL = 0x00;
const LOCAL_FUNCTION = 0x02;
const GLOBAL_FUNCTION = 0x12;
const UNDEFINED = 0;
const TEXT = 1;

const module = makeModule(
  "license=GPL\nname=ext4\ndepends=jbd2,mbcache\nalias=fs-ext4\nalias=ext3\nsoftdep=pre: crypto-crc32c one post: two",
  [
    { name: ".L1", info: LOCAL_LABEL, section: TEXT },
    { name: ".L2", info: LOCAL_LABEL, section: TEXT },
    { name: "helper", info: LOCAL_FUNCTION, section: TEXT },
    { name: "init_module", info: GLOBAL_FUNCTION, section: TEXT },
    { name: "printk", info: 0x10, section: UNDEFINED },
  ],
  [2, 5, 4],
);

function symbols(bytes: Uint8Array): { names: string[]; references: string[]; locals: number } {
  const { sections } = readRelocatable(bytes);
  const table = sections.find(({ name }) => name === ".symtab");
  const strings = sections[table?.link ?? 0];
  const relocations = sections.find(({ name }) => name === ".rela.text");
  if (!table || !strings || !relocations) throw new Error("a section is missing");
  const view = (content: Uint8Array) => new DataView(content.buffer, content.byteOffset, content.byteLength);
  const values = Array.from({ length: table.size / 24 }, (_, index) => {
    const name = textAt(strings.content, view(table.content).getUint32(index * 24, true));
    return `${name}@${view(table.content).getBigUint64(index * 24 + 8, true)}`;
  });
  const references = Array.from({ length: relocations.size / 24 }, (_, index) => {
    return values[view(relocations.content).getUint32(index * 24 + 12, true)] ?? "none";
  });
  return { names: values, references, locals: table.info };
}

test("modinfo gives name, dependencies and aliases", () => {
  expect(readModinfo(module)).toEqual({
    name: "ext4",
    depends: ["jbd2", "mbcache"],
    softBefore: ["crypto-crc32c", "one"],
    aliases: ["fs-ext4", "ext3"],
  });
});

test("modinfo of a 32-bit module is read too", () => {
  const module32 = makeModule32("name=ata_piix\ndepends=libata,t10-pi");
  expect(readModinfo(module32)).toMatchObject({ name: "ata_piix", depends: ["libata", "t10_pi"] });
  expect(() => readModinfo(module32.subarray(0, 120))).toThrow("lie past its end");
});

test("stripping keeps what relocations and the loader need, at the same section numbers", () => {
  const stripped = stripModule(module);
  expect(stripped.length).toBeLessThan(module.length - 400);
  const after = symbols(stripped);
  expect(symbols(module).references).toEqual([".L2@1", "printk@4", "init_module@3"]);
  expect(after.references).toEqual(["@1", "printk@4", "init_module@3"]);
  expect(after.names).toEqual(["@0", "@1", "helper@2", "init_module@3", "printk@4"]);
  expect(after.locals).toBe(3);
  expect(readModinfo(stripped)).toEqual(readModinfo(module));
  const types = (bytes: Uint8Array) => readRelocatable(bytes).sections.map(({ name, type }) => [name, type]);
  expect(types(stripped)).toEqual(types(module).map(([name, type]) => (name === ".BTF" ? ["", 0] : [name, type])));
});

test("stripping twice changes nothing more", () => {
  const once = stripModule(module);
  expect(stripModule(once)).toEqual(once);
});

test("what is not a module is refused", () => {
  expect(() => stripModule(new Uint8Array(100))).toThrow("not a little-endian ELF64 file");
  expect(() => readModinfo(module.subarray(0, 200))).toThrow("lie past its end");
});
