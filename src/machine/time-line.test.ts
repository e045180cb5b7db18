import { describe, expect, test } from "vitest";
import { WallClock } from "./guest-clock.ts";
import { TimeLine } from "./time-line.ts";

const SECOND = 10_000_000n;
const EPOCH = 1_700_000_000_250_000_000n;

function make() {
  const host = { now: 5n, epoch: EPOCH };
  const clock = new WallClock({ now: () => host.now, epochNanoseconds: () => host.epoch });
  const line = new TimeLine(clock);
  const pass = (seconds: bigint) => {
    host.now += seconds * SECOND;
    host.epoch += seconds * 1_000_000_000n;
  };
  /** What the guest reads at the beginning of a stretch. */
  const read = (hadWork = false) => {
    clock.rest(hadWork);
    clock.start();
    let text = "";
    for (let byte = line.read(); byte >= 0; byte = line.read()) text += String.fromCharCode(byte);
    return text;
  };
  return { host, clock, pass, read };
}

describe("the guest is told of its time of day, and how much is left of the second,", () => {
  test("after a pause, once", () => {
    const { clock, pass, read } = make();
    clock.stop();
    pass(60n);
    expect([read(), read(), clock.now()]).toEqual(["750000\n", "", 0n]);
  });

  test("after going back to a snapshot, as often as that happens", () => {
    const { clock, pass, read } = make();
    clock.stop();
    const saved = clock.save();
    pass(3600n);
    for (const expected of ["750000\n", "750000\n"]) {
      clock.restore(saved);
      expect(clock.save()).toEqual(saved);
      expect(read()).toBe(expected);
    }
    clock.stop();
    clock.restore(clock.save());
    expect(read()).toBe("");
  });

  test("after a freeze while it had work", () => {
    const { clock, pass, read } = make();
    pass(600n);
    expect([read(true), clock.now()]).toEqual(["750000\n", 0n]);
  });

  test("after the host's clock was set, forward and back", () => {
    const { host, read } = make();
    host.epoch += 600_000_000n;
    expect(read()).toBe("150000\n");
    host.epoch -= 3_600_000_000_000n;
    expect(read()).toBe("150000\n");
  });

  test("at the next stretch where there was no room for it", () => {
    const { clock, pass, read } = make();
    clock.stop();
    pass(60n);
    clock.start();
    pass(1n);
    expect(read()).toBe("750000\n");
  });
});

describe("the guest is not told", () => {
  test("where time passed for it too", () => {
    const { pass, read } = make();
    expect(read()).toBe("");
    pass(600n);
    expect(read(false)).toBe("");
  });

  test("of less than half a second", () => {
    const { host, clock, read } = make();
    clock.stop();
    host.now += SECOND / 2n;
    host.epoch += 500_000_000n;
    expect(read()).toBe("");
  });

  test("of what was before it booted", () => {
    const { clock, pass, read } = make();
    clock.stop();
    pass(60n);
    clock.reset();
    expect(read()).toBe("");
  });
});
