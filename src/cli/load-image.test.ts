import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ImageManifest } from "#protocol/image.ts";
import { cutFile, sha256 } from "#recipes/chunk.ts";
import { ImageFolder } from "#recipes/image-folder.ts";
import { loadImage } from "./load-image.ts";

/** More than one chunk of 4 MiB. */
const kernel = new Uint8Array(5 << 20).map((_, index) => index >> 16);
const initrd = new Uint8Array(Buffer.from("an initramfs"));

let folder = "";
let manifest: ImageManifest;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tabvisor-image-"));
  const files = [cutFile("kernel", kernel), cutFile("initrd", initrd)];
  const images = new ImageFolder(folder);
  for (const { stored } of files) for (const { chunk, bytes } of stored) images.addChunk(chunk, bytes);
  const words = { id: "linux", title: "L", description: "", os: "Linux", commandLine: "", prompt: "# " };
  const numbers = { formatVersion: 2, memoryMiB: 128, minimumMemoryMiB: 96 } as const;
  manifest = {
    ...words,
    ...numbers,
    kind: "system",
    firmware: "sbi",
    licences: [],
    packages: [],
    files: files.map(({ file }) => file),
  };
  images.addManifest(manifest);
});
afterEach(() => rmSync(folder, { recursive: true }));

const advice = "Run: tabvisor build linux";

test("an image's files, put together", async () => {
  const image = await loadImage(folder, "linux");
  expect(sha256(image.kernel)).toBe(sha256(kernel));
  expect(image.initrd).toEqual(initrd);
  expect(image.manifest).toEqual(manifest);
});

test("a missing image, chunk or file is named, with what to do", async () => {
  await expect(loadImage(folder, "uboot")).rejects.toThrow("uboot.json: it is not there. Run: tabvisor build uboot");
  rmSync(join(folder, "chunks", sha256(initrd)));
  await expect(loadImage(folder, "linux")).rejects.toThrow(`${sha256(initrd)}: it is not there. ${advice}`);
});

test("a truncated or altered manifest or chunk is named, with what to do", async () => {
  const chunk = join(folder, "chunks", sha256(initrd));
  truncateSync(chunk, 3);
  await expect(loadImage(folder, "linux")).rejects.toThrow(`${chunk}: it has 3 bytes where`);
  writeFileSync(chunk, "AN INITRAMFS");
  await expect(loadImage(folder, "linux")).rejects.toThrow(`${chunk}: its checksum is wrong. ${advice}`);
  const path = join(folder, "linux.json");
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.slice(0, 700));
  await expect(loadImage(folder, "linux")).rejects.toThrow(`${path}: the manifest is damaged: it is not JSON`);
  writeFileSync(path, text.replace('"id": "linux"', '"id": "other"'));
  await expect(loadImage(folder, "linux")).rejects.toThrow("it is the manifest of other");
});

test("chunks in another order than the manifest's sum are refused", async () => {
  const [first, ...rest] = manifest.files;
  if (!first) throw new Error("no kernel");
  expect(first.chunks.length).toBeGreaterThan(1);
  const files = [{ ...first, chunks: first.chunks.toReversed() }, ...rest];
  new ImageFolder(folder).addManifest({ ...manifest, files });
  await expect(loadImage(folder, "linux")).rejects.toThrow("the checksum of its kernel is wrong");
});
