import { expect, test } from "vitest";
import { type CpioEntry, writeCpio } from "./cpio.ts";

const entries: readonly CpioEntry[] = [
  { type: "directory", path: "dev" },
  { type: "character-device", path: "dev/console", major: 5, minor: 1 },
  { type: "file", path: "init", bytes: Buffer.from("#!/bin/sh\n"), mode: 0o755 },
  { type: "symlink", path: "sh", target: "busybox" },
];

/** Reads `newc` as its description says, without any of the writer's code. */
function read(archive: Uint8Array): { path: string; mode: number; device: readonly number[]; text: string }[] {
  const bytes = Buffer.from(archive);
  const found = [];
  for (let at = 0; ;) {
    expect(bytes.toString("latin1", at, at + 6)).toBe("070701");
    const field = (index: number) => parseInt(bytes.toString("latin1", at + 6 + 8 * index, at + 14 + 8 * index), 16);
    const [size, nameBytes] = [field(6), field(11)];
    const path = bytes.toString("utf8", at + 110, at + 110 + nameBytes - 1);
    const start = Math.ceil((at + 110 + nameBytes) / 4) * 4;
    if (path === "TRAILER!!!") return found;
    found.push({
      path,
      mode: field(1),
      device: [field(9), field(10)],
      text: bytes.toString("utf8", start, start + size),
    });
    at = Math.ceil((start + size) / 4) * 4;
  }
}

test("a cpio archive has every entry with its type, mode and content", () => {
  expect(read(writeCpio(entries))).toEqual([
    { path: "dev", mode: 0o040755, device: [0, 0], text: "" },
    { path: "dev/console", mode: 0o020600, device: [5, 1], text: "" },
    { path: "init", mode: 0o100755, device: [0, 0], text: "#!/bin/sh\n" },
    { path: "sh", mode: 0o120777, device: [0, 0], text: "busybox" },
  ]);
});

test("equal entries make equal bytes, in whole words", () => {
  expect(writeCpio(entries)).toEqual(writeCpio(entries));
  expect(writeCpio(entries).length % 4).toBe(0);
});
