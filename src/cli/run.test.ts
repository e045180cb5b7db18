import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { buildElf, words } from "#machine/boot/elf.fixture.ts";
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
function code(value: number): Uint8Array {
  return words(0x8000_12b7, 0x0202_9293, 0x0202_d293, 0x0000_0313 | (value << 20), 0x0062_b023, 0x0000_006f);
}

function program(value: number): Uint8Array {
  return buildElf({
    entry: 0x8000_0000n,
    segments: [{ address: 0x8000_0000, bytes: code(value), memoryBytes: 0x2000 }],
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

describe.each(["evaluator", "interpreter", "translator"])("a profile of the %s", (engine) => {
  /** lui t2, 0x20; loop: addi t2, t2, -1; bnez t2, loop; done: as above. */
  const busy = buildElf({
    entry: 0x8000_0000n,
    segments: [
      {
        address: 0x8000_0000,
        bytes: new Uint8Array([...words(0x0002_03b7, 0xfff3_8393, 0xfe03_9ee3), ...code(1)]),
        memoryBytes: 0x2000,
      },
    ],
    symbols: { _start: 0x8000_0000n, loop: 0x8000_0004n, done: 0x8000_000cn, tohost: BigInt(TOHOST) },
    functions: true,
  });
  const args = (): readonly string[] => ["run", file("busy.elf", busy), "--engine", engine, "--virtual-clock"];

  test("names the loop that takes the time, from the program's own symbols", async () => {
    expect(await main([...args(), "--profile"])).toBe(0);
    const report = said.join("\n").split("\n");
    expect(report[0]).toMatch(/^Profile: 0\.2\d\d M instructions in \d/);
    const first = report[report.findIndex((line) => line.startsWith("Hottest")) + 2];
    expect(first).toMatch(/ M {5}0x000000008000000[48] {2}loop$/);
  });

  test("leaves the same state as a run without it", async () => {
    expect(await main([...args(), "--state-hash"])).toBe(0);
    expect(await main([...args(), "--state-hash", "--profile"])).toBe(0);
    const hashes = said.filter((line) => line.startsWith("state-hash"));
    expect(hashes).toHaveLength(2);
    expect(hashes[1]).toBe(hashes[0]);
  });

  test("names it from a map where the program has no symbols of its own", async () => {
    const stripped = buildElf({
      entry: 0x8000_0000n,
      segments: [{ address: 0x8000_0000, bytes: busy.slice(120, 156) }],
    });
    const map = file("System.map", new TextEncoder().encode("80000004 t spin\n8000000c t rest\n"));
    const limited = ["--max-instructions", "100_000", "--profile", "--symbols", map];
    expect(await main(["run", file("stripped.elf", stripped), "--engine", engine, ...limited])).toBe(124);
    expect(said.join("\n")).toMatch(/ spin$/m);
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
    [
      "symbols that name nothing",
      () => ["run", file("pass.elf", program(1)), "--profile", "--symbols", file("map", new Uint8Array(9))],
      2,
      /gives no symbols: it is neither/,
    ],
    ["no such disk", () => ["run", file("pass.elf", program(1)), "--disk", join(folder, "none")], 2, /cannot be read/],
  ])("%s", async (_, args, status, message) => {
    expect(await main(args())).toBe(status);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(message);
  });
});
