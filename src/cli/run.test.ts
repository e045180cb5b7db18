import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { buildElf, words } from "#machine/elf.fixture.ts";
import { main } from "./main.ts";

const folder = mkdtempSync(join(tmpdir(), "tabvisor-"));
const TOHOST = 0x8000_1000;
const said: string[] = [];

beforeEach(() => {
  said.length = 0;
  vi.spyOn(console, "error").mockImplementation((text) => void said.push(String(text)));
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => rmSync(folder, { recursive: true }));

/** lui t0, 0x80001 (sign-extended: cleared by two shifts); li t1, value; sd t1, 0(t0); j . */
function program(value: number): Uint8Array {
  const code = words(0x8000_12b7, 0x0202_9293, 0x0202_d293, 0x0000_0313 | (value << 20), 0x0062_b023, 0x0000_006f);
  return buildElf({
    entry: 0x8000_0000n,
    segments: [{ address: 0x8000_0000, bytes: code, memoryBytes: 0x2000 }],
    symbols: { tohost: BigInt(TOHOST) },
  });
}

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

describe.each(["evaluator", "interpreter"])("a bare program in the %s", (engine) => {
  test("passes", async () => {
    expect(await main(["run", file("pass.elf", program(1)), "--engine", engine])).toBe(0);
    expect(said).toEqual([]);
  });

  test("fails with its number", async () => {
    expect(await main(["run", file("fail.elf", program(15)), "--engine", engine])).toBe(7);
    expect(said.join()).toMatch(/failed with 7/);
  });

  test("is stopped after so many instructions, in the same state each time", async () => {
    const path = file("loop.elf", program(0));
    const args = ["run", path, "--engine", engine, "--virtual-clock", "--max-instructions", "12345", "--state-hash"];
    expect(await main(args)).toBe(124);
    expect(await main(args)).toBe(124);
    const [first, , second] = said;
    expect(first).toMatch(/^state-hash [0-9a-f]{32} after 12345 instructions$/);
    expect(second).toBe(first);
  });
});

describe("refusals are one sentence and a status", () => {
  test.each([
    ["a truncated ELF", () => ["run", file("short.elf", program(1).slice(0, 100))], 1, /truncated/],
    [
      "too little memory",
      () => ["run", file("pass.elf", program(1)), "--memory", "1"],
      1,
      /give the guest 4 MiB or more/,
    ],
    ["no such file", () => ["run", join(folder, "none.elf")], 2, /There is no file/],
    ["no such command", () => ["frob"], 2, /no command "frob"/],
    [
      "--exec without a prompt",
      () => ["run", file("pass.elf", program(1)), "--exec", "ls"],
      2,
      /--exec needs an image/,
    ],
    ["no such disk", () => ["run", file("pass.elf", program(1)), "--disk", join(folder, "none")], 2, /cannot be read/],
  ])("%s", async (_, args, status, message) => {
    expect(await main(args())).toBe(status);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(message);
  });
});
