import { Hart } from "#hart/hart.ts";
import type { HartHost } from "#hart/state/hart-host.ts";
import { generatePrivilegedProgram, type PrivilegedProgram } from "#hart/random-programs/privileged-program.fixture.ts";
import { EXIT, IMAGE_BYTES, RECORD, recordCsrs, RecordSlot } from "#hart/random-programs/program-image.fixture.ts";
import type { EngineName } from "#machine/face.ts";
import { GuestMemory } from "#memory/guest-memory.ts";
import { RAM_BASE } from "#memory/layout.ts";
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { assemble, runSystemUnderQemu } from "./toolchain.ts";

const FIRST = RAM_BASE + 0x2_0000;
/** Between programs is as much room again, for stores that go astray. */
const STRIDE = IMAGE_BYTES * 2;
/** QEMU puts its device tree at the end of RAM. */
const RESERVED_MIB = 32;
/** Where in RAM the harness keeps the address of the program that runs. */
const CURRENT = 0x600;
const SCRATCH_REGISTER = 0x1000_0007;
/** Instructions after which a program is taken to go on for ever. */
const LIMIT = 30_000;
const JUMP_TO_ITSELF = 0x6f;

/** Bits of CSRs that every implementation has alike. FS becomes dirty in QEMU where it need not, and the other way round. */
const comparable: Readonly<Record<string, bigint>> = { mstatus: 0xe_19aan, mip: 0x222n, mideleg: 0x222n, menvcfg: 0n };

/** Privileged programs that stand beside each other in RAM, to be run one after the other. */
export class PrivilegedBatch {
  readonly programs: readonly PrivilegedProgram[];
  readonly #memoryMiB: number;

  constructor(programs: readonly PrivilegedProgram[]) {
    this.programs = programs;
    this.#memoryMiB = Math.ceil((programs.length * STRIDE) / 2 ** 20) + 1 + RESERVED_MIB;
  }

  /** Each program's image as QEMU leaves it. */
  runUnderQemu(folder: string): readonly Uint8Array[] {
    const flags = ["-Wl,--build-id=none,-N,--no-warn-rwx-segments", `-Wl,-Ttext=0x${RAM_BASE.toString(16)}`];
    const elf = assemble(folder, "privileged", harness(this.programs.length), flags);
    const ram = join(folder, "ram");
    const file = openSync(ram, "w");
    for (const { base, image } of this.programs) writeSync(file, image, 0, IMAGE_BYTES, base - RAM_BASE);
    writeSync(file, new Uint8Array(1), 0, 1, this.#memoryMiB * 2 ** 20 - 1);
    closeSync(file);
    try {
      runSystemUnderQemu(elf, ram, this.#memoryMiB);
    } catch (error) {
      const current = readFileSync(ram).readUInt32LE(CURRENT);
      const seed = this.programs.find(({ base }) => base === current)?.seed;
      throw new Error(`QEMU did not come to the end of the program of PRIVILEGED_SEED=${seed}`, { cause: error });
    }
    const after = readFileSync(ram);
    return this.programs.map(({ base }) => after.subarray(base - RAM_BASE, base - RAM_BASE + IMAGE_BYTES));
  }

  /** Each program's image as an engine leaves it; undefined for one that does not come to its end. */
  async runOnEngine(engine: EngineName, hotThreshold: number): Promise<readonly (Uint8Array | undefined)[]> {
    const runner = new ProgramRunner(engine, this.#memoryMiB, hotThreshold);
    for (const program of this.programs) runner.load(program);
    const images: (Uint8Array | undefined)[] = [];
    for (const program of this.programs) {
      images.push(runner.run(program));
      // Modules that nobody holds are collected only after a turn of the event loop.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return images;
  }
}

/** A hart of ours, in whose RAM programs stand as in QEMU's. */
class ProgramRunner {
  readonly #memory: GuestMemory;
  readonly #board = new UartScratch();
  readonly #hart: Hart;

  constructor(engine: EngineName, memoryMiB: number, hotThreshold: number) {
    this.#memory = new GuestMemory(memoryMiB);
    this.#hart = new Hart(this.#memory, this.#board, engine, { hotThreshold });
    this.#memory.store32(EXIT, JUMP_TO_ITSELF);
  }

  load({ base, image }: PrivilegedProgram): void {
    this.#memory.write(base, image);
  }

  /** The image that a program leaves; undefined when it does not end. */
  run({ base }: PrivilegedProgram): Uint8Array | undefined {
    const hart = this.#hart;
    this.#board.scratch = 0n;
    hart.reset(BigInt(base), "M");
    // Short slices: what became hot is translated between them.
    for (let ran = 0; ran < LIMIT && hart.pc !== BigInt(EXIT);) ran += hart.run(200) || LIMIT;
    return hart.pc === BigInt(EXIT) ? this.#memory.read(base, IMAGE_BYTES).slice() : undefined;
  }
}

class UartScratch implements HartHost {
  scratch = 0n;

  readDevice(address: number, width: number): bigint | undefined {
    return address === SCRATCH_REGISTER && width === 1 ? this.scratch : undefined;
  }

  writeDevice(address: number, width: number, value: bigint): boolean {
    if (address !== SCRATCH_REGISTER || width !== 1) return false;
    this.scratch = value;
    return true;
  }

  time(): bigint {
    return 0n;
  }

  timerChanged(): void {}
}

/** The first `count` programs from a seed on that come to their end. */
export function endingPrograms(seed: number, count: number): readonly PrivilegedProgram[] {
  const found: PrivilegedProgram[] = [];
  const runner = new ProgramRunner("interpreter", 1, 1);
  for (let next = seed; found.length < count; next++) {
    const program = generatePrivilegedProgram(next, "qemu", FIRST);
    runner.load(program);
    if (runner.run(program)) found.push(generatePrivilegedProgram(next, "qemu", FIRST + found.length * STRIDE));
  }
  return found;
}

/** Runs the programs, each of which comes back to EXIT; then stops QEMU. */
function harness(count: number): string {
  return `
    .option norvc
    .option norelax
    .globl _start
_start:
    li t0, -1
    csrw pmpaddr0, t0
    li t1, 0x1f
    csrw pmpcfg0, t1
    csrw mcounteren, t1
    li t1, 0x2004000
    sd t0, 0(t1)
    j first
    .org 0x${(EXIT - RAM_BASE).toString(16)}
    csrw mstatus, zero
    csrw mie, zero
    lla t0, current
    ld t1, 0(t0)
    li t2, ${STRIDE}
    add t1, t1, t2
    sd t1, 0(t0)
first:
    lla t0, current
    ld t1, 0(t0)
    ld t2, 8(t0)
    bgeu t1, t2, finish
    li t3, ${SCRATCH_REGISTER}
    sb zero, 0(t3)
    lr.d t3, (t0)
    sc.d t3, t3, (t0)
    fence.i
    jr t1
finish:
    li t0, 0x100000
    li t1, 0x5555
    sw t1, 0(t0)
stop:
    j stop
    .org 0x${CURRENT.toString(16)}
current: .dword ${FIRST}, ${FIRST + count * STRIDE}
`;
}

/** In what two images of one program differ, where they should not; at most a few lines. */
export function imageDifferences(expected: Uint8Array, actual: Uint8Array): readonly string[] {
  const [theirs, ours] = [expected, actual].map((bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
  const lines: string[] = [];
  for (let at = 0; at < IMAGE_BYTES; at += 8) {
    const mask = comparable[csrAt(at) ?? ""] ?? 0xffff_ffff_ffff_ffffn;
    const [a, b] = [theirs!.getBigUint64(at, true), ours!.getBigUint64(at, true)];
    if ((a & mask) === (b & mask)) continue;
    lines.push(`${placeName(at)}: QEMU 0x${(a & mask).toString(16)}, ours 0x${(b & mask).toString(16)}`);
  }
  return lines.slice(0, 12);
}

function csrAt(offset: number): string | undefined {
  return recordCsrs[(offset - RECORD - RecordSlot.csrs) / 8]?.[0];
}

function placeName(offset: number): string {
  const slot = offset - RECORD;
  if (slot >= 0 && slot < RecordSlot.f) return `x${slot / 8}`;
  if (slot >= RecordSlot.f && slot < RecordSlot.fcsr) return `f${(slot - RecordSlot.f) / 8}`;
  const named = Object.entries(RecordSlot).find(([, at]) => at === slot)?.[0];
  return csrAt(offset) ?? named ?? `image + 0x${offset.toString(16)}`;
}
