import { describe, expect, test } from "vitest";
import { GuestMemory } from "#memory/guest-memory.ts";
import { RAM_BASE } from "#memory/layout.ts";
import { BootError } from "./boot-error.ts";
import { loadBootFiles } from "./boot.ts";
import { buildElf, words } from "./elf.fixture.ts";
import type { BootFiles, MachineConfig } from "#machine/face.ts";
import { checkInitrd } from "./initrd.ts";
import { readKernelImage } from "./kernel-image.ts";

const MIB = 0x10_0000;
const config: MachineConfig = { memoryMiB: 16, firmware: "sbi", commandLine: "quiet", clock: "virtual", diskCount: 0 };

function load(files: BootFiles, changes: Partial<MachineConfig> = {}) {
  const own = { ...config, ...changes };
  const memory = new GuestMemory(own.memoryMiB);
  return { memory, booted: loadBootFiles(own, files, memory, (bytes) => bytes.fill(7)) };
}

/** A Linux Image header over `fileBytes` bytes; with `sections`, a PE file too. */
function linuxImage(fileBytes: number, imageBytes: number, pe = false): Uint8Array {
  const file = new Uint8Array(fileBytes);
  const view = new DataView(file.buffer);
  view.setUint32(0, pe ? 0x0000_5a4d : 0x0000_006f, true);
  view.setBigUint64(8, 0x20_0000n, true);
  view.setBigUint64(16, BigInt(imageBytes), true);
  view.setUint32(56, 0x0543_5352, true);
  if (!pe) return file;
  view.setUint32(60, 64, true);
  view.setUint32(64, 0x4550, true);
  view.setUint16(70, 1, true);
  const section = 64 + 24;
  view.setUint32(section + 16, fileBytes - 512, true);
  view.setUint32(section + 20, 512, true);
  return file;
}

function cpio(): Uint8Array {
  const entry = (name: string, content: string): string => {
    const fields = [1, 0o100644, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`;
    const padded = header.padEnd((header.length + 3) & ~3, "\0") + content;
    return padded.padEnd((padded.length + 3) & ~3, "\0");
  };
  return new TextEncoder().encode(entry("init", "#!/bin/sh\n") + entry("TRAILER!!!", ""));
}

describe("loadBootFiles", () => {
  test("places kernel low, device tree and initrd at the end", () => {
    const kernel = linuxImage(4096, 3 * MIB);
    const initrd = cpio();
    const { memory, booted } = load({ kernel, initrd });
    expect(booted.entry).toBe(RAM_BASE + 2 * MIB);
    expect(booted.mode).toBe("S");
    expect(booted.deviceTree).toBe(RAM_BASE + 14 * MIB);
    expect(memory.load32(booted.deviceTree)).toBe(0xedfe_0dd0);
    expect(memory.read(booted.entry, 4096)).toEqual(kernel);
    expect(memory.read(booted.deviceTree - 4096, initrd.length)).toEqual(initrd);
  });

  test("places raw binaries at RAM + 2 MiB, bare firmware at RAM", () => {
    const kernel = words(0x0000_006f);
    expect(load({ kernel }).booted.entry).toBe(RAM_BASE + 2 * MIB);
    expect(load({ kernel }, { firmware: "bare" }).booted).toMatchObject({ entry: RAM_BASE, mode: "M" });
  });

  test("loads an ELF where it is linked", () => {
    const elf = buildElf({ entry: 0x8000_1000n, segments: [{ address: 0x8000_1000, bytes: words(0x73) }] });
    const { memory, booted } = load({ kernel: elf }, { firmware: "bare" });
    expect(booted.entry).toBe(0x8000_1000);
    expect(memory.load32(0x8000_1000)).toBe(0x73);
  });

  test("names the memory needed, and that much is enough", () => {
    const kernel = linuxImage(4096, 20 * MIB);
    expect(() => load({ kernel })).toThrow(/do not fit into 16 MiB.*give the guest 26 MiB or more/);
    expect(() => load({ kernel }, { memoryMiB: 26 })).not.toThrow();
  });

  test("names the memory that an initrd needs", () => {
    const initrd = new Uint8Array(20 * MIB);
    initrd.set([0x1f, 0x8b]);
    expect(() => load({ kernel: words(0x6f), initrd })).toThrow(/give the guest 26 MiB/);
  });

  test.each([0x1000, 0x7fff_f000])("refuses a program linked below RAM, at 0x%i", (address) => {
    const kernel = buildElf({ entry: BigInt(address), segments: [{ address, bytes: words(0x73) }] });
    expect(() => load({ kernel }, { firmware: "bare" })).toThrow(/no RAM: link it for 0x80000000/);
  });

  test("refuses a program linked beyond any RAM", () => {
    const address = 0x40_0000_0000;
    const kernel = buildElf({ entry: BigInt(address), segments: [{ address, bytes: words(0x73) }] });
    expect(() => load({ kernel }, { firmware: "bare" })).toThrow(/link it lower/);
  });
});

describe("readKernelImage", () => {
  test("takes memory from the header", () => {
    expect(readKernelImage(linuxImage(4096, 8192))).toEqual({ textOffset: 0x20_0000, memoryBytes: 8192 });
  });

  test.each([
    ["an empty file", new Uint8Array(), /empty/],
    ["zeros", new Uint8Array(4096), /zeros/],
    ["gzip", Uint8Array.of(0x1f, 0x8b, 8, 0), /gunzip/],
    ["a cpio archive", cpio(), /as the initrd/],
    [
      "a PE of another processor",
      Uint8Array.of(0x4d, 0x5a, ...new Uint8Array(100)),
      /corrupt, or for another processor/,
    ],
    ["a truncated kernel", linuxImage(8192, 8192, true).slice(0, 5000), /truncated: 3192 of 8192 bytes are missing/],
    ["an impossible size", linuxImage(4096, 2 ** 40), /corrupt/],
  ])("refuses %s", (_, file, message) => {
    expect(() => readKernelImage(file)).toThrow(BootError);
    expect(() => readKernelImage(file)).toThrow(message);
  });
});

describe("checkInitrd", () => {
  test("takes a whole archive", () => {
    expect(() => checkInitrd(cpio())).not.toThrow();
  });

  test("refuses every truncation", () => {
    const whole = cpio();
    const trailer = new TextDecoder().decode(whole.slice()).indexOf("TRAILER");
    for (let length = 6; length < trailer; length++) {
      expect(() => checkInitrd(whole.slice(0, length)), `${length}`).toThrow(/truncated/);
    }
  });

  test.each([
    ["an empty file", new Uint8Array(), /empty/],
    ["anything else", Uint8Array.of(1, 2, 3, 4, 5, 6), /corrupt/],
  ])("refuses %s", (_, file, message) => {
    expect(() => checkInitrd(file)).toThrow(message);
  });

  test("refuses a corrupt header", () => {
    const corrupt = cpio();
    corrupt[60] = 0x7a;
    expect(() => checkInitrd(corrupt)).toThrow(/corrupt/);
  });
});
