import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { machineMirrors } from "./debian-machine.ts";

let etc = "";
beforeEach(() => {
  etc = mkdtempSync(join(tmpdir(), "tabvisor-etc-"));
});
afterEach(() => rmSync(etc, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(etc, path)), { recursive: true });
  writeFileSync(join(etc, path), text);
}

test("deb822 sources: Debian's main archive, not its security suite nor others' archives", () => {
  write("os-release", 'ID=debian\nVERSION_CODENAME="bookworm"\n');
  write(
    "apt/sources.list.d/debian.sources",
    `Types: deb
# a comment
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
`,
  );
  write("apt/sources.list.d/other.sources", "Types: deb\nURIs: http://o.example\nSuites: nodistro\nComponents: main\n");
  write(
    "apt/sources.list.d/off.sources",
    "Enabled: no\nTypes: deb\nURIs: http://n.example\nSuites: bookworm\nComponents: main\n",
  );
  write("apt/sources.list.d/x.disabled", "deb http://x.example bookworm main\n");
  expect(machineMirrors(etc)).toEqual(["http://mirror.example/debian"]);
});

test("one-line sources, with options and without", () => {
  write("os-release", "ID=debian\nVERSION_CODENAME=trixie\n");
  write(
    "apt/sources.list",
    "#deb http://c.example trixie main\ndeb [arch=amd64 signed-by=/k.gpg] http://a.example/debian trixie main contrib # x\ndeb-src http://s.example trixie main\n",
  );
  expect(machineMirrors(etc)).toEqual(["http://a.example/debian"]);
});

test("another system has no Debian mirror of its own", () => {
  write("os-release", "ID=ubuntu\nVERSION_CODENAME=noble\n");
  write("apt/sources.list", "deb http://u.example/ubuntu noble main\n");
  expect(machineMirrors(etc)).toEqual([]);
});
