import { expect, test } from "vitest";
import { hashData, StateHash } from "./state-hash.ts";

function ramHash(change: (ram: Uint8Array) => void): string {
  const ram = new Uint8Array(64 * 4096);
  ram.fill(1, 4096, 8192);
  change(ram);
  const hash = new StateHash();
  hash.ram(ram);
  return hash.digest();
}

function dataHash(value: unknown): string {
  const hash = new StateHash();
  hashData(hash, value);
  return hash.digest();
}

test("any byte of RAM makes a difference", () => {
  const seen = new Set([ramHash(() => {})]);
  for (let at = 0; at < 64 * 4096; at += 97) seen.add(ramHash((ram) => (ram[at]! ^= 0x80)));
  expect(seen.size).toBe(1 + Math.ceil((64 * 4096) / 97));
});

test("where a page stands makes a difference", () => {
  expect(ramHash((ram) => ram.copyWithin(8192, 4096, 8192).fill(0, 4096, 8192))).not.toBe(ramHash(() => {}));
});

test("is the same everywhere and ever", () => {
  expect(ramHash(() => {})).toMatchInlineSnapshot(`"8dd030bd265e1a8c3d46002154e61a4c"`);
});

test("plain data: order of properties makes none, types and values do", () => {
  expect(dataHash({ a: 1, b: 2n })).toBe(dataHash({ b: 2n, a: 1 }));
  const values = [
    { a: 1 },
    { a: "1" },
    { a: 1n },
    { a: [1] },
    { a: null },
    { a: undefined },
    {},
    { a: Uint8Array.of(1) },
  ];
  expect(new Set(values.map(dataHash)).size).toBe(values.length);
  expect(dataHash(Uint8Array.of(1, 2))).not.toBe(dataHash(Uint8Array.of(1, 3)));
});
