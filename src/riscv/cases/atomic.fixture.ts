import { Cause } from "#riscv/engine.ts";
import { assemble, CODE, DATA, show, type Case } from "./case.fixture.ts";

const MIN = -0x8000_0000_0000_0000n;
const MAX = 0x7fff_ffff_ffff_ffffn;
const MIN_WORD = -0x8000_0000n;
const MAX_WORD = 0x7fff_ffffn;

type Row = readonly [old: bigint, operand: bigint, stored: bigint];

/** For each [memory, rs2, memory after]: in words with garbage above in rs2 and beside in memory, then in doublewords. */
function wordCases(mnemonic: string, rows: readonly Row[]): Case[] {
  const beside = { offset: 4, width: 4, value: 0x5a5a_5a5an } as const;
  return rows.flatMap(([old, operand, stored]) =>
    [7, 5, 6, 0].map((rd) => ({
      name: `${mnemonic} ${show(old)}, ${show(operand)} → x${rd}`,
      code: [assemble(mnemonic, { rd, rs1: 5, rs2: 6 })],
      before: {
        x: { 5: DATA, 6: BigInt.asUintN(32, operand) | 0x1234_0000_0000n },
        memory: [{ offset: 0, width: 4, value: old }, beside],
      },
      after: { x: rd === 0 ? {} : { [rd]: old }, memory: [{ offset: 0, width: 4, value: stored }, beside] },
    })),
  );
}

function doubleCases(mnemonic: string, rows: readonly Row[]): Case[] {
  return rows.flatMap(([old, operand, stored]) =>
    [7, 5, 6, 0].map((rd) => ({
      name: `${mnemonic} ${show(old)}, ${show(operand)} → x${rd}`,
      code: [assemble(mnemonic, { rd, rs1: 5, rs2: 6 })],
      before: { x: { 5: DATA + 8n, 6: operand }, memory: [{ offset: 8, width: 8, value: old }] },
      after: { x: rd === 0 ? {} : { [rd]: old }, memory: [{ offset: 8, width: 8, value: stored }] },
    })),
  );
}

const operations: readonly Case[] = [
  ...wordCases("amoswap.w", [
    [1n, 2n, 2n],
    [MIN_WORD, MAX_WORD, MAX_WORD],
    [-1n, 0n, 0n],
    [0n, -1n, -1n],
    [5n, 5n, 5n],
  ]),
  ...wordCases("amoadd.w", [
    [1n, 2n, 3n],
    [MAX_WORD, 1n, MIN_WORD],
    [-1n, 1n, 0n],
    [MIN_WORD, MIN_WORD, 0n],
    [0n, -1n, -1n],
  ]),
  ...wordCases("amoxor.w", [
    [-1n, -1n, 0n],
    [0xff00n, 0x0ff0n, 0xf0f0n],
    [MIN_WORD, MAX_WORD, -1n],
    [0n, 7n, 7n],
    [-1n, 1n, -2n],
  ]),
  ...wordCases("amoand.w", [
    [-1n, 7n, 7n],
    [0xff00n, 0x0ff0n, 0x0f00n],
    [MIN_WORD, MAX_WORD, 0n],
    [MIN_WORD, -1n, MIN_WORD],
    [0n, -1n, 0n],
  ]),
  ...wordCases("amoor.w", [
    [0n, 7n, 7n],
    [0xff00n, 0x0ff0n, 0xfff0n],
    [MIN_WORD, MAX_WORD, -1n],
    [1n, MIN_WORD, MIN_WORD + 1n],
    [0n, 0n, 0n],
  ]),
  ...wordCases("amomin.w", [
    [-1n, 1n, -1n],
    [1n, -1n, -1n],
    [MIN_WORD, MAX_WORD, MIN_WORD],
    [MAX_WORD, MIN_WORD, MIN_WORD],
    [4n, 4n, 4n],
  ]),
  ...wordCases("amomax.w", [
    [-1n, 1n, 1n],
    [1n, -1n, 1n],
    [MIN_WORD, MAX_WORD, MAX_WORD],
    [MAX_WORD, MIN_WORD, MAX_WORD],
    [-4n, -4n, -4n],
  ]),
  ...wordCases("amominu.w", [
    [-1n, 1n, 1n],
    [1n, -1n, 1n],
    [MIN_WORD, MAX_WORD, MAX_WORD],
    [0n, MIN_WORD, 0n],
    [4n, 4n, 4n],
  ]),
  ...wordCases("amomaxu.w", [
    [-1n, 1n, -1n],
    [1n, -1n, -1n],
    [MIN_WORD, MAX_WORD, MIN_WORD],
    [0n, MIN_WORD, MIN_WORD],
    [4n, 4n, 4n],
  ]),
  ...doubleCases("amoswap.d", [
    [1n, 2n, 2n],
    [MIN, MAX, MAX],
    [-1n, 0n, 0n],
    [0n, -1n, -1n],
    [5n, 5n, 5n],
  ]),
  ...doubleCases("amoadd.d", [
    [1n, 2n, 3n],
    [MAX, 1n, MIN],
    [-1n, 1n, 0n],
    [MIN, MIN, 0n],
    [MAX_WORD, 1n, 0x8000_0000n],
  ]),
  ...doubleCases("amoxor.d", [
    [-1n, -1n, 0n],
    [0xff00n, 0x0ff0n, 0xf0f0n],
    [MIN, MAX, -1n],
    [0n, 7n, 7n],
    [-1n, 1n, -2n],
  ]),
  ...doubleCases("amoand.d", [
    [-1n, 7n, 7n],
    [0xff00n, 0x0ff0n, 0x0f00n],
    [MIN, MAX, 0n],
    [MIN, -1n, MIN],
    [0n, -1n, 0n],
  ]),
  ...doubleCases("amoor.d", [
    [0n, 7n, 7n],
    [0xff00n, 0x0ff0n, 0xfff0n],
    [MIN, MAX, -1n],
    [1n, MIN, MIN + 1n],
    [0n, 0n, 0n],
  ]),
  ...doubleCases("amomin.d", [
    [-1n, 1n, -1n],
    [1n, -1n, -1n],
    [MIN, MAX, MIN],
    [MAX, MIN, MIN],
    [4n, 4n, 4n],
  ]),
  ...doubleCases("amomax.d", [
    [-1n, 1n, 1n],
    [1n, -1n, 1n],
    [MIN, MAX, MAX],
    [MAX, MIN, MAX],
    [-4n, -4n, -4n],
  ]),
  ...doubleCases("amominu.d", [
    [-1n, 1n, 1n],
    [1n, -1n, 1n],
    [MIN, MAX, MAX],
    [0n, MIN, 0n],
    [4n, 4n, 4n],
  ]),
  ...doubleCases("amomaxu.d", [
    [-1n, 1n, -1n],
    [1n, -1n, -1n],
    [MIN, MAX, MIN],
    [0n, MIN, MIN],
    [4n, 4n, 4n],
  ]),
];

const misaligned: readonly Case[] = [
  ...["lr.w", "sc.w", "amoadd.w"].flatMap((mnemonic) => [1n, 2n, 3n].map((offset) => ({ mnemonic, offset }))),
  ...["lr.d", "sc.d", "amoswap.d"].flatMap((mnemonic) => [1n, 2n, 4n].map((offset) => ({ mnemonic, offset }))),
].map(({ mnemonic, offset }) => ({
  name: `${mnemonic} misaligned by ${offset}`,
  code: [assemble(mnemonic, { rd: 7, rs1: 5, rs2: mnemonic.startsWith("lr") ? 0 : 6 })],
  before: { x: { 5: DATA + offset, 6: 1n } },
  after: {
    exception: {
      cause: mnemonic.startsWith("lr") ? Cause.LoadMisaligned : Cause.StoreMisaligned,
      value: DATA + offset,
    },
  },
}));

const lrW = assemble("lr.w", { rd: 7, rs1: 5 });
const lrD = assemble("lr.d", { rd: 7, rs1: 5 });
const scW = assemble("sc.w", { rd: 8, rs1: 5, rs2: 6 });
const scD = assemble("sc.d", { rd: 8, rs1: 5, rs2: 6 });
const scElsewhere = assemble("sc.w", { rd: 8, rs1: 9, rs2: 6 });
const word = (value: bigint, offset = 0) => ({ offset, width: 4, value }) as const;
const double = (value: bigint, offset = 0) => ({ offset, width: 8, value }) as const;

/** §13.2. */
const reservations: readonly Case[] = [
  ...[0n, 1n, -1n, MIN_WORD, MAX_WORD].map((old) => ({
    name: `lr.w and sc.w over ${show(old)}`,
    code: [lrW, scW],
    before: { x: { 5: DATA, 6: 0x1_2345_6789n, 8: -1n }, memory: [word(old), word(9n, 4)] },
    after: { x: { 7: old, 8: 0n }, memory: [word(0x2345_6789n), word(9n, 4)] },
  })),
  ...[0n, 1n, -1n, MIN, MAX].map((old) => ({
    name: `lr.d and sc.d over ${show(old)}`,
    code: [lrD, scD],
    before: { x: { 5: DATA, 6: 0x1234_5678_9abc_def0n, 8: -1n }, memory: [double(old)] },
    after: { x: { 7: old, 8: 0n }, memory: [double(0x1234_5678_9abc_def0n)] },
  })),
  {
    name: "lr.w to x0",
    code: [assemble("lr.w", { rs1: 5 })],
    before: { x: { 5: DATA }, memory: [word(5n)] },
    after: {},
  },
  {
    name: "sc.w without lr",
    code: [scW],
    before: { x: { 5: DATA, 6: 3n }, memory: [word(5n)] },
    after: { x: { 8: 1n }, memory: [word(5n)] },
  },
  {
    name: "sc.d without lr",
    code: [scD],
    before: { x: { 5: DATA, 6: 3n }, memory: [double(5n)] },
    after: { x: { 8: 1n }, memory: [double(5n)] },
  },
  {
    name: "a second sc fails",
    code: [lrW, scW, scW],
    before: { x: { 5: DATA, 6: 3n }, memory: [word(5n)] },
    after: { x: { 7: 5n, 8: 1n }, memory: [word(3n)] },
  },
  {
    name: "sc elsewhere fails",
    code: [lrW, scElsewhere],
    before: { x: { 5: DATA, 6: 3n, 9: DATA + 64n }, memory: [word(5n), word(5n, 64)] },
    after: { x: { 7: 5n, 8: 1n }, memory: [word(5n), word(5n, 64)] },
  },
  {
    name: "sc elsewhere ends the reservation",
    code: [lrW, scElsewhere, scW],
    before: { x: { 5: DATA, 6: 3n, 9: DATA + 64n }, memory: [word(5n)] },
    after: { x: { 7: 5n, 8: 1n }, memory: [word(5n)] },
  },
  {
    name: "sc fails once the word has changed",
    code: [lrW, assemble("sw", { rs1: 5, rs2: 6 }), scW],
    before: { x: { 5: DATA, 6: 3n }, memory: [word(5n)] },
    after: { x: { 7: 5n, 8: 1n }, memory: [word(3n)] },
  },
  {
    name: "sc with rd = rs2",
    code: [lrW, assemble("sc.w", { rd: 6, rs1: 5, rs2: 6 })],
    before: { x: { 5: DATA, 6: 3n }, memory: [word(5n)] },
    after: { x: { 7: 5n, 6: 0n }, memory: [word(3n)] },
  },
];

const overItself = [7, 5, 0].flatMap((rd): Case[] => {
  const amo = assemble("amoor.w", { rd, rs1: 5, rs2: 6 });
  const sc = assemble("sc.w", { rd, rs1: 5, rs2: 6 });
  return [
    {
      name: `amoor.w over itself → x${rd}`,
      code: [amo],
      before: { x: { 5: CODE } },
      after: { x: rd === 0 ? {} : { [rd]: BigInt.asIntN(32, BigInt(amo)) } },
    },
    {
      name: `sc.w over itself → x${rd}`,
      code: [assemble("lr.w", { rd: 8, rs1: 5 }), sc],
      before: { x: { 5: CODE + 4n, 7: 9n } },
      after: { x: { 8: BigInt.asIntN(32, BigInt(sc)), ...(rd === 0 ? {} : { [rd]: 0n }) } },
    },
  ];
});

/** The A extension. */
export const atomicCases: readonly Case[] = [...operations, ...misaligned, ...reservations, ...overItself];
