import { expect, test } from "vitest";
import { busyboxCommands } from "./busybox-commands.ts";

const names = ["[", "[[", ...Array.from({ length: 60 }, (_, index) => `cmd${index + 10}`)];

test("the table of names is found behind other bytes, and ends where the order does", () => {
  const binary = Buffer.from(`ELF [\0[[\0no\0 junk${names.join("\0")}\0afterwards\0zz`, "latin1");
  expect(busyboxCommands(binary)).toEqual(names);
});

test("a binary without the table is refused", () => {
  expect(() => busyboxCommands(Buffer.from("[\0[[\0ash\0"))).toThrow("was not found");
});
