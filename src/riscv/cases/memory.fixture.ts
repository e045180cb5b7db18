import type { AccessWidth } from "#riscv/engine.ts";
import { assemble, DATA, type Case, type MemoryCell } from "./case.fixture.ts";

const BYTES = 0x8899_aabb_ccdd_eeffn;
const cells: readonly MemoryCell[] = [
  { offset: 0, width: 8, value: 0x0011_2233_4455_6677n },
  { offset: 8, width: 8, value: BYTES },
];

/** For each [imm, rd]: a load from DATA + 8 + imm, whose bytes are 00 11 … 77 88 … ff from the high end of each doubleword. */
function loadCases(mnemonic: string, rows: readonly (readonly [number, bigint])[]): Case[] {
  return rows.flatMap(([imm, result]) => [
    {
      name: `${mnemonic} at ${imm}`,
      code: [assemble(mnemonic, { rd: 7, rs1: 5, imm })],
      before: { x: { 5: DATA + 8n, 7: -1n }, memory: cells },
      after: { x: { 7: result } },
    },
    {
      name: `${mnemonic} over its own base at ${imm}`,
      code: [assemble(mnemonic, { rd: 5, rs1: 5, imm })],
      before: { x: { 5: DATA + 8n }, memory: cells },
      after: { x: { 5: result } },
    },
    {
      name: `${mnemonic} to x0`,
      code: [assemble(mnemonic, { rs1: 5, imm })],
      before: { x: { 5: DATA + 8n }, memory: cells },
      after: {},
    },
  ]);
}

/** For each offset: a store of `width` bytes of a pattern to DATA + 16 + imm, with what surrounds it untouched. */
function storeCases(mnemonic: string, width: AccessWidth, offsets: readonly number[]): Case[] {
  const value = 0xf1e2_d3c4_b5a6_9788n;
  const zeros = [0, 8, 16, 24, 32].map((offset): MemoryCell => ({ offset, width: 8, value: -1n }));
  return offsets.map((imm) => ({
    name: `${mnemonic} at ${imm}`,
    code: [assemble(mnemonic, { rs1: 5, rs2: 6, imm })],
    before: { x: { 5: DATA + 16n, 6: value }, memory: zeros },
    after: {
      memory: [
        { offset: 16 + imm - 1, width: 1, value: 0xffn },
        { offset: 16 + imm, width, value: BigInt.asUintN(width * 8, value) },
        { offset: 16 + imm + width, width: 1, value: 0xffn },
      ],
    },
  }));
}

/** Accesses that straddle a page, and far offsets. */
const farCases: readonly Case[] = [
  {
    name: "ld across a page",
    code: [assemble("ld", { rd: 7, rs1: 5, imm: 2047 })],
    before: { x: { 5: DATA + 0x1000n - 2047n - 3n }, memory: [{ offset: 0xffd, width: 8, value: BYTES }] },
    after: { x: { 7: BYTES } },
  },
  {
    name: "sd across a page",
    code: [assemble("sd", { rs1: 5, rs2: 6, imm: -2048 })],
    before: { x: { 5: DATA + 0x1000n + 2048n - 5n, 6: BYTES } },
    after: { memory: [{ offset: 0xffb, width: 8, value: BYTES }] },
  },
  {
    name: "lw across a page",
    code: [assemble("lw", { rd: 5, rs1: 5, imm: -2 })],
    before: { x: { 5: DATA + 0x1000n }, memory: [{ offset: 0xffe, width: 4, value: 0x8000_0001n }] },
    after: { x: { 5: -0x7fff_ffffn } },
  },
  {
    name: "sh across a page",
    code: [assemble("sh", { rs1: 5, rs2: 6, imm: -1 })],
    before: { x: { 5: DATA + 0x1000n, 6: 0xabcdn } },
    after: { memory: [{ offset: 0xfff, width: 2, value: 0xabcdn }] },
  },
];

/** Loads and stores, Unprivileged ISA §2.6 and §4.3; misaligned ones work. */
export const memoryCases: readonly Case[] = [
  ...loadCases("lb", [
    [0, -1n],
    [1, -0x12n],
    [7, -0x78n],
    [-1, 0n],
    [-8, 0x77n],
  ]),
  ...loadCases("lbu", [
    [0, 0xffn],
    [1, 0xeen],
    [7, 0x88n],
    [-1, 0n],
    [-8, 0x77n],
  ]),
  ...loadCases("lh", [
    [0, -0x1101n],
    [6, -0x7767n],
    [-8, 0x6677n],
    [1, -0x2212n],
    [-1, -0x100n],
  ]),
  ...loadCases("lhu", [
    [0, 0xeeffn],
    [6, 0x8899n],
    [-8, 0x6677n],
    [1, 0xddeen],
    [-1, 0xff00n],
  ]),
  ...loadCases("lw", [
    [0, -0x3322_1101n],
    [4, -0x7766_5545n],
    [-8, 0x4455_6677n],
    [1, -0x4433_2212n],
    [-2, -0x1100_ffefn],
  ]),
  ...loadCases("lwu", [
    [0, 0xccdd_eeffn],
    [4, 0x8899_aabbn],
    [-8, 0x4455_6677n],
    [1, 0xbbcc_ddeen],
    [-2, 0xeeff_0011n],
  ]),
  ...loadCases("ld", [
    [0, BYTES],
    [-8, 0x0011_2233_4455_6677n],
    [-4, 0xccdd_eeff_0011_2233n],
    [-1, 0x99aa_bbcc_ddee_ff00n],
    [-7, 0xff00_1122_3344_5566n],
  ]),
  ...storeCases("sb", 1, [0, 1, 7, -1, -8]),
  ...storeCases("sh", 2, [0, 1, 6, -1, -8]),
  ...storeCases("sw", 4, [0, 1, 4, -3, -8]),
  ...storeCases("sd", 8, [0, 1, 7, -3, -8]),
  ...farCases,
];
