import { compressedName } from "#riscv/compressed.ts";
import { identify, instructionLength } from "#riscv/decode.ts";
import { disassemble } from "#riscv/disassemble.ts";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { GeneratedProgram } from "./program-generator.ts";
import { WINDOW_BYTES } from "./program-state.ts";
import { RETURN, WINDOW_MIDDLE, WINDOW_START } from "./register-choice.ts";
import { assemble } from "./toolchain.ts";

/** Where the batch stands in both worlds, QEMU's user mode and a bare machine. */
const START = 0x8000_0000;
const RECORDS = START + 0x1000;

/** A program's record: x0…x31 (x0's place holds the entry), f0…f31, fcsr, then its window. It holds the state before and, once run, after. */
const F = 32 * 8;
const FCSR = F + 32 * 8;
const WINDOW = FCSR + 8;
const RECORD_BYTES = WINDOW + WINDOW_BYTES;
/** From the record's start to where x31 points. */
const MIDDLE = WINDOW + WINDOW_BYTES / 2;

/** Many programs in one static ELF that runs under `qemu-riscv64` and as a machine's firmware. */
export interface ProgramBatch {
  readonly elf: string;
  readonly programs: readonly GeneratedProgram[];
  readonly entries: readonly number[];
  readonly recordsAddress: number;
  readonly recordsBytes: number;
}

/** Builds the ELF in `folder`. */
export function buildBatch(folder: string, programs: readonly GeneratedProgram[]): ProgramBatch {
  const recordsBytes = programs.length * RECORD_BYTES;
  const codeAddress = (RECORDS + recordsBytes + 0xfff) & ~0xfff;
  const entries: number[] = [];
  const code = new Uint8Array(programs.reduce((sum, program) => sum + program.code.length, 0));
  let at = 0;
  for (const program of programs) {
    entries.push((codeAddress >>> 0) + at);
    code.set(program.code, at);
    at += program.code.length;
  }
  writeFileSync(join(folder, "records.bin"), encodeRecords(programs, entries));
  writeFileSync(join(folder, "code.bin"), code);
  const flags = [`-Wl,--build-id=none,-N,--no-warn-rwx-segments,-Ttext=0x${START.toString(16)}`, `-Wa,-I${folder}`];
  const elf = assemble(folder, "programs", harness(), flags);
  return { elf, programs, entries, recordsAddress: RECORDS, recordsBytes };
}

function encodeRecords(programs: readonly GeneratedProgram[], entries: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(programs.length * RECORD_BYTES);
  const view = new DataView(bytes.buffer);
  programs.forEach(({ x, f, fcsr, window }, index) => {
    const at = index * RECORD_BYTES;
    x.forEach((value, register) => view.setBigUint64(at + register * 8, value, true));
    f.forEach((value, register) => view.setBigUint64(at + F + register * 8, value, true));
    view.setBigUint64(at, BigInt(entries[index]!), true);
    view.setBigUint64(at + WINDOW_START * 8, BigInt(RECORDS + at + WINDOW), true);
    // Neither is loaded from here: one holds the return address, the other the harness's place among the records.
    view.setBigUint64(at + RETURN * 8, 0n, true);
    view.setBigUint64(at + WINDOW_MIDDLE * 8, 0n, true);
    view.setBigUint64(at + FCSR, BigInt(fcsr), true);
    bytes.set(window, at + WINDOW);
  });
  return bytes;
}

/**
 * Loads each record's registers, calls the program, stores them back. Under QEMU, where sp is not 0 at the start, it then writes all
 * records to standard output; on a bare machine it turns floating point on first, and in the end writes 1 to tohost.
 */
function harness(): string {
  const registers = Array.from({ length: 32 }, (_, register) => register);
  const general = registers.filter((register) => register !== 0 && register !== RETURN && register !== WINDOW_MIDDLE);
  const place = (offset: number): string => `${offset - MIDDLE}(x${WINDOW_MIDDLE})`;
  return `
    .option norvc
    .option norelax
    .globl _start, tohost
_start:
    lla t0, saved_sp
    sd sp, 0(t0)
    bnez sp, begin
    li t0, 0x6000
    csrs mstatus, t0
begin:
    lla x${WINDOW_MIDDLE}, records + ${MIDDLE}
next:
${registers.map((n) => `    fld f${n}, ${place(F + n * 8)}`).join("\n")}
    ld x1, ${place(FCSR)}
    fscsr x1
    ld x2, ${place(WINDOW_START * 8)}
    lr.d x1, (x2)
    sc.d x1, x1, (x2)
${general.map((n) => `    ld x${n}, ${place(n * 8)}`).join("\n")}
    ld x${RETURN}, ${place(0)}
    jalr x${RETURN}, 0(x${RETURN})
${general.map((n) => `    sd x${n}, ${place(n * 8)}`).join("\n")}
${registers.map((n) => `    fsd f${n}, ${place(F + n * 8)}`).join("\n")}
    frcsr x1
    sd x1, ${place(FCSR)}
    addi x${WINDOW_MIDDLE}, x${WINDOW_MIDDLE}, ${RECORD_BYTES}
    lla x1, end + ${MIDDLE}
    bltu x${WINDOW_MIDDLE}, x1, next
    lla t0, saved_sp
    ld t0, 0(t0)
    beqz t0, report
    lla s0, records
    lla s1, end
write:
    li a0, 1
    mv a1, s0
    sub a2, s1, s0
    li a7, 64
    ecall
    add s0, s0, a0
    bltu s0, s1, write
    li a0, 0
    li a7, 93
    ecall
report:
    li t0, 1
    lla t1, tohost
    sd t0, 0(t1)
stop:
    j stop
    .balign 8
saved_sp: .dword 0
tohost: .dword 0
    .org 0x1000
records: .incbin "records.bin"
end:
    .balign 4096
    .incbin "code.bin"
`;
}

/** What differs between two runs' records, program by program. */
export function differences(batch: ProgramBatch, expected: Uint8Array, actual: Uint8Array): string[] {
  const [a, b] = [expected, actual].map((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  return batch.programs.flatMap((program, index) => {
    const [start, end] = [index * RECORD_BYTES, (index + 1) * RECORD_BYTES];
    if (a!.compare(b!, start, end, start, end) === 0) return [];
    return [
      `${describeDifference(a!.subarray(start, end), b!.subarray(start, end))}\n${listing(program, batch.entries[index]!)}`,
    ];
  });
}

function describeDifference(expected: Buffer, actual: Buffer): string {
  const lines: string[] = [];
  for (let at = 0; at < RECORD_BYTES; at += 8) {
    const [theirs, ours] = [expected.readBigUInt64LE(at), actual.readBigUInt64LE(at)];
    if (theirs !== ours) lines.push(`${nameOf(at)}: QEMU 0x${theirs.toString(16)}, ours 0x${ours.toString(16)}`);
  }
  return lines.join("\n");
}

function nameOf(offset: number): string {
  if (offset < F) return `x${offset / 8}`;
  if (offset < FCSR) return `f${(offset - F) / 8}`;
  return offset === FCSR ? "fcsr" : `window + ${offset - WINDOW}`;
}

/** Each instruction's encoding, and its offset in the code. */
function* instructionsOf(code: Uint8Array): Generator<readonly [number, number]> {
  const view = new DataView(code.buffer);
  for (let at = 0; at < code.length;) {
    const low = view.getUint16(at, true);
    const length = instructionLength(low);
    yield [length === 4 ? view.getUint32(at, true) : low, at];
    at += length;
  }
}

/** The names of a program's instructions; compressed ones by their own. */
export function* instructionNames(code: Uint8Array): Generator<string> {
  for (const [encoding] of instructionsOf(code)) {
    const name = (encoding & 3) === 3 ? identify(encoding)?.name : compressedName(encoding);
    if (name !== undefined) yield name;
  }
}

/** The program's text, with the seed that makes it again. */
function listing({ seed, code }: GeneratedProgram, entry: number): string {
  const lines = [`program DIFFERENTIAL_SEED=${seed} DIFFERENTIAL_COUNT=1`];
  for (const [encoding, at] of instructionsOf(code)) {
    lines.push(`  ${(entry + at).toString(16)}: ${disassemble(encoding, BigInt(entry + at))}`);
  }
  return lines.join("\n");
}
