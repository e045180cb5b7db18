import { describe, expect, test } from "vitest";
import { mapEntry } from "#machine/memory-map.ts";
import { words } from "#machine/boot/elf.fixture.ts";
import { CONSOLE_RING_BYTES } from "#memory/layout.ts";
import { assemble } from "#riscv/cases/case.fixture.ts";
import { RunnerBench } from "./guest-runner.fixture.ts";
import { makeMachine } from "./make-machine.ts";

const [A0, A1, A2, A6, A7, T0, T1] = [10, 11, 12, 16, 17, 5, 6];
const DEBUG_CONSOLE = 0x4442_434e;
const li = (rd: number, value: number): number[] => [
  assemble("lui", { rd, imm: (value + 0x800) & 0xffff_f000 }),
  assemble("addiw", { rd, rs1: rd, imm: (value << 20) >> 20 }),
];
const jump = (back: number) => assemble("jal", { imm: -4 * back });
const ecall = assemble("ecall", {});

/** Programs that print without end, each by another path. */
const FLOODS: Readonly<Record<string, readonly number[]>> = {
  "the debug console, 4 MiB a call": [
    ...li(A7, DEBUG_CONSOLE),
    assemble("addi", { rd: A1, imm: 1 }),
    assemble("slli", { rd: A1, rs1: A1, imm: 31 }),
    assemble("addi", { rd: A6, imm: 0 }),
    assemble("addi", { rd: A2, imm: 0 }),
    ...li(A0, 4 << 20),
    // The call's results are in a0 and a1.
    ecall,
    jump(9),
  ],
  "the debug console, a byte a call": [
    ...li(A7, DEBUG_CONSOLE),
    assemble("addi", { rd: A6, imm: 2 }),
    assemble("addi", { rd: A0, imm: 0x2e }),
    ecall,
    jump(2),
  ],
  "the legacy console": [assemble("addi", { rd: A7, imm: 1 }), assemble("addi", { rd: A0, imm: 0x2e }), ecall, jump(2)],
  "the UART": [
    ...li(T0, mapEntry("ns16550").base),
    assemble("addi", { rd: T1, imm: 0x2e }),
    assemble("sb", { rs1: T0, rs2: T1 }),
    jump(1),
  ],
};

async function flooding(name: string, clock: "wall" | "virtual", pauseAtInstructions?: number) {
  const bench = new RunnerBench(8, makeMachine);
  await bench.boot({
    engine: "translator",
    settings: { memoryMiB: 8, firmware: "sbi", commandLine: "", clock, diskCount: 0 },
    kernel: words(...(FLOODS[name] ?? [])).buffer as ArrayBuffer,
    ...(pauseAtInstructions !== undefined && { pauseAtInstructions }),
  });
  bench.send({ type: "run" });
  const take = (limit: number): number => {
    const { length } = bench.output.read(limit);
    if (bench.output.takeAskedForRoom()) bench.send({ type: "wake" });
    return length;
  };
  return { bench, take };
}

describe.each(Object.keys(FLOODS))("a guest that prints without end by %s", (name) => {
  test.each(["wall", "virtual"] as const)("is held up while nobody reads, under the %s clock", async (clock) => {
    const { bench, take } = await flooding(name, clock);
    for (let turn = 0; turn < 100_000 && bench.output.available < CONSOLE_RING_BYTES; turn++) bench.turn();
    bench.turn(50);
    expect(bench.output.available).toBe(CONSOLE_RING_BYTES);
    bench.ask({ type: "pause" });
    let kept = 0;
    for (let taken = take(1 << 20); taken > 0; taken = take(1 << 20)) kept += taken;
    expect(kept).toBeLessThanOrEqual(CONSOLE_RING_BYTES + (64 << 10) + (1 << 20));
  });

  test("is the same run under the virtual clock, however fast somebody reads; nothing is lost", async () => {
    const runs: unknown[] = [];
    for (const limit of [1 << 20, 1000, 1]) {
      const { bench, take } = await flooding(name, "virtual", name.includes("MiB") ? 100 : 300_000);
      let printed = 0;
      for (let turn = 0; !bench.has("pausedItself"); turn++) {
        if (turn > 1_000_000) expect.fail("it does not go on");
        bench.turn();
        printed += turn % 100 === 99 ? take(1 << 20) : take(limit);
      }
      for (let taken = take(1 << 20); taken > 0; taken = take(1 << 20)) printed += taken;
      runs.push({ printed, ...bench.ask({ type: "hash" }), requestId: 0 });
    }
    expect(runs).toEqual([runs[0], runs[0], runs[0]]);
  });
});
