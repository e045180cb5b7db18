import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openSink } from "#devices/console.fixture.ts";
import { bytesBase, MemoryDisk } from "#devices/disks/memory-disk.ts";
import { Hart } from "#hart/hart.ts";
import { GuestMemory } from "#memory/guest-memory.ts";
import { RAM_BASE } from "#memory/layout.ts";
import { encodeI, encodeS, encodeU } from "#riscv/encode.ts";
import type { EngineName, MachineConfig } from "./face.ts";
import { Machine } from "./machine.ts";
import { MEMORY_MAP } from "./memory-map.ts";
import { words } from "#machine/boot/elf.fixture.ts";

const MEMORY_MIB = 4;
const FINISHER = 0x10_0000;

/** A machine with a whole hart and real devices, that runs a raw program from the start of RAM. */
function bareMachine(program: Uint8Array, changes: Partial<MachineConfig> = {}, engine: EngineName = "interpreter") {
  const config = {
    memoryMiB: MEMORY_MIB,
    firmware: "bare" as const,
    commandLine: "",
    clock: "virtual" as const,
    diskCount: 1,
    ...changes,
  };
  const log: string[] = [];
  const time = { now: 0n };
  let typed = 0;
  const host = {
    clock: { now: () => (time.now += 10n), epochNanoseconds: () => 1n },
    consoleOutput: { ...openSink(), write: (byte: number) => (byte & 1) === 0 },
    consoleInput: { read: () => (typed++ < 1000 ? 0x41 : -1) },
    disks: [new MemoryDisk({ base: bytesBase(new Uint8Array(0x2_0000)) })],
    random: (bytes: Uint8Array) => void bytes.fill(0x5a),
    log: (message: string) => void log.push(message),
  };
  const memory = new GuestMemory(config.memoryMiB);
  const machine = Machine.create(
    config,
    { kernel: program },
    host,
    memory,
    (own, hartHost) => new Hart(own, hartHost, engine),
  );
  return { machine, memory, log, time };
}

/** Runs until so many instructions were begun, the guest waits for good, or it stops (and is then reset); one of them must come. */
function runOut(machine: Machine, instructions: number): void {
  for (let turn = 0; turn < 1000 && machine.hart.ticks < BigInt(instructions); turn++) {
    const outcome = machine.run(instructions - Number(machine.hart.ticks));
    if (outcome.type === "stopped") machine.reset();
    if (outcome.type !== "ran") return;
  }
}

const [T0, T1, A0] = [5, 6, 10] as const;
const WFI = 0x1050_0073;
const LUI = 0x37;
const ADDIW = 0x1b;
const SLLI = 0x1013;
const SRLI = 0x5013;

/** li of an unsigned 32-bit value. */
function li(register: number, value: number): readonly number[] {
  const low = (value << 20) >> 20;
  return [
    encodeU(LUI, register, (value - low) | 0),
    encodeI(ADDIW, register, register, low),
    encodeI(SLLI, register, register, 32),
    encodeI(SRLI, register, register, 32),
  ];
}

const LOADS = [0x03, 0x1003, 0x2003, 0x3003, 0x4003, 0x5003, 0x6003] as const;
const STORES = [0x23, 0x1023, 0x2023, 0x3023] as const;
/** amoadd.w, amoswap.d, lr.w, sc.d of (t0). */
const ATOMICS = [0x0062_a32f, 0x0862_b32f, 0x1002_a32f, 0x1862_b32f] as const;
/** wfi, mret, sret, ecall, ebreak, sfence.vma, fence.i, an illegal one. */
const SYSTEM = [WFI, 0x3020_0073, 0x1020_0073, 0x73, 0x10_0073, 0x1200_0073, 0x100f, 0] as const;
/** mtvec, mie, mstatus, mideleg, medeleg, satp, stvec, sie, stimecmp, menvcfg, mepc, sepc, pmpcfg0, fcsr. */
const CSRS = [
  0x305, 0x304, 0x300, 0x303, 0x302, 0x180, 0x105, 0x104, 0x14d, 0x30a, 0x341, 0x141, 0x3a0, 0x003,
] as const;

const deviceAddress = fc
  .tuple(fc.constantFrom(...MEMORY_MAP), fc.nat(), fc.nat(0x100))
  .map(([{ base, size }, wide, near]) => base + (wide % 3 === 0 ? wide % size : near))
  .filter((address) => (address & ~0xfff) !== FINISHER);
const anyAddress = fc.oneof(
  { weight: 4, arbitrary: deviceAddress },
  { weight: 1, arbitrary: fc.constantFrom(0xbff8, 0x4000).map((offset) => 0x200_0000 + offset) },
  { weight: 1, arbitrary: fc.nat(0xffff).map((offset) => RAM_BASE + 0x1_0000 + offset) },
  { weight: 1, arbitrary: fc.nat(0xffff_ffff) },
);
const value = fc.oneof(fc.nat(0xff), fc.nat(0xffff_ffff), anyAddress);

const access = fc
  .tuple(anyAddress, value, fc.oneof(fc.constantFrom(...LOADS), fc.constantFrom(...STORES)))
  .map(([address, stored, match]) => [
    ...li(T0, address),
    ...li(T1, stored),
    (match & 0x7f) === 0x23 ? encodeS(match, T0, T1, 0) : encodeI(match, A0, T0, 0),
  ]);
const atomic = fc.tuple(anyAddress, fc.constantFrom(...ATOMICS)).map(([address, word]) => [...li(T0, address), word]);
const csrWrite = fc
  .tuple(fc.constantFrom(...CSRS), value, fc.nat(63))
  .map(([csr, written, shift]) => [...li(T1, written), encodeI(SLLI, T1, T1, shift), encodeI(0x1073, A0, T1, csr)]);
const jump = anyAddress.map((address) => [...li(T0, address), encodeI(0x67, 0, T0, 0)]);
const step: fc.Arbitrary<readonly number[]> = fc.oneof(
  { weight: 8, arbitrary: access },
  { weight: 1, arbitrary: atomic },
  { weight: 3, arbitrary: csrWrite },
  { weight: 1, arbitrary: fc.constantFrom(...SYSTEM).map((word) => [word]) },
  { weight: 1, arbitrary: fc.nat(0xffff_ffff).map((word) => [word]) },
);

/** mtvec names the handler: every trap goes on behind the instruction that made it. */
const SKIP_TRAPS = [...li(T0, RAM_BASE + 0x3000), encodeI(0x1073, 0, T0, 0x305)];
/** csrr t1, mepc; addi t1, t1, 4; csrw mepc, t1; csrw mie, zero; mret. */
const TRAP_HANDLER = words(
  encodeI(0x2073, T1, 0, 0x341),
  encodeI(0x13, T1, T1, 4),
  encodeI(0x1073, 0, T1, 0x341),
  encodeI(0x1073, 0, 0, 0x304),
  0x3020_0073,
);

function image(code: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(0x4000);
  bytes.set(words(...code.slice(0, 0xbf0), 0x6f));
  bytes.set(TRAP_HANDLER, 0x3000);
  return bytes;
}

const program = fc
  .tuple(fc.boolean(), fc.array(step, { maxLength: 120 }), fc.option(jump, { freq: 4 }))
  .map(([skips, steps, last]) => image([...(skips ? SKIP_TRAPS : []), ...steps.flat(), ...(last ?? [])]));

describe("a hostile guest", () => {
  test("that does anything to devices, CSRs and itself runs on, stops or waits, and can be saved", () => {
    fc.assert(
      fc.property(program, fc.boolean(), (kernel, isVirtual) => {
        const { machine, log } = bareMachine(kernel, { clock: isVirtual ? "virtual" : "wall" });
        runOut(machine, 20_000);
        expect(log.length).toBeLessThan(40);
        machine.stopClock();
        const saved = structuredClone(machine.save());
        machine.restore(saved);
        expect(machine.save()).toEqual(saved);
        runOut(machine, 21_000);
      }),
      { numRuns: 40 },
    );
  });

  test("leaves the same state in both engines", () => {
    fc.assert(
      fc.property(program, (kernel) => {
        const [first, second] = (["evaluator", "interpreter"] as const).map((engine) => {
          const { machine } = bareMachine(kernel, {}, engine);
          runOut(machine, 3000);
          return machine;
        });
        expect(second?.hart.ticks).toBe(first?.hart.ticks);
        expect(second?.stateHash()).toBe(first?.stateHash());
      }),
      { numRuns: 20 },
    );
  });

  test("made of random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 4096 }), (kernel) => {
        kernel[0] = 0x13;
        const { machine } = bareMachine(kernel);
        runOut(machine, 10_000);
        machine.restore(structuredClone(machine.save()));
      }),
      { numRuns: 25 },
    );
  });

  test("that calls the SBI with anything runs on, stops or waits", () => {
    const extension = fc.oneof(
      fc.constantFrom(0, 1, 2, 3, 8, 0x10, 0x5449_4d45, 0x73_5049, 0x5246_4e43, 0x48_534d, 0x5352_5354, 0x4442_434e),
      fc.nat(0xffff_ffff),
    );
    const argument = fc.oneof(anyAddress, fc.nat(8), fc.nat(0xffff_ffff));
    const call = fc
      .tuple(extension, fc.nat(8), fc.array(fc.tuple(argument, fc.constantFrom(0, 1, 32, 63)), { maxLength: 3 }))
      .map(([a7, a6, args]) => [
        ...li(17, a7),
        ...li(16, a6),
        ...args.flatMap(([each, shift], index) => [
          ...li(A0 + index, each),
          encodeI(SLLI, A0 + index, A0 + index, shift),
        ]),
        0x73,
      ]);
    fc.assert(
      fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
        const code = words(...calls.flat(), WFI, 0x6f);
        const { machine } = bareMachine(code, { firmware: "sbi", memoryMiB: 8 });
        runOut(machine, 10_000);
        machine.restore(structuredClone(machine.save()));
      }),
      { numRuns: 40 },
    );
  });

  test("that traps into nowhere for ever comes back after its instructions", () => {
    // csrw mtvec, zero; jr zero
    const { machine } = bareMachine(image([encodeI(0x1073, 0, 0, 0x305), encodeI(0x67, 0, 0, 0)]));
    expect(machine.run(50_000)).toEqual({ type: "ran" });
    expect(machine.hart.ticks).toBe(50_000n);
    expect([machine.hart.pc, machine.hart.csr(0x342)]).toEqual([0n, 1n]);
  });

  test("that waits with every interrupt off waits for good, under either clock", () => {
    // csrw mie, zero; csrw mstatus, zero; wfi
    const code = image([encodeI(0x1073, 0, 0, 0x304), encodeI(0x1073, 0, 0, 0x300), WFI]);
    for (const clock of ["virtual", "wall"] as const) {
      expect(bareMachine(code, { clock }).machine.run(1000)).toEqual({ type: "waiting", milliseconds: Infinity });
    }
  });

  test("that sets its timer to the end of time waits for good, and can be restored", () => {
    const code = image([
      ...li(T0, 0x80),
      encodeI(0x1073, 0, T0, 0x304),
      ...li(T0, 0x200_4000),
      encodeI(0x13, T1, 0, -2),
      encodeS(0x3023, T0, T1, 0),
      WFI,
    ]);
    for (const clock of ["virtual", "wall"] as const) {
      const { machine } = bareMachine(code, { clock });
      expect(machine.run(1000)).toEqual({ type: "waiting", milliseconds: Infinity });
      machine.restore(structuredClone(machine.save()));
    }
  });

  test("that keeps devices busy gives its host a turn under the wall clock", () => {
    // t0 = QueueNotify of slot 0; sw zero, (t0); j -4
    const { machine, time } = bareMachine(image([...li(T0, 0x1000_1050), encodeS(0x2023, T0, 0, 0), 0xffdf_f06f]), {
      clock: "wall",
    });
    machine.run(10);
    const before = time.now;
    expect(machine.run(1_000_000)).toEqual({ type: "ran" });
    expect(time.now - before).toBeLessThan(110_000n);
    expect(machine.hart.ticks).toBeLessThan(1_000_000n);
  });

  test("that touches PLIC and UART in odd widths is told once for each, in its log", () => {
    const odd = [0x0c00_0000, 0x1000_0000].flatMap((address) => [
      ...li(T0, address),
      encodeI(0x1003, A0, T0, 0),
      encodeI(0x3003, A0, T0, 0),
      encodeS(0x1023, T0, 0, 1),
    ]);
    const { machine, log } = bareMachine(image([...SKIP_TRAPS, ...odd]));
    machine.run(1000);
    expect(log).toEqual([
      "plic: an access of 2 bytes at offset 0x0; registers are aligned words, so it reads 0 and ignores writes",
      expect.stringMatching(/^ns16550: an access of 2 bytes/),
    ]);
  });
});
