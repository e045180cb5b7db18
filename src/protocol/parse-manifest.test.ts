import fc from "fast-check";
import { expect, test } from "vitest";
import { parseImageCatalogue, parseImageManifest } from "./parse-manifest.ts";
import { TabvisorError } from "./tabvisor.ts";

const SUM = "0123456789abcdef".repeat(4);

function manifest(): Record<string, unknown> {
  const chunk = (byteLength: number) => ({ sha256: SUM, byteLength, storedBytes: 10, encoding: "gzip" });
  return {
    formatVersion: 2,
    id: "linux",
    title: "Debian Linux",
    description: "A shell",
    kind: "system",
    os: "Linux",
    memoryMiB: 128,
    minimumMemoryMiB: 96,
    firmware: "sbi",
    commandLine: "console=ttyS0",
    commandLines: { "debian-default": "console=ttyS0" },
    files: [{ role: "kernel", byteLength: 30, sha256: SUM, chunks: [chunk(20), chunk(10)] }],
    prompt: "~ # ",
    crashText: "Kernel panic - not syncing",
    licences: ["GPL-2.0-only"],
    packages: [{ name: "linux-image", version: "6.12", architecture: "riscv64", sha256: SUM }],
  };
}

test("a good manifest is read as it is, and what it does not know is left out", () => {
  expect(parseImageManifest(JSON.stringify(manifest()))).toEqual(manifest());
  expect(parseImageManifest(JSON.stringify({ ...manifest(), extra: 1 }))).toEqual(manifest());
});

const file = () => (manifest()["files"] as Record<string, unknown>[])[0] ?? {};

test.each([
  ["a newer format", { formatVersion: 3 }, "this version of Tabvisor reads 2"],
  ["the format that had regular expressions", { formatVersion: 1 }, "write prompt as the plain text"],
  ["an id with a path", { id: "../secret" }, "id does not have the form"],
  ["memory of a string", { memoryMiB: "128" }, "memoryMiB is not an integer"],
  ["memory without end", { memoryMiB: 1e9 }, "memoryMiB is not an integer from 1 to 4096"],
  ["a minimum above the default", { minimumMemoryMiB: 256 }, "minimumMemoryMiB is more than memoryMiB"],
  ["an unknown firmware", { firmware: "uefi" }, "firmware is none of sbi, bare"],
  ["an empty prompt", { prompt: "" }, "prompt is empty"],
  ["a crash text of numbers", { crashText: 1 }, "crashText is not a text"],
  ["no files", { files: [] }, "the length of files"],
  ["no kernel", { files: [{ ...file(), role: "disk" }] }, 'exactly one of role "kernel"'],
  ["two kernels", { files: [file(), file()] }, 'exactly one of role "kernel"'],
  ["a wrong sum of chunks", { files: [{ ...file(), byteLength: 31 }] }, "files[0].chunks make 30 bytes, not 31"],
  ["a checksum with a path", { files: [{ ...file(), sha256: "../x" }] }, "files[0].sha256 does not have the form"],
  ["a chunk of nothing", { files: [{ ...file(), chunks: [{}] }] }, "files[0].chunks[0].sha256"],
  ["command lines of numbers", { commandLines: { a: 1 } }, "commandLines.a is not a text"],
])("%s is refused, and the message names it", (_, change, message) => {
  const parse = () => parseImageManifest(JSON.stringify({ ...manifest(), ...change }));
  expect(parse).toThrow(TabvisorError);
  expect(parse).toThrow(message);
});

test("cut short anywhere, it is refused", () => {
  const text = JSON.stringify(manifest());
  for (let length = 0; length < text.length; length++) {
    expect(() => parseImageManifest(text.slice(0, length))).toThrow("it is not JSON or is cut short");
  }
});

test("whatever JSON comes, the answer is a manifest or a TabvisorError", () => {
  const field = fc.constantFrom(...Object.keys(manifest()));
  fc.assert(
    fc.property(field, fc.jsonValue(), (name, value) => {
      try {
        parseImageManifest(JSON.stringify({ ...manifest(), [name]: value }));
      } catch (error) {
        expect(error).toBeInstanceOf(TabvisorError);
      }
    }),
  );
});

test("the catalogue", () => {
  expect(parseImageCatalogue('{"formatVersion":1,"images":["linux","uboot"]}').images).toEqual(["linux", "uboot"]);
  expect(() => parseImageCatalogue('{"formatVersion":1,"images":["a/b"]}')).toThrow("images[0] does not have the form");
  expect(() => parseImageCatalogue("<!doctype html>")).toThrow("the catalogue is damaged: it is not JSON");
});
