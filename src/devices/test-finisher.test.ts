import { describe, expect, test } from "vitest";
import { TestFinisher } from "./test-finisher.ts";

describe("test finisher", () => {
  test.each([
    [0x5555, 4, ["finish 0"]],
    [0x5555, 2, ["finish 0"]],
    [0x0007_3333, 4, ["finish 7"]],
    [0xffff_3333, 4, ["finish 65535"]],
    [0x3333, 4, ["finish 1"]],
    [0x7777, 4, ["reboot"]],
    [0x1234, 4, []],
    [0x55, 1, []],
  ] as const)("0x%s of %i bytes", (value, width, expected) => {
    const told: string[] = [];
    const finisher = new TestFinisher({
      finish: (code) => told.push(`finish ${code}`),
      reboot: () => told.push("reboot"),
    });
    finisher.write(0, width, value);
    finisher.write(4, 4, 0x5555);
    expect([told, finisher.read()]).toEqual([expected, 0]);
  });

  test("has no state but a version", () => {
    const finisher = new TestFinisher({ finish: () => {}, reboot: () => {} });
    finisher.restore(finisher.save());
    expect(() => finisher.restore({})).toThrow(TypeError);
  });
});
