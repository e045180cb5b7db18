import { describe, expect, test } from "vitest";
import { ACTIVE, EVENT_IDX, INDIRECT_DESC, NEEDS_RESET, queueArea, TestDriver, VERSION_1 } from "./driver.fixture.ts";
import type { VirtioDevice, VirtioTransport } from "./virtio-device.ts";
import type { Virtqueue } from "./virtqueue.ts";
import { VirtioMmio } from "./mmio.ts";

/** A device that tells what the transport does with it, and completes every request with 7 bytes. */
class Probe implements VirtioDevice {
  readonly name = "probe";
  readonly deviceId = 42;
  readonly features = 0b101n;
  readonly queueSizes = [8, 4];
  readonly config = Uint8Array.from([1, 2, 3, 4, 5]);
  readonly told: string[] = [];
  queues: readonly (Virtqueue | undefined)[] = [];
  transport: VirtioTransport | undefined;

  attach(transport: VirtioTransport): void {
    this.transport = transport;
  }
  activate(queues: readonly (Virtqueue | undefined)[], negotiated: bigint): void {
    this.queues = queues;
    this.told.push(`activate ${queues.map((queue) => queue?.size ?? "-").join(" ")} with 0x${negotiated.toString(16)}`);
  }
  notify(index: number): void {
    const queue = this.queues[index]!;
    for (const chain of queue.requests()) queue.complete(chain, 7);
    queue.flush();
  }
  reset(): void {
    this.queues = [];
    this.told.push("reset");
  }
  save(): unknown {
    return "probe's";
  }
  restore(state: unknown): void {
    if (state !== "probe's") throw new TypeError("not a probe's state");
  }
}

const area = queueArea(0);

function make() {
  const device = new Probe();
  return { device, driver: new TestDriver(device, 4) };
}

describe("registers", () => {
  test("identity", () => {
    const { driver } = make();
    expect([0x00, 0x04, 0x08, 0x0c].map((offset) => driver.read(offset))).toEqual([0x7472_6976, 2, 42, 0x554d_4551]);
  });

  test("an empty slot has DeviceID 0 and nothing else", () => {
    const { driver } = make();
    const slot = new VirtioMmio({ memory: driver.memory, line: driver.line, log: () => {} });
    slot.write(0x70, 4, 1);
    slot.write(0x50, 4, 0);
    expect([0x00, 0x04, 0x08, 0x10, 0x34, 0x70, 0x100].map((offset) => slot.read(offset, 4))).toEqual([
      0x7472_6976, 2, 0, 0, 0, 0, 0,
    ]);
    slot.restore(structuredClone(slot.save()));
  });

  test("device features by word", () => {
    const { driver } = make();
    const words = [0, 1, 2, 0xffff_ffff].map((word) => {
      driver.write(0x14, word);
      return driver.read(0x10);
    });
    expect(words).toEqual([0x3000_0005, 1, 0, 0]);
  });

  test("configuration in any width and at any offset", () => {
    const { driver, device } = make();
    const { mmio } = driver;
    expect([
      mmio.read(0x100, 1),
      mmio.read(0x101, 2),
      mmio.read(0x100, 4),
      mmio.read(0x104, 4),
      mmio.read(0xffc, 4),
    ]).toEqual([1, 0x0302, 0x0403_0201, 5, 0]);
    mmio.write(0x100, 4, 0xffff_ffff);
    expect(device.config[0]).toBe(1);
  });

  test("a shared memory region that does not exist is -1 long", () => {
    const { driver } = make();
    driver.write(0xac, 0);
    expect([0xb0, 0xb4, 0xb8, 0xbc].map((offset) => driver.read(offset))).toEqual(
      Array.from({ length: 4 }, () => 0xffff_ffff),
    );
  });

  test.each([1, 2] as const)("registers ignore accesses of %i bytes, and log it once", (width) => {
    const { driver } = make();
    driver.mmio.write(0x70, width, 1);
    expect([driver.mmio.read(0x00, width), driver.read(0x70)]).toEqual([0, 0]);
    expect(driver.log).toEqual([
      `probe: an access of ${width} bytes to a register of 4; it reads 0 and ignores writes`,
    ]);
  });
});

describe("status", () => {
  test("a driver that does not accept VERSION_1 is served, as by QEMU, and it is said", () => {
    const { driver, device } = make();
    expect(driver.negotiate(0b001n)).toBe(11);
    driver.setQueue(0, 4);
    driver.write(0x70, ACTIVE);
    expect(device.told.at(-1)).toBe("activate 4 - with 0x1");
    expect(driver.log).toEqual(["probe: the driver does not accept VIRTIO_F_VERSION_1; it is served as if it did"]);
  });

  test.each([0b010n, 1n << 40n])(
    "feature %i, which was not offered, is left out, as by QEMU, and it is said",
    (feature) => {
      const { driver, device } = make();
      expect(driver.negotiate(VERSION_1 | 0b100n | feature)).toBe(11);
      driver.setQueue(1, 2);
      driver.write(0x70, ACTIVE);
      expect(device.told.at(-1)).toBe("activate - 2 with 0x100000004");
      expect(driver.log).toEqual(["probe: the driver accepts features that were not offered: it does not have them"]);
    },
  );

  test("DRIVER_OK hands over the queues that are ready", () => {
    const { driver, device } = make();
    driver.negotiate(VERSION_1 | 0b100n);
    driver.setQueue(1, 2);
    driver.write(0x70, ACTIVE);
    expect([driver.read(0x70), device.told.at(-1)]).toEqual([15, "activate - 2 with 0x100000004"]);
  });

  test("DRIVER_OK without FEATURES_OK is a driver without features", () => {
    const { driver, device } = make();
    driver.write(0x70, 3);
    driver.write(0x20, 1);
    driver.setQueue(0, 4);
    driver.write(0x70, 7);
    expect([driver.read(0x70), device.told]).toEqual([7, ["activate 4 - with 0x0"]]);
    expect(driver.log).toEqual(["probe: the driver set DRIVER_OK without FEATURES_OK: it has no features"]);
  });

  test("bits are cleared by a reset only, which takes everything back", () => {
    const { driver, device } = make();
    driver.start(2);
    driver.write(0x70, 1);
    expect(driver.read(0x70)).toBe(15);
    driver.write(0x70, 0);
    driver.write(0x30, 0);
    expect([driver.read(0x70), driver.read(0x44), device.told.at(-1)]).toEqual([0, 0, "reset"]);
  });

  test("features and queues are fixed once accepted", () => {
    const { driver, device } = make();
    driver.negotiate(VERSION_1);
    driver.write(0x24, 0);
    driver.write(0x20, 1);
    driver.setQueue(0, 4);
    driver.write(0x38, 2);
    driver.write(0x70, ACTIVE);
    driver.write(0x44, 0);
    expect([device.told.at(-1), driver.read(0x44)]).toEqual(["activate 4 - with 0x100000000", 1]);
  });

  test("queues that do not exist", () => {
    const { driver } = make();
    driver.write(0x30, 2);
    driver.write(0x44, 1);
    expect([driver.read(0x34), driver.read(0x44)]).toEqual([0, 0]);
    driver.write(0x30, 1);
    expect(driver.read(0x34)).toBe(4);
    driver.start(2);
    driver.notify(2);
    driver.notify(0xffff_ffff);
    expect([driver.read(0x70), driver.log]).toEqual([15, []]);
  });
});

describe("queues", () => {
  test.each([
    ["a size that is not a power of 2", 3, area, "a queue size of 3 is not a power of 2"],
    ["size zero", 0, area, "a queue size of 0 is not a power of 2"],
    ["a size above QEMU's most", 2048, area, "queue 0 has 2048 entries, the most is 1024"],
    ["a table below RAM", 4, { ...area, descriptors: 0x1000 }, "the descriptor area at 0x1000 is outside RAM"],
    [
      "a used ring across the end of RAM",
      4,
      { ...area, device: 0x8010_0000 - 8 },
      "the device area at 0x800ffff8 is outside RAM",
    ],
    [
      "an address of 64 bits",
      4,
      { ...area, driver: 0xffff_ffff_0000_0000 },
      "the driver area at 0xffffffff00000000 is outside RAM",
    ],
  ] as const)("%s: DEVICE_NEEDS_RESET and a clear message, once", (_, size, where, message) => {
    const { driver, device } = make();
    for (let round = 0; round < 2; round++) {
      driver.negotiate();
      driver.setQueue(0, size, where);
      driver.write(0x70, ACTIVE);
      expect([driver.read(0x70), driver.acknowledge()]).toEqual([ACTIVE | NEEDS_RESET, 2]);
    }
    expect(driver.log).toHaveLength(1);
    expect(driver.log[0]).toContain("probe: the driver broke the virtio specification: ");
    expect(driver.log[0]).toContain(message);
    expect(device.told.filter((each) => each.startsWith("activate"))).toEqual([]);
    expect(driver.start(2)).toBe(ACTIVE);
  });

  test("requests are completed in order, with an interrupt until acknowledged", () => {
    const { driver } = make();
    driver.start(2);
    driver.add(0, [{ address: area.data, byteLength: 4 }]);
    driver.add(0, [
      { address: area.data, byteLength: 4 },
      { address: area.data, byteLength: 1, write: true },
    ]);
    driver.notify(0);
    expect([driver.used(0), driver.line.level, driver.read(0x60)]).toEqual([
      [
        [0, 7],
        [1, 7],
      ],
      true,
      1,
    ]);
    driver.write(0x64, 1);
    expect([driver.line.level, driver.read(0x60)]).toEqual([false, 0]);
  });

  test("a notification without a request does not interrupt", () => {
    const { driver } = make();
    driver.start(2);
    driver.notify(0);
    expect(driver.line.rises).toBe(0);
  });

  test("a driver may ask for no interrupts", () => {
    const { driver } = make();
    driver.start(2);
    driver.memory.store16(area.driver, 1);
    driver.add(0, [{ address: area.data, byteLength: 4 }]);
    driver.notify(0);
    expect([driver.used(0).length, driver.line.rises]).toEqual([1, 0]);
  });

  test("with EVENT_IDX it interrupts when the used index passes used_event, and names avail_event", () => {
    const { driver } = make();
    driver.start(2, VERSION_1 | EVENT_IDX);
    driver.memory.store16(area.driver + 4 + 4 * 2, 1); // used_event: tell me after the second
    driver.add(0, [{ address: area.data, byteLength: 4 }]);
    driver.notify(0);
    expect([driver.line.rises, driver.memory.load16(area.device + 4 + 4 * 8)]).toEqual([0, 1]);
    driver.add(0, [{ address: area.data, byteLength: 4 }]);
    driver.notify(0);
    expect([driver.line.rises, driver.memory.load16(area.device + 4 + 4 * 8)]).toEqual([1, 2]);
  });

  test("indices run past 2^16", () => {
    const { driver } = make();
    driver.start(2);
    for (let round = 0; round < 0x1_0002; round++) {
      driver.add(0, [{ address: area.data, byteLength: 4 }]);
      driver.notify(0);
    }
    expect([driver.memory.load16(area.device + 2), driver.read(0x70)]).toEqual([2, ACTIVE]);
  });
});

describe("configuration change", () => {
  test("raises the generation; interrupts an active driver", () => {
    const { driver, device } = make();
    device.transport!.configChanged();
    expect([driver.read(0xfc), driver.line.level]).toEqual([1, false]);
    driver.start(2);
    device.transport!.configChanged();
    expect([driver.read(0xfc), driver.acknowledge(), driver.line.level]).toEqual([2, 2, false]);
  });
});

describe("state", () => {
  test("an active slot goes on where it was", () => {
    const { driver, device } = make();
    driver.start(2, VERSION_1 | INDIRECT_DESC);
    driver.add(0, [{ address: area.data, byteLength: 4 }]);
    driver.notify(0);
    const saved = structuredClone(driver.mmio.save());
    driver.write(0x70, 0);
    driver.mmio.restore(saved);
    expect([driver.line.level, driver.read(0x70), device.told.at(-1)]).toEqual([
      true,
      15,
      "activate 4 4 with 0x110000000",
    ]);
    expect(driver.mmio.save()).toEqual(saved);
    driver.add(0, [{ address: area.data, byteLength: 4 }]);
    driver.notify(0);
    expect(driver.used(0)).toEqual([
      [0, 7],
      [1, 7],
    ]);
  });

  test("a slot at rest", () => {
    const { driver } = make();
    const saved = structuredClone(driver.mmio.save());
    driver.start(2);
    driver.mmio.restore(saved);
    expect([driver.read(0x70), driver.line.level, driver.mmio.save()]).toEqual([0, false, saved]);
  });

  test.each([
    ["version", 2],
    ["deviceId", 2],
    ["status", 256],
    ["status", 3],
    ["driverFeatures", 2n],
    ["driverFeatures", 0],
    ["queueSelect", -1],
    ["interruptStatus", 4],
    ["queues", []],
    ["queues", [null, null]],
    ["virtqueues", [{ version: 1, nextAvailable: 65536, nextUsed: 0, signalledUsed: 0 }, undefined]],
    ["virtqueues", 5],
    ["device", "another's"],
  ])("refuses a state with a wrong %s, and is left reset", (field, value) => {
    const { driver } = make();
    driver.start(2);
    const saved = driver.mmio.save() as object;
    expect(() => driver.mmio.restore({ ...saved, [field]: value })).toThrow(TypeError);
    expect([driver.read(0x70), driver.line.level]).toEqual([0, false]);
  });

  test("refuses queues outside RAM", () => {
    const { driver } = make();
    driver.start(2);
    const saved = structuredClone(driver.mmio.save()) as { queues: { driverArea: { high: number } }[] };
    saved.queues[0]!.driverArea.high = 1;
    expect(() => driver.mmio.restore(saved)).toThrow("probe's state: the driver area at 0x180002000 is outside RAM");
  });
});
