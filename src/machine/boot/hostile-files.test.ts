import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GuestMemory } from "#memory/guest-memory.ts";
import { BootError } from "./boot-error.ts";
import { loadBootFiles } from "./boot.ts";
import { buildElf, words } from "./elf.fixture.ts";
import type { BootFiles, MachineConfig } from "#machine/face.ts";

const config: MachineConfig = { memoryMiB: 4, firmware: "sbi", commandLine: "", clock: "virtual", diskCount: 0 };
const memory = new GuestMemory(config.memoryMiB);
const code = words(0x0000_0013, 0x0000_006f);
const elf = buildElf({
  entry: 0x8000_0004n,
  segments: [
    { address: 0x8000_0000, bytes: code, memoryBytes: 4096 },
    { address: 0x8000_1000, bytes: code },
  ],
  symbols: { tohost: 0x8000_0100n, fromhost: 0x8000_0108n },
});

function linuxImage(): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(2048);
  const view = new DataView(file.buffer);
  view.setUint32(0, 0x5a4d, true);
  view.setBigUint64(8, 0x20_0000n, true);
  view.setBigUint64(16, 4096n, true);
  view.setUint32(56, 0x0543_5352, true);
  view.setUint32(60, 64, true);
  view.setUint32(64, 0x4550, true);
  view.setUint16(70, 2, true);
  return file;
}

/** One newc entry and the trailer. */
function cpio(): Uint8Array<ArrayBuffer> {
  const entry = (name: string, content: string) => {
    const fields = [1, 0, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
    const head = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`;
    const padded = head.padEnd(Math.ceil(head.length / 4) * 4, "\0") + content;
    return padded.padEnd(Math.ceil(padded.length / 4) * 4, "\0");
  };
  return new TextEncoder().encode(entry("init", "#!/bin/sh") + entry("TRAILER!!!", ""));
}

/** Loads, or refuses with a BootError in a sentence that says what to do, leaving memory as it was. */
function loadOrRefuse(files: BootFiles, firmware: "sbi" | "bare"): void {
  memory.pageFlags.fill(0);
  try {
    const booted = loadBootFiles({ ...config, firmware }, files, memory, (bytes) => bytes.fill(1));
    expect(Number.isSafeInteger(booted.entry)).toBe(true);
  } catch (error) {
    expect(error).toBeInstanceOf(BootError);
    expect((error as Error).message).toMatch(/^[A-Z].*\.$/);
    expect(memory.pageFlags.every((flags) => flags === 0)).toBe(true);
  }
}

/** Some places of a file with other values: bytes, or little-endian words of 64 bits where they hurt. */
function damaged(file: Uint8Array): fc.Arbitrary<Uint8Array> {
  const change = fc.record({
    at: fc.oneof(fc.nat(Math.min(file.length, 320) - 1), fc.nat(file.length - 1)),
    value: fc.oneof(
      fc.nat(0xff).map(BigInt),
      fc.bigInt(0n, 2n ** 64n - 1n),
      fc.constantFrom(2n ** 63n, 2n ** 53n, 2n ** 32n - 1n),
    ),
    width: fc.constantFrom(1, 2, 4, 8),
  });
  return fc.tuple(fc.array(change, { maxLength: 4 }), fc.nat(file.length)).map(([changes, cut]) => {
    const copy = file.slice(0, cut % 3 === 0 ? cut : file.length);
    for (const { at, value, width } of changes) {
      for (let byte = 0; byte < width && at + byte < copy.length; byte++) {
        copy[at + byte] = Number((value >> BigInt(8 * byte)) & 0xffn);
      }
    }
    return copy;
  });
}

const firmware = fc.constantFrom("sbi" as const, "bare" as const);

describe("files that are truncated, corrupt or made to do harm load, or are refused in words", () => {
  test.each<[string, Uint8Array]>([
    ["an ELF", elf],
    ["a kernel", linuxImage()],
  ])("%s", (_, file) => {
    fc.assert(
      fc.property(damaged(file), firmware, (kernel, which) => loadOrRefuse({ kernel }, which)),
      { numRuns: 400 },
    );
  });

  test("an initrd", () => {
    fc.assert(
      fc.property(damaged(cpio()), (initrd) => loadOrRefuse({ kernel: code, initrd }, "sbi")),
      { numRuns: 400 },
    );
  });

  test("anything at all", () => {
    const magic = fc.constantFrom([0x7f, 0x45, 0x4c, 0x46], [0x4d, 0x5a], [0x1f, 0x8b], [0x30, 0x37, 0x30, 0x37], []);
    const file = fc.tuple(magic, fc.uint8Array({ maxLength: 300 })).map(([head, rest]) => {
      return Uint8Array.from([...head, ...rest]);
    });
    fc.assert(
      fc.property(file, fc.option(file, { nil: undefined }), firmware, (kernel, initrd, which) =>
        loadOrRefuse({ kernel, ...(initrd && { initrd }) }, which),
      ),
      { numRuns: 400 },
    );
  });
});
