import { describe, expect, test } from "vitest";
import { PageSet } from "#base/page-set.ts";
import { Counter, HART_BASE, HartSlot, RAM_BASE } from "#memory/layout.ts";
import { words } from "#machine/boot/elf.fixture.ts";
import { assemble } from "#riscv/cases/case.fixture.ts";
import { RunnerBench, scriptedRunner } from "./guest-runner.fixture.ts";
import { makeMachine } from "./make-machine.ts";

const RAN = { type: "ran" } as const;
const WAITING = { type: "waiting", milliseconds: Infinity } as const;
const WALL = { memoryMiB: 1, firmware: "bare", commandLine: "", clock: "wall", diskCount: 0 } as const;

/** Where the counting program below has its counter, and the instruction that says by how much it counts. */
const COUNTER = RAM_BASE + 0x1000;
const STEP = RAM_BASE + 8;
const stepBy = (imm: number) => assemble("addi", { rd: 6, rs1: 6, imm });

/** Adds to a word in memory, for ever. */
const counting = words(
  assemble("auipc", { rd: 5, imm: 0x1000 }),
  assemble("ld", { rd: 6, rs1: 5 }),
  stepBy(1),
  assemble("sd", { rs1: 5, rs2: 6 }),
  assemble("jal", { imm: -12 }),
);

describe.each(["interpreter", "translator"] as const)("a real machine (%s)", (engine) => {
  async function countingGuest() {
    const bench = new RunnerBench(4, makeMachine);
    await bench.boot({ engine, kernel: Uint8Array.from(counting).buffer });
    const count = () => bench.memory.load64(COUNTER);
    const hash = () => bench.ask({ type: "hash" });
    return { bench, count, hash };
  }

  test("what is written after a snapshot is seen, though it was written just before it too", async () => {
    const { bench, count, hash } = await countingGuest();
    bench.runAWhile();
    bench.ask({ type: "snapshot", id: "first", adopt: true });
    const [counted, before] = [count(), hash()];
    bench.runAWhile();
    expect(count()).toBeGreaterThan(counted);
    const later = bench.ask({ type: "snapshot", id: "later", adopt: false });
    if (later.type !== "snapshotted") return expect.fail(later.type);
    expect([...new PageSet(later.pages, bench.memory.layout.pageCount).entries]).toContain((COUNTER - RAM_BASE) >> 12);
    bench.ask({ type: "restore", id: "first" });
    expect(count()).toBe(counted);
    expect(hash()).toMatchObject({ hash: (before as { hash: string }).hash });
  });

  test("code that a reset brings back is what runs", async () => {
    const { bench, count } = await countingGuest();
    bench.memory.write(STEP, words(stepBy(0)));
    bench.runAWhile();
    bench.ask({ type: "snapshot", id: "still", adopt: true });
    bench.memory.write(STEP, words(stepBy(1)));
    bench.runAWhile();
    expect(count()).toBeGreaterThan(0n);
    bench.ask({ type: "restore", id: "still" });
    bench.runAWhile();
    expect(count()).toBe(0n);
  });
});

describe("turns", () => {
  test("a guest that computes gets one after the other, until it is paused; its clock stops with it", async () => {
    const { bench, machine } = await scriptedRunner(() => RAN);
    bench.send({ type: "run" });
    expect(bench.turn(3)).toBe(true);
    const { runs } = machine;
    expect(runs).toBeGreaterThan(3);
    expect(bench.ask({ type: "pause" }).type).toBe("paused");
    expect(machine.asked).toEqual(["stopClock"]);
    bench.turn(3);
    expect(machine.runs).toBe(runs);
  });

  test("one that waits gets none until it is woken", async () => {
    const { bench, machine } = await scriptedRunner(() => WAITING);
    bench.send({ type: "wake" });
    expect(machine.asked).toEqual([]);
    bench.send({ type: "run" });
    expect(bench.turn()).toBe(false);
    expect(machine.runs).toBe(1);
    bench.send({ type: "wake" });
    expect(machine.asked).toEqual(["wake"]);
    bench.turn();
    expect(machine.runs).toBe(2);
  });

  test("what is typed while the machine comes to wait is not slept over", async () => {
    const { bench, machine } = await scriptedRunner(({ runs }) => {
      if (runs === 1) bench.input.write(Uint8Array.of(0x61));
      return WAITING;
    });
    bench.send({ type: "run" });
    bench.turn();
    expect(machine.runs).toBe(2);
    expect(bench.input.takeAskedForData()).toBe(true);
  });

  test("nor is what is typed while a guest that asks and asks comes to rest", async () => {
    const { bench, machine } = await scriptedRunner(
      ({ runs }) => {
        bench.memory.view.setBigUint64(HART_BASE + HartSlot.counters + Counter.mmioAccesses, BigInt(runs) << 20n, true);
        return RAN;
      },
      { settings: WALL },
    );
    bench.send({ type: "run" });
    expect(bench.turn(4)).toBe(true);
    machine.looked = () => bench.input.writeByte(0x61);
    expect(bench.turn(1), "typed to").toBe(true);
    machine.looked = () => {};
    expect(bench.turn(1), "not typed to").toBe(false);
    bench.ask({ type: "pause" });
  });

  test("a guest that reboots is at power-on again, and goes on", async () => {
    const { bench, machine } = await scriptedRunner(({ runs }) =>
      runs === 1 ? { type: "stopped", reason: { type: "reboot" } } : RAN,
    );
    bench.send({ type: "run" });
    expect(bench.turn()).toBe(true);
    expect(bench.has("rebooted")).toBe(true);
    expect(machine.asked).toEqual(["reset"]);
    bench.turn();
    expect(machine.runs).toBeGreaterThan(1);
  });

  test.each([
    ["ends", () => ({ type: "stopped", reason: { type: "finished", code: 3 } }) as const, { type: "stopped", code: 3 }],
    [
      "fails",
      () => {
        throw new Error("a fault of ours");
      },
      { type: "failed", message: "a fault of ours" },
    ],
  ])("one that %s does not run again, but from a snapshot", async (_, run, said) => {
    const { bench, machine } = await scriptedRunner(run);
    bench.ask({ type: "snapshot", id: "start", adopt: true });
    bench.send({ type: "run" });
    expect(bench.turn()).toBe(false);
    expect(bench.posted).toContainEqual(said);
    bench.send({ type: "run" });
    bench.send({ type: "wake" });
    expect(bench.turn()).toBe(false);
    expect(machine.runs).toBe(1);
    expect(bench.ask({ type: "restore", id: "start" }).type).toBe("restored");
    bench.send({ type: "run" });
    bench.turn();
    expect(machine.runs).toBe(2);
  });

  test("one that is to pause after so many instructions does so there, and is typed to only then", async () => {
    const read: number[] = [];
    const { bench, machine } = await scriptedRunner(
      (own) => {
        read.push(own.readByte());
        return RAN;
      },
      { pauseAtInstructions: 1_000_000 },
    );
    bench.input.write(Uint8Array.of(0x61));
    bench.send({ type: "run" });
    bench.turn(3);
    expect(machine.ticks).toBe(1_000_000n);
    expect(bench.has("pausedItself")).toBe(true);
    expect(new Set(read)).toEqual(new Set([-1]));
    bench.send({ type: "run" });
    bench.turn();
    expect(read).toContain(0x61);
  });
});

describe("snapshots", () => {
  test("only what the machine stands on afterwards makes its pages clean", async () => {
    const { bench, machine } = await scriptedRunner(() => RAN);
    bench.ask({ type: "snapshot", id: "fork", adopt: false });
    expect(machine.asked).toEqual([]);
    bench.ask({ type: "snapshot", id: "own", adopt: true });
    expect(machine.asked).toEqual(["pagesCleaned"]);
    expect(bench.ask({ type: "restore", id: "fork" })).toMatchObject({ type: "refused" });
  });

  test("what was typed, and what waited to be shown, belongs to the past after a reset", async () => {
    const read: number[] = [];
    const { bench } = await scriptedRunner((own) => {
      if (own.runs === 1) own.print(0x1_0000 + 100);
      read.push(own.readByte());
      return WAITING;
    });
    bench.ask({ type: "snapshot", id: "start", adopt: true });
    bench.send({ type: "run" });
    bench.turn();
    bench.input.write(Uint8Array.of(0x61));
    const answer = bench.ask({ type: "restore", id: "start" });
    expect(answer).toMatchObject({ type: "restored", outputPosition: 0x1_0000 });
    bench.output.skipTo(0x1_0000);
    bench.send({ type: "run" });
    bench.turn();
    expect(read).toEqual([-1, -1]);
    expect(bench.output.available).toBe(0);
  });
});

describe("the console", () => {
  test("a guest that prints more than the page takes is held until it does", async () => {
    const { bench, machine } = await scriptedRunner((own) => {
      own.print(1 << 20);
      return RAN;
    });
    bench.send({ type: "run" });
    bench.turn(10);
    const { runs } = machine;
    expect(runs).toBeLessThan(4);
    for (let round = 0; round < 40; round++) {
      bench.output.read(0x1_0000);
      expect(bench.output.takeAskedForRoom()).toBe(true);
      bench.send({ type: "wake" });
      bench.turn(10);
      if (machine.runs > runs) return;
    }
    expect.fail("it was not let go on");
  });

  test("the page is told of output, and of room for input, where it asked", async () => {
    const { bench } = await scriptedRunner((own) => {
      if (own.runs > 1) while (own.readByte() >= 0);
      own.print(1);
      return WAITING;
    });
    bench.input.write(new Uint8Array(0x1_0000));
    bench.input.askForRoom();
    bench.output.askForData();
    bench.send({ type: "run" });
    bench.turn();
    expect([bench.has("output"), bench.has("room")]).toEqual([true, false]);
    bench.send({ type: "wake" });
    bench.turn();
    expect(bench.has("room")).toBe(true);
  });

  test("the terminal's size is told to a machine that runs, and to none that must not notice", async () => {
    const real = await scriptedRunner(() => RAN, { settings: WALL });
    real.bench.send({ type: "resize", columns: 80, rows: 24 });
    expect(real.machine.asked).toEqual([]);
    real.bench.send({ type: "run" });
    real.bench.send({ type: "resize", columns: 100, rows: 30 });
    expect(real.machine.asked).toEqual(["resize 80 24", "resize 100 30"]);
    const recorded = await scriptedRunner(() => RAN);
    recorded.bench.send({ type: "run" });
    recorded.bench.send({ type: "resize", columns: 80, rows: 24 });
    expect(recorded.machine.asked).toEqual([]);
  });
});
