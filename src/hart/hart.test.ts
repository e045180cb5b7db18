import { describe, expect, test } from "vitest";
import { GuestMemory } from "#memory/guest-memory.ts";
import { RAM_BASE } from "#memory/layout.ts";
import { engineNames, type EngineName } from "#hart/random-programs/contender.fixture.ts";
import { NO_BOARD } from "#hart/state/hart-host.ts";
import { Hart } from "./hart.ts";

function run(engine: EngineName, program: readonly number[], budget: number): Hart {
  const memory = new GuestMemory(1);
  memory.write(RAM_BASE, new Uint8Array(new Uint32Array(program).buffer));
  const hart = new Hart(memory, NO_BOARD, engine, { hotThreshold: 1 });
  hart.reset(BigInt(RAM_BASE), "M");
  hart.run(budget);
  return hart;
}

describe.each(engineNames)("%s", (engine) => {
  test("counts down in a loop and stops exactly where its budget ends", () => {
    // li a0, 100; addi a1, a1, 3; addi a0, a0, -1; bnez a0, -8; j .
    const hart = run(engine, [0x06400513, 0x00358593, 0xfff50513, 0xfe051ce3, 0x0000006f], 1 + 3 * 40);
    expect(hart.x(10)).toBe(60n);
    expect(hart.x(11)).toBe(120n);
    expect(hart.ticks).toBe(121n);
    hart.run(1000);
    expect(hart.x(11)).toBe(300n);
    expect(hart.pc).toBe(BigInt(RAM_BASE + 16));
  });

  test("loads and stores, and faults where there is nothing", () => {
    // auipc t0, 1; sd t0, 8(t0); lw a0, 8(t0); lb a1, 11(t0); sd t0, 5(t0); ld a2, 5(t0); li t1, 0; ld a3, 0(t1)
    const hart = run(
      engine,
      [0x00001297, 0x0052b423, 0x0082a503, 0x00b28583, 0x0052b2a3, 0x0052b603, 0x00000313, 0x00033683],
      8,
    );
    expect(hart.x(10)).toBe(BigInt.asUintN(64, -0x7fff_f000n));
    expect(hart.x(11)).toBe(BigInt.asUintN(64, -128n));
    expect(hart.x(12)).toBe(BigInt(RAM_BASE + 0x1000));
    expect(hart.csr(0x342)).toBe(5n);
    expect(hart.csr(0x341)).toBe(BigInt(RAM_BASE + 28));
    expect(hart.pc).toBe(0n);
  });

  test("in a loop, faults where a second access through a register leaves RAM that the first is still in", () => {
    // auipc s0, 0x100; addi s0, s0, -64; loop: ld a0, 0(s0); ld a1, 8(s0); addi s0, s0, 4; j loop; j .
    const program = [0x00100417, 0xfc040413, 0x00043503, 0x00843583, 0x00440413, 0xff5ff06f, 0x0000006f];
    const hart = run(engine, program, 14);
    hart.state.set("mtvec", BigInt(RAM_BASE + 24));
    hart.run(200);
    expect(hart.x(8)).toBe(BigInt(RAM_BASE + 0x10_0000 - 12));
    expect(hart.csr(0x342)).toBe(5n);
    expect(hart.csr(0x341)).toBe(BigInt(RAM_BASE + 12));
  });

  test("sees code that it has written over, without fence.i", () => {
    // auipc t0, 0; lw t1, 20(t0); sw t1, 12(t0); li a0, 1 -> replaced by li a0, 7; j .; li a0, 7
    const hart = run(engine, [0x00000297, 0x0142a303, 0x0062a623, 0x00100513, 0x0000006f, 0x00700513], 6);
    expect(hart.x(10)).toBe(7n);
  });

  test("sees the second half of an instruction written over once the whole has been decoded", () => {
    // 0: auipc t0, 0   4: lui t1, 0x70   8: srli t1, t1, 12   12: slli t1, t1, 4   16: li a0, 1
    // 20: bnez a1, +16 24: li a1, 1     28: sh t1, 18(t0)    32: j -16            36: j .
    const program = [
      0x00000297, 0x00070337, 0x00c35313, 0x00431313, 0x00100513, 0x00059863, 0x00100593, 0x00629923, 0xff1ff06f,
      0x0000006f,
    ];
    const hart = run(engine, program, 12);
    expect(hart.x(10)).toBe(0x70n);
  });
});
