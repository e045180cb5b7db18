import { assemble, CODE, immediateCases, registerCases, show, type Case } from "./case.fixture.ts";

const MIN = -0x8000_0000_0000_0000n;
const MAX = 0x7fff_ffff_ffff_ffffn;
const MIN_WORD = -0x8000_0000n;
const MAX_WORD = 0x7fff_ffffn;
const PATTERN = 0x0123_4567_89ab_cdefn;

/** Unprivileged ISA §2.4.2 and §4.2: register-register. */
const registerRegister: Case[] = [
  ...registerCases("add", [
    [0n, 0n, 0n],
    [1n, -1n, 0n],
    [MAX, 1n, MIN],
    [MIN, MIN, 0n],
    [MAX_WORD, 1n, 0x8000_0000n],
    [PATTERN, PATTERN, 0x0246_8acf_1357_9bden],
  ]),
  ...registerCases("sub", [
    [0n, 0n, 0n],
    [0n, 1n, -1n],
    [MIN, 1n, MAX],
    [MAX, -1n, MIN],
    [0x8000_0000n, 1n, MAX_WORD],
    [3n, PATTERN, 3n - PATTERN],
  ]),
  ...registerCases("addw", [
    [MAX_WORD, 1n, MIN_WORD],
    [-1n, 1n, 0n],
    [MIN, MIN, 0n],
    [0xffff_ffff_0000_0001n, 2n, 3n],
    [PATTERN, PATTERN, 0x1357_9bden],
    [0x4000_0000n, 0x4000_0000n, MIN_WORD],
  ]),
  ...registerCases("subw", [
    [MIN_WORD, 1n, MAX_WORD],
    [0n, 1n, -1n],
    [0x1_0000_0000n, 1n, -1n],
    [MAX_WORD, -1n, MIN_WORD],
    [PATTERN, 1n, -0x7654_3212n],
  ]),
  ...registerCases("sll", [
    [1n, 0n, 1n],
    [1n, 63n, MIN],
    [1n, 64n, 1n],
    [-1n, 65n, -2n],
    [PATTERN, 32n, -0x7654_3211_0000_0000n],
    [PATTERN, -60n, 0x1234_5678_9abc_def0n],
  ]),
  ...registerCases("srl", [
    [MIN, 63n, 1n],
    [-1n, 1n, MAX],
    [-1n, 64n, -1n],
    [PATTERN, 32n, 0x0123_4567n],
    [MIN, 0xffff_ff81n, 0x4000_0000_0000_0000n],
  ]),
  ...registerCases("sra", [
    [MIN, 63n, -1n],
    [MAX, 62n, 1n],
    [-2n, 1n, -1n],
    [MIN, 64n, MIN],
    [-PATTERN, 32n, -0x0123_4568n],
  ]),
  ...registerCases("sllw", [
    [1n, 31n, MIN_WORD],
    [1n, 32n, 1n],
    [3n, 63n, MIN_WORD],
    [0xffff_ffff_0000_0000n, 4n, 0n],
    [PATTERN, 4n, -0x6543_2110n],
  ]),
  ...registerCases("srlw", [
    [-1n, 31n, 1n],
    [MIN_WORD, 0n, MIN_WORD],
    [0x1_8000_0000n, 1n, 0x4000_0000n],
    [-1n, 32n, -1n],
    [PATTERN, 36n, 0x089a_bcden],
  ]),
  ...registerCases("sraw", [
    [MIN_WORD, 31n, -1n],
    [0x8000_0000n, 4n, -0x0800_0000n],
    [0xffff_ffff_7fff_ffffn, 30n, 1n],
    [-1n, 63n, -1n],
    [PATTERN, 32n, -0x7654_3211n],
  ]),
  ...registerCases("slt", [
    [-1n, 1n, 1n],
    [1n, -1n, 0n],
    [MIN, MAX, 1n],
    [MAX, MIN, 0n],
    [5n, 5n, 0n],
  ]),
  ...registerCases("sltu", [
    [-1n, 1n, 0n],
    [1n, -1n, 1n],
    [MAX, MIN, 1n],
    [0n, 0n, 0n],
    [0n, 1n, 1n],
    [0xffff_ffffn, 0x1_0000_0000n, 1n],
  ]),
  ...registerCases("and", [
    [-1n, PATTERN, PATTERN],
    [0n, -1n, 0n],
    [0xff00n, 0x0ff0n, 0x0f00n],
    [MIN, -1n, MIN],
    [PATTERN, ~PATTERN, 0n],
  ]),
  ...registerCases("or", [
    [0n, PATTERN, PATTERN],
    [0n, -1n, -1n],
    [0xff00n, 0x0ff0n, 0xfff0n],
    [MIN, MAX, -1n],
    [PATTERN, ~PATTERN, -1n],
  ]),
  ...registerCases("xor", [
    [-1n, PATTERN, ~PATTERN],
    [-1n, -1n, 0n],
    [0xff00n, 0x0ff0n, 0xf0f0n],
    [MIN, MAX, -1n],
    [PATTERN, 0n, PATTERN],
  ]),
];

/** §2.4.1 and §4.2: register-immediate. */
const registerImmediate: Case[] = [
  ...immediateCases("addi", [
    [0n, 0, 0n],
    [MAX, 1, MIN],
    [MIN, -1, MAX],
    [0n, -2048, -2048n],
    [0n, 2047, 2047n],
    [MAX_WORD, 1, 0x8000_0000n],
  ]),
  ...immediateCases("addiw", [
    [MAX_WORD, 1, MIN_WORD],
    [MIN_WORD, -1, MAX_WORD],
    [0x1234_5678_8000_0000n, 0, MIN_WORD],
    [0x1234_5678_7fff_ffffn, 0, MAX_WORD],
    [0n, -2048, -2048n],
    [0xffff_ffffn, 2047, 2046n],
  ]),
  ...immediateCases("slti", [
    [-1n, 0, 1n],
    [0n, -1, 0n],
    [MIN, -2048, 1n],
    [2047n, 2047, 0n],
    [MAX, 2047, 0n],
  ]),
  ...immediateCases("sltiu", [
    [0n, 1, 1n],
    [1n, 1, 0n],
    [0n, -1, 1n],
    [-1n, -1, 0n],
    [MAX, -2048, 1n],
    [-2048n, -2048, 0n],
  ]),
  ...immediateCases("andi", [
    [-1n, -1, -1n],
    [-1n, 2047, 2047n],
    [PATTERN, -16, PATTERN - 15n],
    [PATTERN, 255, 0xefn],
    [MIN, -2048, MIN],
  ]),
  ...immediateCases("ori", [
    [0n, -1, -1n],
    [0n, 2047, 2047n],
    [PATTERN, 16, PATTERN | 16n],
    [MIN, -2048, -2048n],
    [MAX, 0, MAX],
  ]),
  ...immediateCases("xori", [
    [0n, -1, -1n],
    [PATTERN, -1, ~PATTERN],
    [PATTERN, 2047, PATTERN ^ 2047n],
    [MIN, -2048, MAX - 2047n],
    [-1n, 0, -1n],
  ]),
  ...immediateCases("slli", [
    [1n, 0, 1n],
    [1n, 63, MIN],
    [PATTERN, 32, -0x7654_3211_0000_0000n],
    [-1n, 1, -2n],
    [PATTERN, 4, 0x1234_5678_9abc_def0n],
  ]),
  ...immediateCases("srli", [
    [MIN, 63, 1n],
    [-1n, 0, -1n],
    [-1n, 32, 0xffff_ffffn],
    [PATTERN, 33, 0x0091_a2b3n],
    [-1n, 1, MAX],
  ]),
  ...immediateCases("srai", [
    [MIN, 63, -1n],
    [MIN, 0, MIN],
    [-1n, 32, -1n],
    [MAX, 62, 1n],
    [-PATTERN, 32, -0x0123_4568n],
  ]),
  ...immediateCases("slliw", [
    [1n, 31, MIN_WORD],
    [-1n, 0, -1n],
    [0x1_0000_0001n, 1, 2n],
    [0xffff_ffff_0000_0000n, 8, 0n],
    [PATTERN, 4, -0x6543_2110n],
  ]),
  ...immediateCases("srliw", [
    [-1n, 31, 1n],
    [-1n, 0, -1n],
    [0xffff_ffff_0000_0000n, 1, 0n],
    [0x8000_0000n, 0, MIN_WORD],
    [PATTERN, 4, 0x089a_bcden],
  ]),
  ...immediateCases("sraiw", [
    [MIN_WORD, 31, -1n],
    [0x8000_0000n, 0, MIN_WORD],
    [0xffff_ffff_7fff_ffffn, 1, 0x3fff_ffffn],
    [-1n, 16, -1n],
    [PATTERN, 4, -0x0765_4322n],
  ]),
];

function upperCases(mnemonic: string, origin: bigint): Case[] {
  return [0, 0x1000, 0x7fff_f000, -0x8000_0000, -0x1000, 0x1234_5000].map((imm) => ({
    name: `${mnemonic} ${show(BigInt(imm))}`,
    code: [assemble(mnemonic, { rd: 7, imm })],
    before: { x: { 7: PATTERN } },
    after: { x: { 7: origin + BigInt(imm) } },
  }));
}

/** RV64I computation. */
export const integerCases: readonly Case[] = [
  ...registerRegister,
  ...registerImmediate,
  ...upperCases("lui", 0n),
  ...upperCases("auipc", CODE),
  { name: "lui to x0", code: [assemble("lui", { imm: 0x1000 })], before: {}, after: {} },
  { name: "fence", code: [assemble("fence", {})], before: { x: { 5: 1n } }, after: {} },
];
