import { describe, expect, test } from "vitest";
import { VirtioConsole } from "./console.ts";
import { NEEDS_RESET, queueArea, TestDriver } from "./driver.fixture.ts";

const RX = queueArea(0).data;
const TX = queueArea(1).data;

function make() {
  const host = { output: [] as number[], room: Infinity, input: [] as number[] };
  const device = new VirtioConsole(
    {
      write: (byte) => {
        if (host.room === 0) return false;
        host.room--;
        host.output.push(byte);
        return true;
      },
    },
    { read: () => host.input.shift() ?? -1 },
  );
  const driver = new TestDriver(device);
  driver.start(2, (1n << 32n) | 1n);
  const printed = () => Buffer.from(host.output).toString();
  return { host, device, driver, printed };
}

describe("size", () => {
  test("is in the configuration; a change raises the generation and interrupts", () => {
    const { device, driver } = make();
    const before = driver.read(0xfc);
    device.resize(132, 43);
    expect([driver.mmio.read(0x100, 2), driver.mmio.read(0x102, 2), driver.read(0xfc) - before]).toEqual([132, 43, 1]);
    expect(driver.acknowledge()).toBe(2);
    device.resize(132, 43);
    expect([driver.read(0x60), driver.read(0xfc) - before]).toEqual([0, 1]);
  });

  test("is what was saved until the host tells its own", () => {
    const { device, driver } = make();
    device.resize(80, 24);
    driver.acknowledge();
    const saved = structuredClone(driver.mmio.save());
    driver.mmio.restore(saved);
    expect(driver.line.level).toBe(false);
    device.resize(100, 30);
    driver.acknowledge();
    driver.mmio.restore(saved);
    expect(driver.mmio.save()).toEqual(saved);
    device.resize(100, 30);
    expect([driver.mmio.read(0x100, 2), driver.mmio.read(0x102, 2), driver.acknowledge()]).toEqual([100, 30, 2]);
  });
});

describe("transmit", () => {
  test("goes to the sink", () => {
    const { driver, printed } = make();
    driver.put(TX, "hello, world");
    driver.add(1, [
      { address: TX, byteLength: 7 },
      { address: TX + 7, byteLength: 5 },
    ]);
    driver.notify(1);
    expect([printed(), driver.used(1)]).toEqual(["hello, world", [[0, 0]]]);
  });

  test("what was taken before a sink refuses is given back at once, with an interrupt", () => {
    const { host, driver, printed } = make();
    driver.put(TX, "hello, world");
    for (let request = 0; request < 3; request++) driver.add(1, [{ address: TX, byteLength: 5 }]);
    host.room = 12;
    driver.notify(1);
    expect([printed(), driver.used(1).length, driver.line.level]).toEqual(["hellohellohe", 2, true]);
    driver.acknowledge();
    host.room = 0;
    driver.mmio.poll();
    expect([driver.used(1).length, driver.line.level]).toEqual([2, false]);
  });

  test("a driver that asks for more while it is served waits after as many requests as its queue holds", () => {
    const { host, driver } = make();
    const head = driver.add(1, [{ address: TX, byteLength: 1 }]);
    const push = host.output.push.bind(host.output);
    host.output.push = (...bytes) => {
      driver.makeAvailable(1, head);
      return push(...bytes);
    };
    driver.notify(1);
    expect(host.output.length).toBe(driver.size);
    driver.mmio.poll();
    expect(host.output.length).toBe(2 * driver.size);
  });

  test("waits for a sink that refuses, across save and restore, and loses nothing", () => {
    const { host, driver, printed } = make();
    driver.put(TX, "hello, world");
    driver.add(1, [{ address: TX, byteLength: 12 }]);
    driver.add(1, [{ address: TX, byteLength: 5 }]);
    host.room = 4;
    driver.notify(1);
    expect([printed(), driver.used(1), driver.line.level]).toEqual(["hell", [], false]);
    driver.mmio.restore(structuredClone(driver.mmio.save()));
    host.room = Infinity;
    driver.mmio.poll();
    expect([printed(), driver.used(1), driver.line.level]).toEqual([
      "hello, worldhello",
      [
        [0, 0],
        [1, 0],
      ],
      true,
    ]);
  });

  test("without a sink is discarded", () => {
    const driver = new TestDriver(new VirtioConsole());
    driver.start(2);
    driver.add(1, [{ address: TX, byteLength: 0x8000 }]);
    driver.add(0, [{ address: RX, byteLength: 8, write: true }]);
    driver.notify(1);
    driver.notify(0);
    expect([driver.used(1), driver.used(0)]).toEqual([[[0, 0]], []]);
  });
});

describe("receive", () => {
  test("fills buffers as input comes, and interrupts", () => {
    const { host, driver } = make();
    driver.add(0, [{ address: RX, byteLength: 4, write: true }]);
    driver.add(0, [{ address: RX + 8, byteLength: 4, write: true }]);
    driver.notify(0);
    expect([driver.used(0), driver.line.level]).toEqual([[], false]);
    host.input.push(...Buffer.from("abcdef"));
    driver.mmio.poll();
    expect([driver.used(0), driver.text(RX, 4), driver.text(RX + 8, 2), driver.line.level]).toEqual([
      [
        [0, 4],
        [1, 2],
      ],
      "abcd",
      "ef",
      true,
    ]);
  });

  test("without a buffer input stays with the source", () => {
    const { host, driver } = make();
    host.input.push(1, 2, 3);
    driver.mmio.poll();
    expect(host.input).toEqual([1, 2, 3]);
  });

  test("a buffer that cannot be written needs a reset", () => {
    const { host, driver } = make();
    host.input.push(1);
    driver.add(0, [{ address: RX, byteLength: 4 }]);
    driver.mmio.poll();
    expect([driver.read(0x70) & NEEDS_RESET, host.input]).toEqual([NEEDS_RESET, [1]]);
    expect(driver.log[0]).toContain("a console's receive buffer is not writable");
  });
});

test.each([
  [{ version: 1, columns: 1, rows: 1, transmitted: -1 }],
  [{ version: 1, columns: 65536, rows: 1, transmitted: 0 }],
  [null],
])("refuses the state %o", (state) => {
  expect(() => make().device.restore(state)).toThrow(TypeError);
});
