import { expect, test } from "vitest";
import type { Modinfo } from "./modinfo.ts";
import { finder, loadOrder, modulesAlias, modulesDep } from "./module-order.ts";

function module(name: string, depends: string[] = [], more: Partial<Modinfo> = {}): Modinfo {
  return { name, depends, softBefore: [], aliases: [], ...more };
}

const ext4 = module("ext4", ["jbd2", "mbcache", "crc16"], { softBefore: ["crypto-crc32c"], aliases: ["fs-ext4"] });
const modules = [
  ext4,
  module("jbd2", ["crc16"]),
  module("mbcache"),
  module("crc16"),
  module("crc32c_generic", [], { aliases: ["crypto-crc32c"] }),
];

test("a module comes after all it needs, through aliases too, and what is built in is left out", () => {
  expect(loadOrder("ext4", finder(modules)).map(({ name }) => name)).toEqual([
    "crc32c_generic",
    "crc16",
    "jbd2",
    "mbcache",
    "ext4",
  ]);
  expect(loadOrder("built-in", finder(modules))).toEqual([]);
});

test("a circle is an error, not an endless loop", () => {
  const circle = finder([module("a", ["b"]), module("b", ["a"])]);
  expect(() => loadOrder("a", circle)).toThrow("circle: a, b");
});

test("modules.dep and modules.alias are as modprobe reads them", () => {
  const files = modules.map((modinfo) => ({ fileName: `${modinfo.name}.ko`, modinfo }));
  expect(modulesDep(files).split("\n").slice(0, 3)).toEqual([
    "ext4.ko: mbcache.ko jbd2.ko crc16.ko crc32c_generic.ko",
    "jbd2.ko: crc16.ko",
    "mbcache.ko:",
  ]);
  expect(modulesAlias(files)).toBe("alias fs-ext4 ext4\nalias crypto-crc32c crc32c_generic\n");
});
