import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { cutFile, openChunk, sha256 } from "./chunk.ts";

const MEBIBYTE = 1 << 20;

test("chunks put together make the file, compressed where that pays", () => {
  const bytes = new Uint8Array(Buffer.concat([Buffer.alloc(MEBIBYTE, 7), randomBytes(MEBIBYTE), Buffer.from("end")]));
  const { file, stored } = cutFile("disk", bytes);
  expect(file).toMatchObject({ role: "disk", byteLength: bytes.length, sha256: sha256(bytes) });
  expect(file.chunks.map(({ byteLength, encoding }) => [byteLength, encoding])).toEqual([
    [MEBIBYTE, "gzip"],
    [MEBIBYTE, "identity"],
    [3, "identity"],
  ]);
  const opened = stored.map((each) => openChunk(each.chunk, each.bytes));
  expect(sha256(Buffer.concat(opened))).toBe(file.sha256);
});

test("what is read whole comes in fewer chunks than a disk", () => {
  const bytes = new Uint8Array(5 * MEBIBYTE);
  const sizes = (role: "kernel" | "disk") => cutFile(role, bytes).file.chunks.map(({ byteLength }) => byteLength);
  expect(sizes("kernel")).toEqual([4 * MEBIBYTE, MEBIBYTE]);
  expect(sizes("disk")).toEqual(Array.from({ length: 5 }, () => MEBIBYTE));
});

test("a chunk that is short, long or altered is refused", () => {
  const { stored } = cutFile("kernel", new Uint8Array(1000).fill(65));
  const [first] = stored;
  if (!first) throw new Error("no chunk");
  const { chunk, bytes } = first;
  expect(() => openChunk(chunk, bytes.subarray(1))).toThrow(/bytes where/);
  const altered = bytes.slice();
  altered[altered.length - 6] = 0xff;
  expect(() => openChunk(chunk, altered)).toThrow();
  const other = cutFile("kernel", new Uint8Array(1000).fill(66)).stored[0]?.bytes ?? new Uint8Array();
  expect(() => openChunk({ ...chunk, storedBytes: other.length }, other)).toThrow("its checksum is wrong");
});

test("a chunk that would unpack to more than it says is refused", () => {
  const bomb = cutFile("kernel", new Uint8Array(MEBIBYTE)).stored[0];
  if (!bomb) throw new Error("no chunk");
  expect(() => openChunk({ ...bomb.chunk, byteLength: 100 }, bomb.bytes)).toThrow();
});
