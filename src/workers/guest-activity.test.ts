import { describe, expect, test } from "vitest";
import { PollingGuest } from "./polling-guest.ts";
import { TrapLoop } from "./trap-loop.ts";

describe("a guest that waits by asking", () => {
  /** Turns of a guest, each so many instructions, device accesses and console bytes long; how long it may rest at last. */
  function restAfter(turns: number, instructions: number, accesses: number, bytes: number): number {
    const polling = new PollingGuest();
    let restMs = 0;
    for (let turn = 1; turn <= turns; turn++) {
      restMs = polling.restMs({
        instructions: BigInt(turn * instructions),
        deviceAccesses: BigInt(turn * accesses),
        consoleBytes: turn * bytes,
      });
    }
    return restMs;
  }

  test.each([
    ["asks all the time", 10, 100_000, 600, 0, true],
    ["has only begun to", 3, 100_000, 600, 0, false],
    ["computes", 10, 100_000, 3, 0, false],
    ["prints", 10, 100_000, 600, 1, false],
    ["touches no device", 10, 100_000, 0, 0, false],
  ])("one that %s", (_, turns, instructions, accesses, bytes, rests) => {
    expect(restAfter(turns, instructions, accesses, bytes) > 0).toBe(rests);
  });
});

describe("a guest that runs wild", () => {
  test.each([
    ["every instruction traps", 1000, true],
    ["every fifth one traps", 200, false],
  ])("%s", (_, trapsPerTurn, endless) => {
    const loop = new TrapLoop();
    let found = false;
    for (let turn = 1; turn <= 30; turn++) found = loop.isEndless(BigInt(turn * 1000), BigInt(turn * trapsPerTurn));
    expect(found).toBe(endless);
  });
});
