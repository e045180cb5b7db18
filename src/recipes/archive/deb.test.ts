import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { makeAr, makeDeb, makeTar } from "./deb.fixture.ts";
import { debFiles } from "./deb.ts";

const files = { "./boot/vmlinux-6": "kernel", "./usr/bin/x": "" };

test("a .deb's files, by path without leading dot", async () => {
  const found = await debFiles(makeDeb(files));
  expect([...found].map(([path, bytes]) => [path, Buffer.from(bytes).toString()])).toEqual([
    ["boot/vmlinux-6", "kernel"],
    ["usr/bin/x", ""],
  ]);
});

test("compressed by gzip", async () => {
  const found = await debFiles(makeAr({ "data.tar.gz": gzipSync(makeTar(files)) }));
  expect([...found.keys()]).toEqual(["boot/vmlinux-6", "usr/bin/x"]);
});

test("what is cut short or something else is refused", async () => {
  const deb = makeDeb(files);
  await expect(debFiles(deb.subarray(0, deb.length - 600))).rejects.toThrow("truncated");
  await expect(debFiles(makeAr({ "data.tar": makeTar(files).subarray(0, 515) }))).rejects.toThrow("truncated");
  await expect(debFiles(Buffer.from("<html>"))).rejects.toThrow("not a Debian package");
  await expect(debFiles(makeAr({ "data.tar.new": Buffer.from("x") }))).rejects.toThrow("not supported");
});
