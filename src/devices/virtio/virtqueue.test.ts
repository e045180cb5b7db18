import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GuestMemory } from "#memory/guest-memory.ts";
import { RAM_BASE } from "#memory/layout.ts";
import { zeroBase, MemoryDisk } from "#devices/disks/memory-disk.ts";
import { VirtioBlock } from "./block.ts";
import { VirtioConsole } from "./console.ts";
import { ACTIVE, EVENT_IDX, INDIRECT_DESC, NEEDS_RESET, queueArea, TestDriver, VERSION_1 } from "./driver.fixture.ts";
import { VirtioEntropy } from "./entropy.ts";
import type { VirtioDevice } from "./virtio-device.ts";

const NEXT = 1;
const WRITE = 2;
const INDIRECT = 4;
const area = queueArea(0);
const { data } = area;
const RAM_END = RAM_BASE + 0x10_0000;

/** One for all runs: a guest's memory is large. */
const memory = new GuestMemory(1);

const makeEntropy = () => new VirtioEntropy((bytes) => void bytes.fill(0xaa));

function make(features = VERSION_1) {
  const driver = new TestDriver(makeEntropy(), 8, memory);
  driver.start(1, features);
  return driver;
}

/** What went wrong, as the log says it; undefined while the device works. */
function violation(driver: TestDriver): string | undefined {
  if ((driver.read(0x70) & NEEDS_RESET) === 0) return undefined;
  expect([driver.read(0x60), driver.line.level, driver.log.length]).toEqual([2, true, 1]);
  return /^virtio-rng: the driver broke the virtio specification: (.*); the device needs a reset$/.exec(
    driver.log[0]!,
  )?.[1];
}

describe("chains", () => {
  test("are written across descriptors, in the order of the chain", () => {
    const driver = make();
    driver.descriptor(0, 5, data, 3, NEXT | WRITE, 2);
    driver.descriptor(0, 2, data + 0x100, 2, WRITE);
    driver.makeAvailable(0, 5);
    driver.notify(0);
    expect(driver.used(0)).toEqual([[5, 5]]);
    expect([...driver.memory.read(data, 4)]).toEqual([0xaa, 0xaa, 0xaa, 0]);
    expect([...driver.memory.read(data + 0x100, 3)]).toEqual([0xaa, 0xaa, 0]);
  });

  test("as long as the table are not loops", () => {
    const driver = make();
    for (let index = 0; index < 8; index++)
      driver.descriptor(0, index, data + index, 1, index < 7 ? NEXT | WRITE : WRITE, index + 1);
    driver.makeAvailable(0, 0);
    driver.notify(0);
    expect(driver.used(0)).toEqual([[0, 8]]);
  });

  test("may stand in an indirect table", () => {
    const driver = make(VERSION_1 | INDIRECT_DESC);
    const table = data + 0x1000;
    driver.put(
      table,
      new Uint8Array(Uint32Array.of(data, 0, 2, ((1 << 16) | NEXT | WRITE) >>> 0, data + 8, 0, 1, WRITE).buffer),
    );
    driver.descriptor(0, 3, table, 32, INDIRECT);
    driver.makeAvailable(0, 3);
    driver.notify(0);
    expect([driver.used(0), driver.log]).toEqual([[[3, 3]], []]);
  });

  test.each<[string, (driver: TestDriver) => void, string]>([
    ["a loop of one", (d) => d.descriptor(0, 0, data, 1, NEXT | WRITE, 0), "a descriptor chain loops"],
    [
      "a loop of two",
      (d) => {
        d.descriptor(0, 0, data, 1, NEXT | WRITE, 1);
        d.descriptor(0, 1, data, 1, NEXT | WRITE, 0);
      },
      "a descriptor chain loops",
    ],
    ["zero length", (d) => d.descriptor(0, 0, data, 0, WRITE), "a descriptor has zero length"],
    ["below RAM", (d) => d.descriptor(0, 0, 0x1000, 4, WRITE), "a descriptor points outside RAM (0x1000 + 4 bytes)"],
    [
      "longer than RAM, by overlapping itself",
      (d) => {
        d.descriptor(0, 0, RAM_END - 0x10_0000, 0x10_0000, NEXT | WRITE, 1);
        d.descriptor(0, 1, data, 1, WRITE);
      },
      "a descriptor chain is longer than RAM",
    ],
    [
      "across the end of RAM",
      (d) => d.descriptor(0, 0, RAM_END - 1, 2, WRITE),
      "a descriptor points outside RAM (0x800fffff + 2 bytes)",
    ],
    ["as long as can be", (d) => d.descriptor(0, 0, data, 0xffff_ffff, WRITE), "a descriptor points outside RAM"],
    ["an address that wraps", (d) => d.memory.fill(area.descriptors, 12, 0xff), "a descriptor points outside RAM (0x1"],
    [
      "a next one outside the table",
      (d) => d.descriptor(0, 0, data, 1, NEXT | WRITE, 8),
      "descriptor 8 is outside a table of 8",
    ],
    [
      "a head outside the table",
      (d) => d.memory.store16(area.driver + 4, 0xffff),
      "descriptor 65535 is outside a table of 8",
    ],
    [
      "readable after writable",
      (d) => {
        d.descriptor(0, 0, data, 1, NEXT | WRITE, 1);
        d.descriptor(0, 1, data, 1, 0);
      },
      "a device-readable descriptor follows a device-writable one",
    ],
    [
      "indirect, not negotiated",
      (d) => d.descriptor(0, 0, data, 16, INDIRECT),
      "an indirect descriptor where none is allowed",
    ],
    [
      "an available index too far ahead",
      (d) => d.memory.store16(area.driver + 2, 9),
      "the available index runs 9 ahead in a queue of 8",
    ],
    [
      "an available index that goes back",
      (d) => d.memory.store16(area.driver + 2, 0xffff),
      "the available index runs 65535 ahead in a queue of 8",
    ],
  ])("%s: needs a reset, says so once, touches nothing, works again after it", (_, spoil, message) => {
    const driver = make();
    driver.descriptor(0, 0, data, 1, WRITE);
    driver.makeAvailable(0, 0);
    spoil(driver);
    driver.notify(0);
    driver.notify(0);
    driver.mmio.poll();
    expect(violation(driver)).toContain(message);
    expect([driver.used(0), driver.memory.load32(data)]).toEqual([[], 0]);
    driver.memory.fill(area.descriptors, 0x4000, 0);
    expect(driver.start(1)).toBe(ACTIVE);
    driver.descriptor(0, 0, data, 1, WRITE);
    driver.makeAvailable(0, 0);
    driver.notify(0);
    expect(driver.used(0)).toEqual([[0, 1]]);
  });

  test.each<[string, number, number, number, readonly number[], string]>([
    ["of no whole descriptor", data, 24, INDIRECT, [], "an indirect table of 24 bytes is not a number of descriptors"],
    ["of zero length", data, 0, INDIRECT, [], "an indirect table of 0 bytes is not a number of descriptors"],
    ["outside RAM", RAM_END - 16, 32, INDIRECT, [], "an indirect table at 0x800ffff0 is outside RAM"],
    ["with a next", data, 16, INDIRECT | NEXT, [], "an indirect descriptor has a next one"],
    [
      "in an indirect table",
      data,
      16,
      INDIRECT,
      [data, 0, 16, INDIRECT],
      "an indirect descriptor where none is allowed",
    ],
    ["that loops", data, 16, INDIRECT, [data + 64, 0, 1, NEXT | WRITE], "a descriptor chain loops"],
  ])("an indirect table %s needs a reset", (_, address, byteLength, flags, table, message) => {
    const driver = make(VERSION_1 | INDIRECT_DESC);
    if (table.length > 0) driver.put(data, new Uint8Array(Uint32Array.from(table).buffer));
    driver.descriptor(0, 0, address, byteLength, flags);
    driver.makeAvailable(0, 0);
    driver.notify(0);
    expect(violation(driver)).toBe(message);
  });

  test("an indirect table cannot make a chain of more than 4096 buffers", () => {
    const driver = make(VERSION_1 | INDIRECT_DESC);
    const table = data + 0x1000;
    for (let index = 0; index < 4097; index++) {
      driver.put(
        table + index * 16,
        new Uint8Array(Uint32Array.of(data, 0, 1, (((index + 1) << 16) | NEXT | WRITE) >>> 0).buffer),
      );
    }
    driver.descriptor(0, 0, table, 4097 * 16, INDIRECT);
    driver.makeAvailable(0, 0);
    driver.notify(0);
    expect(violation(driver)).toBe("a chain has more than 4096 descriptors");
  });
});

describe("whatever is in the rings", () => {
  const makers: readonly [string, number, (log: (message: string) => void) => VirtioDevice][] = [
    ["entropy", 1, makeEntropy],
    ["console", 2, () => new VirtioConsole({ write: (byte) => byte % 7 !== 0 }, { read: () => 65 })],
    [
      "block",
      1,
      (log) => new VirtioBlock(new MemoryDisk({ base: zeroBase(0x1_0000), overlayBytesMax: 0x4000 }), "fuzz", log),
    ],
  ];
  /** Mostly near what is valid, so that much of it gets far. */
  const descriptor = fc.record({
    address: fc.oneof(
      fc.integer({ min: RAM_BASE, max: RAM_BASE + 0x8000 }),
      fc.integer({ min: RAM_BASE - 16, max: RAM_END + 16 }),
      fc.maxSafeNat(),
    ),
    byteLength: fc.oneof(fc.nat(64), fc.constantFrom(16, 512, 513, 0x1_0000, 0xffff_ffff)),
    flags: fc.oneof({ weight: 4, arbitrary: fc.nat(3) }, fc.nat(0xffff)),
    next: fc.oneof({ weight: 4, arbitrary: fc.nat(7) }, fc.nat(0xffff)),
  });
  const ring = fc.record({
    descriptors: fc.array(descriptor, { minLength: 8, maxLength: 8 }),
    available: fc.oneof({ weight: 4, arbitrary: fc.nat(8) }, fc.nat(0xffff)),
    heads: fc.array(fc.oneof({ weight: 8, arbitrary: fc.nat(7) }, fc.nat(0xffff)), { minLength: 8, maxLength: 8 }),
    usedEvent: fc.nat(0xffff),
    data: fc.uint8Array({ minLength: 64, maxLength: 64 }),
  });
  const features = fc.constantFrom(
    VERSION_1,
    VERSION_1 | INDIRECT_DESC,
    VERSION_1 | EVENT_IDX,
    VERSION_1 | INDIRECT_DESC | EVENT_IDX,
  );

  test.each(makers)("%s neither throws nor hangs, and works after a reset", (_, queueCount, makeDevice) => {
    fc.assert(
      fc.property(features, fc.array(ring, { minLength: 1, maxLength: 4 }), (negotiated, rings) => {
        const log: string[] = [];
        const driver = new TestDriver(
          makeDevice((message) => log.push(message)),
          8,
          memory,
        );
        driver.start(queueCount, negotiated);
        for (const { descriptors, available, heads, usedEvent, data: bytes } of rings) {
          for (let queue = 0; queue < queueCount; queue++) {
            const { driver: at } = queueArea(queue);
            descriptors.forEach(({ address, byteLength, flags, next }, index) =>
              driver.descriptor(queue, index, address, byteLength, flags, next),
            );
            heads.forEach((head, index) => driver.memory.store16(at + 4 + index * 2, head));
            driver.memory.store16(at + 4 + 16, usedEvent);
            driver.memory.store16(at + 2, available);
            driver.put(data, bytes);
            driver.notify(queue);
            driver.mmio.poll();
          }
        }
        expect(driver.log.length + log.length).toBeLessThan(4);
        const saved = driver.mmio.save();
        driver.mmio.restore(saved);
        expect(driver.mmio.save()).toEqual(saved);
        expect(driver.start(queueCount)).toBe(ACTIVE);
      }),
      { numRuns: 300 },
    );
  });

  test("random bytes over the whole area", () => {
    fc.assert(
      fc.property(features, fc.uint8Array({ minLength: 0x400, maxLength: 0x400 }), (negotiated, bytes) => {
        const driver = make(negotiated);
        for (let at = 0; at < 0x4000; at += bytes.length) driver.put(area.descriptors + at, bytes);
        driver.notify(0);
        driver.mmio.poll();
        expect(driver.log.length).toBeLessThan(2);
      }),
    );
  });
});
