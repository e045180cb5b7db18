import { expect, test } from "vitest";
import { GuestMemory } from "#memory/guest-memory.ts";
import { RAM_BASE } from "#memory/layout.ts";
import { Hart } from "#hart/hart.ts";
import { NO_BOARD } from "#hart/state/hart-host.ts";
import { engineNames } from "#hart/random-programs/contender.fixture.ts";
import { assemble } from "#riscv/cases/case.fixture.ts";
import { Pte } from "./translation.ts";

const [ROOT, MIDDLE, CODE_LEAVES, CODE] = [0x1000, 0x2000, 0x3000, 0x4000];
const MEGA = 0x20_0000;
/** Virtual: code in the first 2 MiB, the second are one superpage. */
const CODE_VA = 0x4000;
const [T0, T1, A0, A1, A2] = [5, 6, 10, 11, 12];

test.each(engineNames)(
  "the %s: a fence for one page of a superpage is for all of it (Privileged ISA §4.2.1)",
  (engine) => {
    const memory = new GuestMemory(8);
    const leaf = (physical: number, flags: number) =>
      (BigInt((RAM_BASE + physical) >>> 12) << 10n) | BigInt(flags | Pte.V | Pte.A | Pte.D);
    const set = (table: number, index: number, value: bigint) => memory.store64(RAM_BASE + table + index * 8, value);
    set(ROOT, 0, (BigInt((RAM_BASE + MIDDLE) >>> 12) << 10n) | BigInt(Pte.V));
    set(MIDDLE, 0, (BigInt((RAM_BASE + CODE_LEAVES) >>> 12) << 10n) | BigInt(Pte.V));
    set(MIDDLE, 1, leaf(MEGA, Pte.R | Pte.W));
    set(CODE_LEAVES, CODE_VA >>> 12, leaf(CODE, Pte.R | Pte.X));
    // The tables themselves, for the program to change.
    set(CODE_LEAVES, 2, leaf(MIDDLE, Pte.R | Pte.W));
    const loads = [assemble("ld", { rd: A1, rs1: T0 }), assemble("ld", { rd: A2, rs1: T1 })];
    const program = [
      ...loads,
      assemble("sd", { rs1: A0, rs2: 13 }),
      assemble("sfence.vma", {}) | (T0 << 15),
      ...loads,
      assemble("jal", {}),
    ];
    program.forEach((word, index) => memory.store32(RAM_BASE + CODE + index * 4, word));
    for (const [place, value] of [
      [MEGA, 1n],
      [MEGA + 0x5000, 2n],
      [2 * MEGA, 3n],
      [2 * MEGA + 0x5000, 4n],
    ] as const)
      memory.store64(RAM_BASE + place, value);
    const hart = new Hart(memory, NO_BOARD, engine, { hotThreshold: 1 });
    hart.reset(BigInt(CODE_VA), "S");
    hart.state.set("satp", (8n << 60n) | BigInt((RAM_BASE + ROOT) >>> 12));
    hart.stateReplaced();
    hart.setX(T0, BigInt(MEGA));
    hart.setX(T1, BigInt(MEGA + 0x5000));
    hart.setX(A0, 0x2000n + 8n);
    hart.setX(13, leaf(2 * MEGA, Pte.R | Pte.W));
    hart.run(2);
    expect([hart.x(A1), hart.x(A2)]).toEqual([1n, 2n]);
    hart.run(4);
    expect([hart.x(A1), hart.x(A2)]).toEqual([3n, 4n]);
  },
);
