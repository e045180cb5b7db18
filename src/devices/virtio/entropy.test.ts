import { expect, test } from "vitest";
import { queueArea, TestDriver } from "./driver.fixture.ts";
import { VirtioEntropy } from "./entropy.ts";

const { data } = queueArea(0);

function make() {
  let next = 0;
  const entropy = new VirtioEntropy((bytes) => {
    for (let index = 0; index < bytes.length; index++) bytes[index] = ++next;
  });
  const driver = new TestDriver(entropy);
  driver.start(1);
  return { entropy, driver };
}

test("fills what the driver gives it from the host's randomness", () => {
  const { driver } = make();
  driver.add(0, [
    { address: data, byteLength: 3, write: true },
    { address: data + 8, byteLength: 2, write: true },
  ]);
  driver.notify(0);
  expect(driver.used(0)).toEqual([[0, 5]]);
  expect([...driver.memory.read(data, 11)]).toEqual([1, 2, 3, 0, 0, 0, 0, 0, 4, 5, 0]);
  expect(driver.read(0x08)).toBe(4);
});

test("gives at most 4096 bytes a request, and none into a buffer that it may only read", () => {
  const { driver } = make();
  driver.add(0, [{ address: data, byteLength: 0x2000, write: true }]);
  driver.add(0, [{ address: data, byteLength: 16 }]);
  driver.notify(0);
  expect(driver.used(0)).toEqual([
    [0, 4096],
    [1, 0],
  ]);
});

test("state", () => {
  const { entropy } = make();
  entropy.restore(entropy.save());
  expect(() => entropy.restore("x")).toThrow(TypeError);
});
