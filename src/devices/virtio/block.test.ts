import { describe, expect, test } from "vitest";
import type { Disk } from "#devices/disks/disk.ts";
import { bytesBase, MemoryDisk, zeroBase } from "#devices/disks/memory-disk.ts";
import { GuestMemory } from "#memory/guest-memory.ts";
import { RAM_BASE } from "#memory/layout.ts";
import { VirtioBlock } from "./block.ts";
import { ACTIVE, NEEDS_RESET, queueArea, TestDriver, type TestBuffer } from "./driver.fixture.ts";

const { data } = queueArea(0);
const HEADER = data;
const STATUS = data + 0x20;
const BUFFER = data + 0x1000;
const [OK, IOERR, UNSUPP] = [0, 1, 2] as const;
const [IN, OUT, FLUSH, GET_ID, DISCARD, WRITE_ZEROES] = [0, 1, 4, 8, 11, 13] as const;

const pattern = Uint8Array.from({ length: 0x4_0000 }, (_, index) => (index >>> 9) + index);

function make(disk: Disk = new MemoryDisk({ base: bytesBase(pattern) })) {
  const log: string[] = [];
  const driver = new TestDriver(new VirtioBlock(disk, "vda", (message) => void log.push(message)));
  driver.start(1);
  const submit = (type: number, sector: bigint, buffers: readonly TestBuffer[]) => {
    const header = new DataView(new ArrayBuffer(16));
    header.setUint32(0, type, true);
    header.setBigUint64(8, sector, true);
    driver.put(HEADER, new Uint8Array(header.buffer));
    driver.put(STATUS, Uint8Array.of(0xee));
    driver.add(0, [{ address: HEADER, byteLength: 16 }, ...buffers, { address: STATUS, byteLength: 1, write: true }]);
    driver.notify(0);
    return driver.memory.read(STATUS, 1)[0];
  };
  const read = (sector: bigint, byteLength: number) =>
    submit(IN, sector, [{ address: BUFFER, byteLength, write: true }]);
  const write = (sector: bigint, bytes: Uint8Array) => {
    driver.put(BUFFER, bytes);
    return submit(OUT, sector, [{ address: BUFFER, byteLength: bytes.length }]);
  };
  const zero = (type: number, sector: bigint, count: number) => {
    const range = new DataView(new ArrayBuffer(16));
    range.setBigUint64(0, sector, true);
    range.setUint32(8, count, true);
    driver.put(BUFFER, new Uint8Array(range.buffer));
    return submit(type, 0n, [{ address: BUFFER, byteLength: 16 }]);
  };
  const buffer = (byteLength: number) => driver.memory.read(BUFFER, byteLength).slice();
  return { driver, log, disk, submit, read, write, zero, buffer };
}

test("configuration and features", () => {
  const { driver } = make();
  const config = (offset: number) => driver.read(0x100 + offset);
  expect([config(0), config(4), config(12), config(20), config(36), config(48)]).toEqual([
    512, 0, 254, 512, 0x20_0000, 0x20_0000,
  ]);
  driver.write(0x14, 0);
  expect(driver.read(0x10) & 0x00ff_ffff).toBe(0x6244);
  const readOnly = make(new MemoryDisk({ base: zeroBase(512), readOnly: true })).driver;
  expect(readOnly.read(0x10) & 0x00ff_ffff).toBe(0x0264);
});

test("reads, also more than one chunk and in odd pieces", () => {
  const { read, submit, driver, buffer } = make();
  expect(read(3n, 0x1_2000)).toBe(OK);
  expect(buffer(0x1_2000)).toEqual(pattern.slice(3 * 512, 3 * 512 + 0x1_2000));
  const pieces = [1, 510, 513].map((byteLength, index) => ({
    address: BUFFER + index * 0x1000,
    byteLength,
    write: true,
  }));
  expect(submit(IN, 9n, pieces)).toBe(OK);
  expect(driver.memory.read(BUFFER + 0x2000, 513).slice()).toEqual(pattern.slice(9 * 512 + 511, 11 * 512));
  expect(driver.used(0)).toEqual([
    [0, 0x1_2001],
    [3, 1025],
  ]);
});

test("writes are read back, and marked nowhere but in the guest's own request", () => {
  const { write, read, buffer, driver } = make();
  const bytes = pattern.slice(777, 777 + 0x1_1000);
  expect(write(100n, bytes)).toBe(OK);
  expect(read(99n, 0x1_1400)).toBe(OK);
  expect(buffer(0x1_1400).subarray(512, 512 + bytes.length)).toEqual(bytes);
  expect(driver.used(0)).toEqual([
    [0, 1],
    [3, 0x1_1401],
  ]);
});

test("the header may be cut, and joined with the data", () => {
  const { driver, disk } = make();
  driver.put(HEADER, Uint8Array.of(OUT, 0, 0, 0, 0, 0, 0, 0, 5));
  driver.put(BUFFER, new Uint8Array(512).fill(7));
  driver.add(0, [
    { address: HEADER, byteLength: 5 },
    { address: HEADER + 5, byteLength: 11 },
    { address: BUFFER, byteLength: 512 },
    { address: STATUS, byteLength: 1, write: true },
  ]);
  driver.notify(0);
  const target = new Uint8Array(512);
  disk.read(5, target);
  expect([driver.memory.read(STATUS, 1)[0], target.every((byte) => byte === 7)]).toEqual([OK, true]);
});

test("flush, identity and what is unknown", () => {
  const { driver, submit } = make();
  expect(submit(FLUSH, 0n, [])).toBe(OK);
  expect(submit(GET_ID, 0n, [{ address: BUFFER, byteLength: 20, write: true }])).toBe(OK);
  expect(driver.text(BUFFER, 5)).toBe("vda\0\0");
  expect(submit(0xdead, 0n, [])).toBe(UNSUPP);
});

test.each([DISCARD, WRITE_ZEROES])("request %i makes sectors zero", (type) => {
  const { zero, read, buffer } = make();
  expect(zero(type, 3n, 20)).toBe(OK);
  expect(read(0n, 0x4000)).toBe(OK);
  const expected = pattern.slice(0, 0x4000).fill(0, 3 * 512, 23 * 512);
  expect(buffer(0x4000)).toEqual(expected);
});

test("write-zeroes on a disk that cannot zero by itself", () => {
  const inner = new MemoryDisk({ base: bytesBase(pattern) });
  const disk: Disk = {
    sectorCount: inner.sectorCount,
    readOnly: false,
    read: (sector, target) => inner.read(sector, target),
    write: (sector, source) => inner.write(sector, source),
    save: () => inner.save(),
    restore: (state) => inner.restore(state),
  };
  const { zero, read, buffer } = make(disk);
  expect([zero(WRITE_ZEROES, 2n, 300), read(0n, 512 * 303)]).toEqual([OK, OK]);
  expect(buffer(512 * 303)).toEqual(pattern.slice(0, 512 * 303).fill(0, 1024, 302 * 512));
});

describe("bad requests", () => {
  test.each<[string, (made: ReturnType<typeof make>) => number | undefined]>([
    ["a read past the end", ({ read }) => read(511n, 1024)],
    ["a read far past the end", ({ read }) => read(2n ** 64n - 1n, 512)],
    ["a write past the end", ({ write }) => write(512n, new Uint8Array(512))],
    ["a read of no whole sectors", ({ read }) => read(0n, 513)],
    ["a write of no whole sectors", ({ write }) => write(0n, new Uint8Array(100))],
    ["a discard past the end", ({ zero }) => zero(DISCARD, 500n, 13)],
    ["too long a write-zeroes", ({ zero }) => zero(WRITE_ZEROES, 0n, 0xffff_ffff)],
    ["a discard without a range", ({ submit }) => submit(DISCARD, 0n, [])],
  ])("%s is an I/O error", (_, act) => {
    const made = make();
    expect([act(made), made.driver.read(0x70), made.log]).toEqual([IOERR, ACTIVE, []]);
  });

  test.each<[string, readonly TestBuffer[], string]>([
    ["no header", [{ address: STATUS, byteLength: 1, write: true }], "a block request has no whole header"],
    ["half a header", [{ address: HEADER, byteLength: 15 }], "a block request has no whole header"],
    ["no status", [{ address: HEADER, byteLength: 16 }], "a block request has no room for its status"],
  ])("%s needs a reset", (_, buffers, message) => {
    const { driver } = make();
    driver.add(0, buffers);
    driver.notify(0);
    expect([driver.read(0x70), driver.log]).toEqual([
      ACTIVE | NEEDS_RESET,
      [`virtio-blk vda: the driver broke the virtio specification: ${message}; the device needs a reset`],
    ]);
  });

  test("a read-only disk refuses every change", () => {
    const { write, zero, read, log } = make(new MemoryDisk({ base: bytesBase(pattern), readOnly: true }));
    expect([write(0n, new Uint8Array(512)), zero(DISCARD, 0n, 1), read(0n, 512), log]).toEqual([IOERR, IOERR, OK, []]);
  });

  test("a full disk is an I/O error and one line in the log; what is there stays readable and writable", () => {
    const { write, read, log, driver } = make(new MemoryDisk({ base: bytesBase(pattern), overlayBytesMax: 0x2000 }));
    const block = new Uint8Array(4096).fill(1);
    expect([0n, 8n, 16n, 24n].map((sector) => write(sector, block))).toEqual([OK, OK, IOERR, IOERR]);
    expect([write(4n, block.subarray(0, 512)), read(0n, 4096), read(16n, 512)]).toEqual([OK, OK, OK]);
    expect(log).toEqual([
      "virtio-blk vda: the disk is full: its overlay holds all of 8192 bytes; the guest sees I/O errors",
    ]);
    expect(driver.read(0x70)).toBe(ACTIVE);
  });

  test("a disk that fails is an I/O error and one line in the log", () => {
    const disk = new MemoryDisk({
      base: {
        byteLength: 4096,
        read: () => {
          throw new Error("chunk 3 could not be fetched");
        },
      },
    });
    const { read, log } = make(disk);
    expect([read(0n, 512), read(0n, 512)]).toEqual([IOERR, IOERR]);
    expect(log).toEqual(["virtio-blk vda: the disk failed: chunk 3 could not be fetched; the guest sees I/O errors"]);
  });
});

test("state: the disk is not part of it, and requests go on after a restore", () => {
  const { driver, write, read, buffer } = make();
  const bytes = new Uint8Array(512).fill(9);
  write(1n, bytes);
  const saved = structuredClone(driver.mmio.save());
  driver.write(0x70, 0);
  driver.mmio.restore(saved);
  expect([driver.read(0x70), read(1n, 512)]).toEqual([ACTIVE, OK]);
  expect(buffer(512)).toEqual(bytes);
  expect(() => driver.mmio.restore({ ...(saved as object), device: null })).toThrow(TypeError);
});

test("a batch that moves more than 32 MiB goes on with the next poll", () => {
  const memory = new GuestMemory(32);
  const disk = new MemoryDisk({ base: zeroBase(32 * 2 ** 20) });
  const driver = new TestDriver(new VirtioBlock(disk, "vda", () => {}), 16, memory);
  driver.start(1);
  for (let request = 0; request < 3; request++) {
    driver.add(0, [
      { address: HEADER, byteLength: 16 },
      { address: RAM_BASE + 0x10_0000, byteLength: 20 * 2 ** 20, write: true },
      { address: STATUS, byteLength: 1, write: true },
    ]);
  }
  driver.notify(0);
  expect(driver.used(0)).toHaveLength(2);
  driver.mmio.poll();
  expect(driver.used(0)).toHaveLength(3);
});
