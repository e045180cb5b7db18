import { expect, test } from "vitest";
import { openSink } from "#devices/console.fixture.ts";
import { GuestMemory } from "#memory/guest-memory.ts";
import { RAM_BASE } from "#memory/layout.ts";
import { Htif } from "./htif.ts";

const TOHOST = RAM_BASE + 0x1000;
const FROMHOST = RAM_BASE + 0x1008;
const BUFFER = RAM_BASE + 0x2000;

function htif(memoryMiB = 1) {
  const memory = new GuestMemory(memoryMiB);
  const output: number[] = [];
  const codes: number[] = [];
  const sink = openSink((byte) => output.push(byte));
  const host = new Htif(memory, { tohost: TOHOST, fromhost: FROMHOST }, sink, (code) => codes.push(code));
  return {
    memory,
    codes,
    say(command: bigint) {
      memory.store64(TOHOST, command);
      host.poll();
    },
    text: () => new TextDecoder().decode(Uint8Array.from(output)),
  };
}

function systemCall(guest: ReturnType<typeof htif>, ...words: readonly bigint[]): bigint {
  words.forEach((word, index) => guest.memory.store64(BUFFER + index * 8, word));
  guest.say(BigInt(BUFFER));
  expect(guest.memory.load64(FROMHOST)).toBe(1n);
  return BigInt.asIntN(64, guest.memory.load64(BUFFER));
}

test("1 passes, an odd number fails with its half", () => {
  const guest = htif();
  guest.say(0n);
  guest.say(1n);
  guest.say((1337n << 1n) | 1n);
  expect(guest.codes).toEqual([0, 1337]);
});

test("device 1 prints a character and takes the word back", () => {
  const guest = htif();
  guest.say((1n << 56n) | (1n << 48n) | 0x41n);
  expect(guest.text()).toBe("A");
  expect(guest.memory.load64(TOHOST)).toBe(0n);
});

test("a write system call prints", () => {
  const guest = htif();
  guest.memory.write(BUFFER + 0x100, new TextEncoder().encode("hi"));
  expect(systemCall(guest, 64n, 1n, BigInt(BUFFER + 0x100), 2n)).toBe(2n);
  expect(guest.text()).toBe("hi");
});

test("system calls that are wrong or unknown fail, and harm nobody", () => {
  const guest = htif();
  expect(systemCall(guest, 64n, 1n, 0xffff_ffff_ffff_fff0n, 64n)).toBe(-14n);
  expect(systemCall(guest, 64n, 1n, BigInt(BUFFER), 1n << 60n)).toBe(-14n);
  expect(systemCall(guest, 1024n)).toBe(-38n);
  guest.say(0x1000n);
  expect(guest.text()).toBe("");
});

test("one write prints at most 1 MiB, and says how much", () => {
  const guest = htif(2);
  expect(systemCall(guest, 64n, 1n, BigInt(RAM_BASE), 0x18_0000n)).toBe(0x10_0000n);
  expect(guest.text()).toHaveLength(0x10_0000);
});

test("a system call whose words are not all in RAM is none", () => {
  const guest = htif();
  for (const left of [8, 56]) {
    const address = RAM_BASE + 0x10_0000 - left;
    for (let at = address; at < address + left; at += 8) guest.memory.store64(at, 64n);
    guest.say(BigInt(address));
    expect(guest.memory.load64(FROMHOST)).toBe(0n);
    expect(guest.memory.load64(address)).toBe(64n);
  }
});
