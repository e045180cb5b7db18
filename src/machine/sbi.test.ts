import { describe, expect, test, vi } from "vitest";
import { HART_BASE, HartSlot, RAM_BASE } from "#memory/layout.ts";
import { scriptedMachine, type ScriptedHart } from "./machine.fixture.ts";

const BASE = 0x10n;
const TIME = 0x5449_4d45n;
const IPI = 0x73_5049n;
const RFENCE = 0x5246_4e43n;
const HSM = 0x48_534dn;
const SRST = 0x5352_5354n;
const DBCN = 0x4442_434en;
const MINUS = (value: bigint): bigint => BigInt.asUintN(64, -value);

function callSbi(hart: ScriptedHart, extension: bigint, functionId: bigint, ...args: readonly bigint[]) {
  hart.setX(17, extension);
  hart.setX(16, functionId);
  for (let index = 0; index < 6; index++) hart.setX(10 + index, args[index] ?? 0n);
  expect(hart.host.sbiCall?.()).toBe(true);
  return [hart.x(10), hart.x(11)];
}

function guest() {
  return scriptedMachine(() => {});
}

describe("what every call answers", () => {
  test.each([
    ["version 2.0", BASE, 0n, [], [0n, 0x200_0000n]],
    ["probe of TIME", BASE, 3n, [TIME], [0n, 1n]],
    ["probe of what is not there", BASE, 3n, [0x504d55n], [0n, 0n]],
    ["unknown extension", 0x504d55n, 0n, [], [MINUS(2n), 0n]],
    ["unknown function", TIME, 1n, [], [MINUS(2n), 0n]],
    ["IPI to hart 0", IPI, 0n, [1n, 0n], [0n, 0n]],
    ["IPI to a hart that does not exist", IPI, 0n, [2n, 0n], [MINUS(3n), 0n]],
    ["fence of all harts", RFENCE, 1n, [0n, MINUS(1n)], [0n, 0n]],
    ["hypervisor fence", RFENCE, 3n, [1n, 0n], [MINUS(2n), 0n]],
    ["start of the running hart", HSM, 0n, [0n], [MINUS(6n), 0n]],
    ["start of another hart", HSM, 0n, [1n], [MINUS(3n), 0n]],
    ["status of the hart", HSM, 2n, [0n], [0n, 0n]],
    ["reset of an unknown type", SRST, 0n, [9n, 0n], [MINUS(3n), 0n]],
  ])("%s", (_, extension, functionId, args, expected) => {
    expect(callSbi(guest().hart, extension, functionId, ...args)).toEqual(expected);
  });
});

test("a timer ends the slice, since one that is due is to come at once", () => {
  const { hart, memory } = guest();
  const exit = vi.spyOn(hart, "requestExit");
  expect(callSbi(hart, TIME, 0n, 5n)).toEqual([0n, 0n]);
  expect(memory.view.getBigUint64(HART_BASE + HartSlot.stimecmp, true)).toBe(5n);
  expect(exit).toHaveBeenCalledOnce();
});

describe("system reset", () => {
  test.each([
    [0n, { type: "poweroff" }],
    [1n, { type: "reboot" }],
    [2n, { type: "reboot" }],
  ])("type %d", (type, reason) => {
    const { machine, hart } = guest();
    callSbi(hart, SRST, 0n, type, 0n);
    expect(machine.run(10)).toEqual({ type: "stopped", reason });
  });
});

describe("debug console", () => {
  test("writes RAM to the console", () => {
    const { hart, memory, output } = guest();
    memory.write(RAM_BASE + 0x1000, new TextEncoder().encode("hello"));
    expect(callSbi(hart, DBCN, 0n, 5n, BigInt(RAM_BASE + 0x1000), 0n)).toEqual([0n, 5n]);
    expect(String.fromCharCode(...output)).toBe("hello");
  });

  test("reads what was typed into RAM", () => {
    const { hart, memory, input } = guest();
    input.push(0x61, 0x62);
    expect(callSbi(hart, DBCN, 1n, 8n, BigInt(RAM_BASE), 0n)).toEqual([0n, 2n]);
    expect([...memory.read(RAM_BASE, 2)]).toEqual([0x61, 0x62]);
  });

  test.each([
    ["below RAM", 16n, BigInt(RAM_BASE - 8), 0n],
    ["past the end", 16n, BigInt(RAM_BASE + 16 * 0x10_0000 - 8), 0n],
    ["beyond 64 bits", 16n, BigInt(RAM_BASE), 1n],
    ["of an absurd length", 1n << 63n, BigInt(RAM_BASE), 0n],
    ["at an absurd address", 16n, MINUS(8n), 0n],
  ])("refuses a range %s", (_, length, low, high) => {
    const { hart, output, input } = guest();
    input.push(0x61);
    expect(callSbi(hart, DBCN, 0n, length, low, high)[0]).toBe(MINUS(3n));
    expect(callSbi(hart, DBCN, 1n, length, low, high)[0]).toBe(MINUS(3n));
    expect([output, input]).toEqual([[], [0x61]]);
  });

  test("writes one byte", () => {
    const { hart, output } = guest();
    expect(callSbi(hart, DBCN, 2n, 0x141n)).toEqual([0n, 0n]);
    expect(output).toEqual([0x41]);
  });
});

test("legacy calls answer in a0 alone", () => {
  const { hart, output, input } = guest();
  expect(callSbi(hart, 1n, 0n, 0x42n, 77n)).toEqual([0n, 77n]);
  expect(output).toEqual([0x42]);
  expect(callSbi(hart, 2n, 0n)[0]).toBe(MINUS(1n));
  input.push(0x43);
  expect(callSbi(hart, 2n, 0n)[0]).toBe(0x43n);
});
