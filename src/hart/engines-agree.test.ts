import type { GuestMemory } from "#memory/guest-memory.ts";
import { HartSlot, HART_STATE_BYTES } from "#memory/layout.ts";
import { expect, test } from "vitest";
import { HartUnderTest } from "./case-hart.fixture.ts";
import { InterruptBit } from "./face.ts";
import { Random } from "./float/float-vectors.fixture.ts";
import { writePrivilegedProgram } from "./privileged-program.fixture.ts";

const PROGRAMS = Number(process.env["TABVISOR_PROGRAMS"] ?? 60);
const FIRST_SEED = Number(process.env["TABVISOR_SEED"] ?? 1);
const SLICES = 24;
const USED_BYTES = 0x2_0000;

const offsets = Array.from({ length: HART_STATE_BYTES / 8 }, (_, word) => word * 8).filter(
  (offset) => ![HartSlot.budget, HartSlot.xSink, HartSlot.exceptionValue].some((ignored) => ignored === offset),
);

/** The slots of a hart's state that are architecture or decide how it goes on. */
const slots = Object.entries(HartSlot).filter(([name]) => !["budget", "xSink", "exceptionValue"].includes(name));

/** Hart state and RAM as something that can be compared and read. */
function stateOf({ hart, memory }: HartUnderTest): Record<string, unknown> {
  const { base } = hart.state;
  const named: [string, unknown][] = slots
    .filter(([, offset]) => offset < HART_STATE_BYTES)
    .map(([name, offset]) => [name, memory.view.getBigUint64(base + offset, true)]);
  for (let register = 1; register < 32; register++) named.push([`x${register}`, hart.x(register)]);
  for (let register = 0; register < 32; register++) {
    named.push([`f${register}`, memory.view.getBigUint64(base + HartSlot.f + register * 8, true)]);
  }
  return Object.fromEntries(named);
}

/** Offset into the part of RAM that programs use. */
function firstDifference(one: HartUnderTest, other: HartUnderTest): number {
  const words = (memory: GuestMemory): BigUint64Array => new BigUint64Array(memory.ram.slice(0, USED_BYTES).buffer);
  const expected = words(other.memory);
  const word = words(one.memory).findIndex((value, index) => value !== expected[index]);
  return word < 0 ? word : word * 8;
}

function sameState(one: HartUnderTest, other: HartUnderTest): boolean {
  const bytes = ({ hart, memory }: HartUnderTest): DataView => new DataView(memory.bytes.buffer, hart.state.base);
  const [a, b] = [bytes(one), bytes(other)];
  return offsets.every((offset) => a.getBigUint64(offset, true) === b.getBigUint64(offset, true));
}

test(`evaluator and interpreter leave the same state after ${PROGRAMS} random programs in all modes under Sv39`, () => {
  const evaluator = new HartUnderTest("evaluator");
  const interpreter = new HartUnderTest("interpreter");
  for (let seed = FIRST_SEED; seed < FIRST_SEED + PROGRAMS; seed++) {
    for (const { hart, memory } of [evaluator, interpreter]) writePrivilegedProgram(seed, memory, hart);
    const random = new Random(~seed);
    for (let slice = 0; slice < SLICES; slice++) {
      const budget = 1 + random.below(60);
      const interrupt = random.pick(Object.values(InterruptBit));
      const level = random.below(4) === 0;
      for (const { hart } of [evaluator, interpreter]) hart.setInterruptPending(interrupt, level);
      const ran = interpreter.hart.run(budget);
      expect(evaluator.hart.run(budget), `seed ${seed}, slice ${slice}: instructions begun`).toBe(ran);
      if (!sameState(interpreter, evaluator))
        expect(stateOf(interpreter), `seed ${seed}, slice ${slice}`).toEqual(stateOf(evaluator));
    }
    expect(firstDifference(interpreter, evaluator), `seed ${seed}: first byte of RAM that differs`).toBe(-1);
  }
});
