import { expect, test } from "vitest";
import { packageRecord, parseControl } from "./control.ts";

const SUM = "a".repeat(64);
const GOOD = `Package: busybox-static
Architecture: riscv64
Version: 1:1.37.0-6+b9
Depends: libc6 (>= 2.41), first | second
Filename: pool/main/b/busybox/busybox-static_1.37.0-6+b9_riscv64.deb
Size: 941532
SHA256: ${SUM}
`;

test("stanzas, comments and continuation lines", () => {
  const stanzas = [...parseControl("# note\nA: 1\nB: x\n y\n\n\nC: 2\n")];
  expect(stanzas.map((stanza) => Object.fromEntries(stanza))).toEqual([{ a: "1", b: "x\ny" }, { c: "2" }]);
});

test("a package's record", () => {
  const [stanza] = parseControl(GOOD);
  expect(packageRecord(stanza ?? new Map())).toMatchObject({
    name: "busybox-static",
    version: "1:1.37.0-6+b9",
    byteLength: 941532,
    depends: ["libc6", "first"],
  });
});

test.each([
  ["SHA256", "SHA256: beef"],
  ["Filename", "Filename: ../../etc/passwd"],
  ["Package", "Package: --option"],
  ["Size", "Size: many"],
])("a nonsensical %s is refused", (field, line) => {
  const [stanza] = parseControl(GOOD.replace(new RegExp(`^${field}:.*$`, "m"), line));
  expect(() => packageRecord(stanza ?? new Map())).toThrow(`whose ${field} is`);
});
