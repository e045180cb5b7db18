import { describe, expect, test } from "vitest";
import { RAM_BASE } from "#memory/layout.ts";
import { buildElf, words } from "#machine/boot/elf.fixture.ts";
import { scriptedMachine, type ScriptedHart } from "./machine.fixture.ts";
import { PARTS_VERSION } from "./parts.ts";

const UART = 0x1000_0000;
const FINISHER = 0x10_0000;
const MTIMECMP = 0x200_4000;
const MTIP = 1n << 7n;
const SEIP = 1n << 9n;
const nothing = (): void => {};

describe("run", () => {
  test("runs exactly so many instructions", () => {
    const { machine, hart } = scriptedMachine(nothing);
    expect(machine.run(250_001)).toEqual({ type: "ran" });
    expect(hart.ticks).toBe(250_001n);
  });

  test("a slice ends exactly at the next timer", () => {
    const seen: bigint[] = [];
    const { machine, hart } = scriptedMachine((own) => {
      if (own.pending & MTIP && seen.length === 0) seen.push(own.ticks);
    });
    hart.host.writeDevice(MTIMECMP, 8, 123n);
    machine.run(100_000);
    expect(seen).toEqual([12_301n]);
  });

  test("the virtual clock jumps over waiting", () => {
    const { machine, hart } = scriptedMachine((own) => {
      if (own.ticks === 10n) own.wait();
    });
    hart.host.writeDevice(MTIMECMP, 8, 1_000_000n);
    expect(machine.run(99)).toEqual({ type: "ran" });
    expect(hart.host.time()).toBe(1_000_000n);
  });

  test("waits for good without a timer, and goes on with input", () => {
    const { machine, hart, input } = scriptedMachine((own) => {
      if (own.ticks === 10n) own.wait();
    });
    expect(machine.run(100)).toEqual({ type: "waiting", milliseconds: Infinity });
    enableUartInterrupt(hart);
    input.push(0x61);
    expect(machine.run(90)).toEqual({ type: "ran" });
    expect(hart.host.readDevice(UART, 1)).toBe(0x61n);
  });

  test("what was typed is seen at once by a machine that waits, and by one at work where no run must be like another", () => {
    const pendingAfter = (clock: "wall" | "virtual", waits: boolean) => {
      const { machine, hart, input } = scriptedMachine((own) => waits && own.wait(), { clock });
      enableUartInterrupt(hart);
      machine.run(100);
      input.push(0x61);
      machine.wake();
      return hart.pending & SEIP;
    };
    expect([pendingAfter("virtual", true), pendingAfter("wall", false), pendingAfter("wall", true)]).toEqual([
      SEIP,
      SEIP,
      SEIP,
    ]);
    expect(pendingAfter("virtual", false)).toBe(0n);
  });

  test("under the wall clock says how long to wait", () => {
    const { machine, hart, time } = scriptedMachine((own) => own.wait(), { clock: "wall" });
    hart.host.writeDevice(MTIMECMP, 8, 50_000n);
    expect(machine.run(100)).toEqual({ type: "waiting", milliseconds: 5 });
    time.now += 20_000n;
    expect(machine.run(100)).toEqual({ type: "waiting", milliseconds: 3 });
    time.now += 30_000n;
    machine.run(100);
    expect(hart.ticks).toBeGreaterThan(1n);
  });

  test("stops at the test finisher, at once and until reset", () => {
    const { machine, hart } = scriptedMachine(
      (own) => own.ticks === 5n && own.host.writeDevice(FINISHER, 4, 0x0003_3333n),
      { firmware: "bare" },
    );
    const stopped = { type: "stopped", reason: { type: "finished", code: 3 } };
    expect(machine.run(100)).toEqual(stopped);
    expect(hart.ticks).toBe(5n);
    expect(machine.run(100)).toEqual(stopped);
    machine.reset();
    expect(machine.run(3)).toEqual({ type: "ran" });
  });

  test.each([
    [0x5555n, { type: "poweroff" }],
    [0x7777n, { type: "reboot" }],
  ])("the finisher under SBI: 0x%s", (value, reason) => {
    const { machine } = scriptedMachine((own) => own.host.writeDevice(FINISHER, 4, value));
    expect(machine.run(100)).toEqual({ type: "stopped", reason });
  });

  test.each([
    [1n, 0],
    [7n, 3],
  ])("tohost = %d", (value, code) => {
    const tohost = RAM_BASE + 0x1000;
    const kernel = buildElf({
      entry: BigInt(RAM_BASE),
      segments: [{ address: RAM_BASE, bytes: words(0x6f), memoryBytes: 0x2000 }],
      symbols: { tohost: BigInt(tohost) },
    });
    const { machine, hart } = scriptedMachine(
      (own) => own.ticks === 100n && memory.store64(tohost, value),
      { firmware: "bare" },
      { kernel },
    );
    const { memory } = machine;
    expect(machine.run(1_000_000)).toEqual({ type: "stopped", reason: { type: "finished", code } });
    expect(hart.ticks).toBeLessThanOrEqual(10_000n);
  });
});

describe("the virtual clock", () => {
  test("counts a tick of 100 ns per 100 instructions", () => {
    const { machine, hart } = scriptedMachine(nothing);
    machine.run(12_345);
    expect(hart.host.time()).toBe(123n);
  });

  test("the same inputs leave the same state", () => {
    const hashes = [1, 2].map(() => {
      const { machine, input } = scriptedMachine(busy);
      machine.run(150_000);
      input.push(1, 2, 3);
      machine.run(150_000);
      return machine.stateHash();
    });
    expect(hashes[0]).toBe(hashes[1]);
  });
});

describe("the wall clock", () => {
  test("leaves out a freeze of the host while the guest had work", () => {
    const { machine, hart, time } = scriptedMachine(nothing, { clock: "wall" });
    machine.run(100);
    time.now += 36_000_000_000n;
    machine.run(100);
    expect(hart.host.time()).toBeLessThan(10_000_000n);
  });

  test("leaves out a freeze that came in the middle of a run", () => {
    let thaw = 0n;
    const guest = scriptedMachine(() => (guest.time.now += thaw), { clock: "wall" });
    guest.machine.run(100);
    thaw = 36_000_000_000n;
    guest.machine.run(100);
    thaw = 0n;
    guest.machine.run(100);
    expect(guest.hart.host.time()).toBeLessThan(10_000_000n);
  });

  test("stands still while stopped", () => {
    const { machine, hart, time } = scriptedMachine((own) => own.wait(), { clock: "wall" });
    time.now += 500n;
    machine.run(100);
    machine.stopClock();
    time.now += 1_000_000n;
    machine.run(100);
    expect(hart.host.time()).toBe(500n);
  });

  test("goes on from a snapshot's time after restore", () => {
    const { machine, hart, time } = scriptedMachine(nothing, { clock: "wall" });
    time.now += 1234n;
    const parts = machine.save();
    time.now += 1_000_000n;
    machine.restore(parts);
    time.now += 1_000_000n;
    expect(hart.host.time()).toBe(1234n);
    machine.run(1);
    time.now += 6n;
    expect(hart.host.time()).toBe(1240n);
  });
});

const GENERATION = 0x400_0000;

describe("going on from a snapshot", () => {
  /** Random bytes that are others each time, and a generation id read as two words. */
  function numbered(clock: "wall" | "virtual") {
    let given = 0;
    const made = scriptedMachine(nothing, { clock }, undefined, (bytes) => bytes.fill(++given));
    const id = () => [0, 8].map((offset) => made.hart.host.readDevice(GENERATION + offset, 8));
    enableInterrupt(made.hart, 64);
    return { ...made, id };
  }

  test("gives a new generation id and interrupts before the first instruction, each time", () => {
    const { machine, hart, id } = numbered("wall");
    const seen: bigint[] = [];
    const parts = machine.save();
    const ids = new Set(id());
    for (let round = 0; round < 20; round++) {
      machine.restore(parts);
      // At rest it is what was saved.
      expect(machine.save()).toEqual(parts);
      expect(hart.pending & SEIP).toBe(0n);
      machine.run(1);
      seen.push(hart.pending & SEIP);
      ids.add(id()[0]);
      expect(hart.pending & SEIP).toBe(0n);
    }
    expect(seen).toEqual(Array.from({ length: 20 }, () => SEIP));
    expect(ids.size).toBe(21);
  });

  test("only once: a pause is no snapshot", () => {
    const { machine, id } = numbered("wall");
    machine.restore(machine.save());
    machine.run(1);
    const restored = id();
    machine.stopClock();
    machine.run(1);
    expect(id()).toEqual(restored);
  });

  test("under the virtual clock is the same run each time", () => {
    const { machine, id } = numbered("virtual");
    const before = id();
    machine.restore(machine.save());
    machine.run(1);
    expect(id()).toEqual(before);
  });
});

describe("save and restore", () => {
  test("a timer that came due after the last look is pending in what is saved", () => {
    const { machine, hart, time } = scriptedMachine(() => {}, { clock: "wall" });
    hart.host.writeDevice(MTIMECMP, 8, 5000n);
    machine.run(10);
    time.now += 10_000n;
    const saved = structuredClone(machine.save());
    machine.restore(saved);
    expect(machine.save()).toEqual(saved);
  });

  test("bring back every device, the hart and the clock", () => {
    const { machine, hart, memory } = scriptedMachine(busy);
    machine.run(77_777);
    const hash = machine.stateHash();
    const ram = memory.ram.slice();
    const parts = structuredClone(machine.save());
    machine.run(50_000);
    hart.host.writeDevice(MTIMECMP, 8, 99n);
    expect(machine.stateHash()).not.toBe(hash);
    memory.ram.set(ram);
    machine.restore(parts);
    expect(machine.stateHash()).toBe(hash);
    expect(hart.cachesDropped).toBeGreaterThan(1);
  });

  test("let a machine that has stopped run again", () => {
    const { machine } = scriptedMachine((own) => own.ticks === 5n && own.host.writeDevice(FINISHER, 4, 0x5555n));
    machine.run(3);
    const parts = machine.save();
    expect(machine.run(100).type).toBe("stopped");
    machine.restore(parts);
    expect(machine.run(1).type).toBe("ran");
    expect(machine.run(100).type).toBe("stopped");
  });

  test("go into a machine of their own just as well, and run on alike", () => {
    const first = scriptedMachine(busy);
    first.machine.run(123_456);
    const second = scriptedMachine(busy);
    second.memory.ram.set(first.memory.ram);
    second.machine.restore(structuredClone(first.machine.save()));
    expect(second.machine.stateHash()).toBe(first.machine.stateHash());
    first.machine.run(200_000);
    second.machine.run(200_000);
    expect(second.machine.stateHash()).toBe(first.machine.stateHash());
  });

  test.each([
    [{ memoryMiB: 32 }, /MiB of memory is 16, this guest's is 32/],
    [{ diskCount: 2 }, /number of disks is 1, this guest's is 2/],
    [{ commandLine: "quiet" }, /kernel command line/],
    [{ clock: "wall" as const }, /clock is virtual, this guest's is wall/],
  ])("into another config is refused: %o", (changes, message) => {
    const parts = scriptedMachine(nothing).machine.save();
    expect(() => scriptedMachine(nothing, changes).machine.restore(parts)).toThrow(message);
  });

  test.each([
    [{ version: PARTS_VERSION + 1 }, new RegExp(`format version ${PARTS_VERSION + 1}.*newer`)],
    [{ version: "1" }, /version/],
    [{ hart: new Uint8Array(3) }, /hart's state/],
    [{ devices: {} }, /clock/],
  ])("of damaged parts is refused: %o", (changes, message) => {
    const { machine } = scriptedMachine(nothing);
    expect(() => machine.restore({ ...machine.save(), ...changes } as never)).toThrow(message);
  });
});

describe("reset", () => {
  test("boots as at power-on", () => {
    const { machine } = scriptedMachine(busy, {}, { kernel: words(0x6f, 0x13) });
    const hash = machine.stateHash();
    machine.run(200_000);
    machine.reset();
    expect(machine.stateHash()).toBe(hash);
  });
});

describe("create", () => {
  test("refuses a shared memory of another size", () => {
    expect(() => scriptedMachine(nothing, { diskCount: 7 })).toThrow(/at most 6 disks: remove 1/);
  });
});

/** Writes memory, prints, sets timers: something to hash. */
function busy(hart: ScriptedHart): void {
  if (hart.ticks % 1000n !== 0n) return;
  hart.setX(5, hart.x(5) * 3n + hart.host.time() + 1n);
  hart.host.writeDevice(UART, 1, hart.ticks & 0xffn);
  hart.host.writeDevice(MTIMECMP, 8, hart.host.time() + 33n);
  hart.setX(6, hart.x(6) + (hart.host.readDevice(UART, 1) ?? 0n));
}

function enableUartInterrupt(hart: ScriptedHart): void {
  hart.host.writeDevice(UART + 1, 1, 1n);
  enableInterrupt(hart, 10);
}

/** At the PLIC, for S-mode. */
function enableInterrupt({ host }: ScriptedHart, source: number): void {
  host.writeDevice(0xc00_0000 + source * 4, 4, 1n);
  host.writeDevice(0xc00_2080 + (source >>> 5) * 4, 4, 1n << BigInt(source & 31));
}
