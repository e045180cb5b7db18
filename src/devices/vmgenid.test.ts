import { expect, test } from "vitest";
import { TestLine } from "./line.fixture.ts";
import { VmGenId } from "./vmgenid.ts";

/** A device whose nth id is sixteen consecutive numbers from n · 16 on. */
function make() {
  const line = new TestLine();
  let given = 0;
  const device = new VmGenId({ line, random: (bytes) => bytes.forEach((_, index) => (bytes[index] = given++)) });
  device.reset();
  return { device, line };
}

test.each([1, 2, 4] as const)("the id reads little-endian in accesses of %i bytes, and zeros follow it", (width) => {
  const { device } = make();
  const bytes: number[] = [];
  for (let offset = 0; offset < 24; offset += width) {
    const value = device.read(offset, width);
    for (let index = 0; index < width; index++) bytes.push(Math.floor(value / 0x100 ** index) % 0x100);
  }
  expect(bytes).toEqual([...Array.from({ length: 16 }, (_, index) => index), ...Array.from({ length: 8 }, () => 0)]);
});

test("a word with its highest bit set reads unsigned", () => {
  const device = new VmGenId({ line: new TestLine(), random: (bytes) => bytes.fill(0xff) });
  device.reset();
  expect(device.read(4, 4)).toBe(0xffff_ffff);
});

test("a new id interrupts until it is read from its first byte", () => {
  const { device, line } = make();
  expect(line.level).toBe(false);
  device.renew();
  expect(line.level).toBe(true);
  // The rest of a copy that was under way.
  expect(device.read(8, 4)).toBe(0x1b1a_1918);
  expect(line.level).toBe(true);
  expect(device.read(0, 4)).toBe(0x1312_1110);
  expect([line.level, line.rises]).toEqual([false, 1]);
});

test("the guest cannot write it", () => {
  const { device } = make();
  device.write();
  expect(device.read(0, 4)).toBe(0x0302_0100);
});

test("save, reset and restore", () => {
  const { device, line } = make();
  device.renew();
  const saved = structuredClone(device.save());
  device.reset();
  expect([line.level, device.read(0, 1)]).toEqual([false, 32]);
  device.restore(saved);
  expect(line.level).toBe(true);
  expect(device.save()).toEqual(saved);
});

test.each([
  ["version", 2],
  ["id", new Uint8Array(15)],
  ["changed", 1],
])("refuses a state with a wrong %s", (field, value) => {
  const { device } = make();
  const before = device.save() as object;
  expect(() => device.restore({ ...before, [field]: value })).toThrow(TypeError);
  expect(device.save()).toEqual(before);
});
