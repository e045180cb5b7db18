import { describe, expect, test } from "vitest";
import { boolean, byteArray, integer, list, record, unsigned, unsigned64, versioned } from "./checks.ts";

describe("checks of outside data", () => {
  test("take what fits", () => {
    expect(record({ a: 1 }, "it")).toEqual({ a: 1 });
    expect(versioned({ version: 2 }, "it", 2)).toEqual({ version: 2 });
    expect(integer(5, "it", 5, 5)).toBe(5);
    expect(unsigned(0xffff_ffff, "it", 32)).toBe(0xffff_ffff);
    expect(unsigned64(2n ** 64n - 1n, "it")).toBe(2n ** 64n - 1n);
    expect(boolean(false, "it")).toBe(false);
    expect(byteArray(new Uint8Array(3), "it", 0, 3)).toHaveLength(3);
    expect(list([1, 2], "it", (value, what) => unsigned(value, what, 8), 2)).toEqual([1, 2]);
  });

  const unsigned8 = (value: unknown, what: string) => unsigned(value, what, 8);
  test.each([
    ["null", () => record(null, "it"), "it is not an object"],
    ["an array", () => record([], "it"), "it is not an object"],
    ["bytes", () => record(new Uint8Array(1), "it"), "it is not an object"],
    ["another version", () => versioned({ version: 3 }, "it", 2), "it has version 3, not 2"],
    ["a fraction", () => integer(1.5, "it", 0, 2), "it is not an integer from 0 to 2"],
    ["NaN", () => integer(Number.NaN, "it", 0, 2), "it is not an integer"],
    ["a string", () => integer("1", "it", 0, 2), "it is not an integer"],
    ["too many bits", () => unsigned(256, "it", 8), "it is not an integer from 0 to 255"],
    ["a negative bigint", () => unsigned64(-1n, "it"), "it is not an unsigned 64-bit integer"],
    ["65 bits", () => unsigned64(2n ** 64n, "it"), "it is not an unsigned 64-bit integer"],
    ["a truthy number", () => boolean(1, "it"), "it is not a boolean"],
    ["too many bytes", () => byteArray(new Uint8Array(4), "it", 3), "the length of it is not"],
    ["words for bytes", () => byteArray(new Uint32Array(3), "it", 3), "it is not bytes"],
    ["a hole", () => list(Array.from({ length: 1 }), "it", unsigned8, 1), "it[0] is not an integer"],
    ["a bad element", () => list([1, 300], "it", unsigned8, 2), "it[1] is not an integer from 0 to 255"],
    ["a short list", () => list([1], "it", unsigned8, 2), "the length of it is not"],
  ])("refuse %s", (_, check, message) => {
    expect(check).toThrow(TypeError);
    expect(check).toThrow(message);
  });
});
