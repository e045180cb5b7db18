import { Cause } from "#riscv/engine.ts";
import { assemble, CODE, show, type Case } from "./case.fixture.ts";

const MIN = -0x8000_0000_0000_0000n;
const MAX = 0x7fff_ffff_ffff_ffffn;

/** For each [rs1, rs2, taken], forwards, backwards and as far as the format reaches. */
function branchCases(mnemonic: string, rows: readonly (readonly [bigint, bigint, boolean])[]): Case[] {
  return rows.flatMap(([a, b, taken]) =>
    [8, -8, 6, 4094, -4096].map((imm) => ({
      name: `${mnemonic} ${show(a)}, ${show(b)}, ${imm}`,
      code: [assemble(mnemonic, { rs1: 5, rs2: 6, imm })],
      before: { x: { 5: a, 6: b } },
      after: { pc: taken ? BigInt(imm) : 4n },
    })),
  );
}

const jumpCases: readonly Case[] = [
  ...[4, -4, 6, 0xf_fffe, -0x10_0000, 0x800, -0x802].map((imm) => ({
    name: `jal x7, ${imm}`,
    code: [assemble("jal", { rd: 7, imm })],
    before: {},
    after: { x: { 7: CODE + 4n }, pc: BigInt(imm) },
  })),
  { name: "jal x0, 16", code: [assemble("jal", { imm: 16 })], before: {}, after: { pc: 16n } },
  ...[0, 2047, -2048, 1, -1, 6].map((imm) => ({
    name: `jalr x7, ${imm}(x5)`,
    code: [assemble("jalr", { rd: 7, rs1: 5, imm })],
    before: { x: { 5: CODE + 0x100n } },
    after: { x: { 7: CODE + 4n }, pc: (0x100n + BigInt(imm)) & ~1n },
  })),
  {
    name: "jalr with rd = rs1",
    code: [assemble("jalr", { rd: 5, rs1: 5, imm: 8 })],
    before: { x: { 5: CODE + 0x100n } },
    after: { x: { 5: CODE + 4n }, pc: 0x108n },
  },
  {
    name: "jalr clears bit 0 of the sum",
    code: [assemble("jalr", { rd: 1, rs1: 5, imm: 1 })],
    before: { x: { 5: CODE + 0x101n } },
    after: { x: { 1: CODE + 4n }, pc: 0x102n },
  },
];

function exceptionCase(name: string, encoding: number, cause: number, value: bigint): Case {
  return { name, code: [encoding], before: { x: { 5: 1n } }, after: { exception: { cause, value } } };
}

/** Words that are no instruction of RV64GC in M-mode. */
const illegalWords = [
  0xffff_ffff, 0x0000_7003, 0x0000_3063, 0x0200_101b, 0x0000_202b, 0x4000_1033, 0x0000_4073, 0x1010_302f,
];

/** Control transfer (Unprivileged ISA §2.5), and what raises an exception by itself. */
export const controlCases: readonly Case[] = [
  ...branchCases("beq", [
    [0n, 0n, true],
    [-1n, -1n, true],
    [1n, 0x1_0000_0001n, false],
  ]),
  ...branchCases("bne", [
    [0n, 0n, false],
    [MIN, MIN, false],
    [1n, 0x1_0000_0001n, true],
  ]),
  ...branchCases("blt", [
    [-1n, 0n, true],
    [0n, -1n, false],
    [MIN, MAX, true],
    [3n, 3n, false],
  ]),
  ...branchCases("bge", [
    [-1n, 0n, false],
    [0n, -1n, true],
    [MIN, MAX, false],
    [3n, 3n, true],
  ]),
  ...branchCases("bltu", [
    [-1n, 0n, false],
    [0n, -1n, true],
    [MAX, MIN, true],
    [3n, 3n, false],
  ]),
  ...branchCases("bgeu", [
    [-1n, 0n, true],
    [0n, -1n, false],
    [MAX, MIN, false],
    [3n, 3n, true],
  ]),
  ...jumpCases,
  exceptionCase("ecall", assemble("ecall", {}), Cause.EcallFromM, 0n),
  exceptionCase("ebreak", assemble("ebreak", {}), Cause.Breakpoint, CODE),
  ...illegalWords.map((word) =>
    exceptionCase(`illegal ${show(BigInt(word))}`, word, Cause.IllegalInstruction, BigInt(word)),
  ),
  exceptionCase("illegal zero halfword", 0, Cause.IllegalInstruction, 0n),
];
