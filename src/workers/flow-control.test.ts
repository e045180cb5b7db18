import { describe, expect, test } from "vitest";
import { FlowControl } from "./flow-control.ts";

const XOFF = 0x13;
const XON = 0x11;

function line() {
  const time = { ms: 0 };
  const flow = new FlowControl(() => time.ms);
  /** How many of `count` bytes that wait are taken before the line stops. */
  const take = (count: number) => {
    let taken = 0;
    while (taken < count && flow.passes(count - taken)) taken++;
    return taken;
  };
  return { flow, time, take };
}

describe("a guest that cannot take more", () => {
  test("is given no more of a paste until it says so, but what a person types", () => {
    const { flow, take } = line();
    expect(take(4000)).toBe(4000);
    flow.printed(XOFF);
    expect(take(50_000)).toBe(0);
    expect(take(1)).toBe(1);
    flow.printed(XON);
    expect(take(50_000)).toBe(50_000);
  });

  test("is still full when more comes a moment later", () => {
    const { flow, time, take } = line();
    take(4000);
    flow.printed(XOFF);
    flow.passes(0);
    time.ms += 300;
    expect(take(50_000)).toBe(0);
  });
});

describe("a byte that looks like XOFF", () => {
  test.each([
    ["with no input before", 0],
    ["with little input before", 500],
  ])("%s is none", (_, taken) => {
    const { flow, take } = line();
    take(taken);
    flow.printed(XOFF);
    expect(take(50_000)).toBe(50_000);
  });

  test("and came long after the last input is forgotten", () => {
    const { flow, time, take } = line();
    take(4000);
    flow.passes(0);
    flow.printed(XOFF);
    time.ms += 1500;
    expect(take(50_000)).toBe(50_000);
  });
});
