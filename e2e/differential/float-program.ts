import { floatOperandCount, floatOperations } from "#hart/float/float-unit.ts";
import { floatHelpers, type FloatVector } from "#hart/float/float-vectors.fixture.ts";
import type { FloatHelper } from "#riscv/engine.ts";
import { assemble, runUnderQemu, withTemporaryFolder } from "./toolchain.ts";

const RECORD_BYTES = 32;
const MAXIMUM_RECORDS = 1 << 21;

/** What an operation gave. */
export interface FloatResult {
  readonly value: bigint;
  readonly flags: number;
}

/** What the hart's own floating point gives. */
export function performFloat({ name, rounding, a, b, c }: FloatVector): FloatResult {
  const status = { flags: 0 };
  const value = floatOperations[name](status, rounding, a, b, c);
  return { value, flags: status.flags };
}

/** What QEMU gives, in the order of the vectors. */
export async function performUnderQemu(vectors: readonly FloatVector[]): Promise<FloatResult[]> {
  if (vectors.length > MAXIMUM_RECORDS) throw new RangeError("too many vectors for one run");
  const input = encode(vectors);
  const output = await withTemporaryFolder((folder) => runUnderQemu(assemble(folder, "float", program()), input));
  const view = new DataView(output.buffer, output.byteOffset, output.length);
  return vectors.map((_, index) => ({
    value: view.getBigUint64(index * RECORD_BYTES, true),
    flags: Number(view.getBigUint64(index * RECORD_BYTES + 8, true)),
  }));
}

function encode(vectors: readonly FloatVector[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(vectors.length * RECORD_BYTES));
  vectors.forEach(({ name, rounding, a, b, c }, index) => {
    const at = index * RECORD_BYTES;
    view.setUint32(at, floatHelpers.indexOf(name), true);
    view.setUint32(at + 4, rounding, true);
    view.setBigUint64(at + 8, a, true);
    view.setBigUint64(at + 16, b, true);
    view.setBigUint64(at + 24, c, true);
  });
  return new Uint8Array(view.buffer);
}

/** Reads records { operation u32, frm u32, a, b, c u64 } until the input ends; writes { value, fflags } over each. */
function program(): string {
  return `
    .globl _start
_start:
    la s0, records
    mv s1, s0
fill:
    li a0, 0
    mv a1, s1
    li a2, 0x100000
    li a7, 63
    ecall
    blez a0, perform
    add s1, s1, a0
    j fill
perform:
    mv s2, s0
    la s3, operations
next:
    bgeu s2, s1, write
    lwu t0, 0(s2)
    lwu t1, 4(s2)
    ld a0, 8(s2)
    ld a1, 16(s2)
    ld a2, 24(s2)
    fsrm t1
    fsflags zero
    slli t0, t0, 3
    add t0, t0, s3
    ld t0, 0(t0)
    jr t0
done:
    frflags t1
    sd a0, 0(s2)
    sd t1, 8(s2)
    addi s2, s2, ${RECORD_BYTES}
    j next
write:
    bgeu s0, s1, exit
    li a0, 1
    mv a1, s0
    sub a2, s1, s0
    li a7, 64
    ecall
    add s0, s0, a0
    j write
exit:
    li a0, 0
    li a7, 93
    ecall
${floatHelpers.map(routine).join("\n")}
    .data
    .align 3
operations:
${floatHelpers.map((_, index) => `    .dword operation${index}`).join("\n")}
    .bss
    .align 3
records: .skip ${MAXIMUM_RECORDS * RECORD_BYTES + 0x100000}
`;
}

/** Performs one operation on a0, a1 and a2, the result in a0. */
function routine(name: FloatHelper, index: number): string {
  const [, to, from] = /^fcvt\.(\w+)\.(\w+)$/.exec(name) ?? [];
  const source = from ?? name.slice(-1);
  const isFloat = (suffix: string): boolean => suffix === "s" || suffix === "d";
  const target = to ?? (/^f(eq|lt|le|class)/.test(name) ? "l" : source);
  const count = floatOperandCount(name);
  const moves = isFloat(source) ? Array.from({ length: count }, (_, n) => `fmv.${half(source)}.x fa${n}, a${n}`) : [];
  const inputs = isFloat(source) ? Array.from({ length: count }, (_, n) => `fa${n}`) : ["a0"];
  const output = isFloat(target) ? "fa0" : "a0";
  const back = isFloat(target) ? [`fmv.x.${half(target)} a0, fa0`] : [];
  // The single's pattern is compared as 32 bits.
  if (target === "s") back.push("slli a0, a0, 32", "srli a0, a0, 32");
  return [`operation${index}:`, ...moves, `${name} ${[output, ...inputs].join(", ")}`, ...back, "j done"].join(
    "\n    ",
  );
}

function half(suffix: string): string {
  return suffix === "s" ? "w" : "d";
}
