import { encodeR } from "#riscv/encode.ts";
import { Cause } from "#riscv/engine.ts";
import { assemble, DATA, show, type Case, type Expected, type GuestState } from "./case.fixture.ts";

const box = (bits: bigint): bigint => 0xffff_ffff_0000_0000n | bits;
const ONE = 0x3f80_0000n;
const TWO = 0x4000_0000n;
const THREE = 0x4040_0000n;
const SIGN = 0x8000_0000n;
const NAN = 0x7fc0_0000n;
const ONE_D = 0x3ff0_0000_0000_0000n;
const TWO_D = 0x4000_0000_0000_0000n;
const THREE_D = 0x4008_0000_0000_0000n;
const SIGN_D = 0x8000_0000_0000_0000n;
const NAN_D = 0x7ff8_0000_0000_0000n;

/** The rounding mode "dynamic", as it stands in the rm field. */
const DYNAMIC = 7 << 12;

function row(name: string, encoding: number, before: GuestState, after: Expected): Case {
  return { name, code: [encoding], before, after };
}

/** frd = op(frs1, frs2) for each [f5, f6, f7]. */
function signCases(mnemonic: string, rows: readonly (readonly [bigint, bigint, bigint])[]): Case[] {
  return rows.flatMap(([a, b, result]) =>
    [7, 5, 6].map((rd) =>
      row(
        `${mnemonic} ${show(a)}, ${show(b)} → f${rd}`,
        assemble(mnemonic, { rd, rs1: 5, rs2: 6 }),
        { f: { 5: a, 6: b } },
        { f: { [rd]: result } },
      ),
    ),
  );
}

const signInjection: readonly Case[] = [
  ...signCases("fsgnj.s", [
    [box(ONE), box(TWO), box(ONE)],
    [box(ONE), box(SIGN), box(ONE | SIGN)],
    [box(ONE | SIGN), box(TWO), box(ONE)],
    [ONE, box(SIGN), box(NAN | SIGN)],
    [box(ONE), SIGN, box(ONE)],
  ]),
  ...signCases("fsgnjn.s", [
    [box(ONE), box(TWO), box(ONE | SIGN)],
    [box(ONE), box(SIGN), box(ONE)],
    [box(ONE | SIGN), box(TWO), box(ONE | SIGN)],
    [ONE, box(0n), box(NAN | SIGN)],
    [box(ONE), 0n, box(ONE | SIGN)],
  ]),
  ...signCases("fsgnjx.s", [
    [box(ONE), box(TWO), box(ONE)],
    [box(ONE), box(SIGN), box(ONE | SIGN)],
    [box(ONE | SIGN), box(SIGN), box(ONE)],
    [ONE, box(SIGN), box(NAN | SIGN)],
    [box(ONE | SIGN), SIGN, box(ONE | SIGN)],
  ]),
  ...signCases("fsgnj.d", [
    [ONE_D, TWO_D, ONE_D],
    [ONE_D, SIGN_D, ONE_D | SIGN_D],
    [ONE_D | SIGN_D, TWO_D, ONE_D],
    [0n, -1n, SIGN_D],
    [NAN_D, SIGN_D, NAN_D | SIGN_D],
  ]),
  ...signCases("fsgnjn.d", [
    [ONE_D, TWO_D, ONE_D | SIGN_D],
    [ONE_D, SIGN_D, ONE_D],
    [ONE_D | SIGN_D, SIGN_D, ONE_D],
    [0n, 0n, SIGN_D],
    [NAN_D, SIGN_D, NAN_D],
  ]),
  ...signCases("fsgnjx.d", [
    [ONE_D, TWO_D, ONE_D],
    [ONE_D, SIGN_D, ONE_D | SIGN_D],
    [ONE_D | SIGN_D, SIGN_D, ONE_D],
    [0n, SIGN_D, SIGN_D],
    [NAN_D | SIGN_D, 0n, NAN_D | SIGN_D],
  ]),
];

const moves: readonly Case[] = [0n, box(ONE), box(SIGN), ONE_D, -1n].flatMap((value) => [
  row(
    `fmv.x.w of ${show(value)}`,
    assemble("fmv.x.w", { rd: 7, rs1: 5 }),
    { f: { 5: value } },
    { x: { 7: BigInt.asIntN(32, value) } },
  ),
  row(`fmv.x.d of ${show(value)}`, assemble("fmv.x.d", { rd: 7, rs1: 5 }), { f: { 5: value } }, { x: { 7: value } }),
  row(
    `fmv.w.x of ${show(value)}`,
    assemble("fmv.w.x", { rd: 7, rs1: 5 }),
    { x: { 5: value } },
    { f: { 7: box(BigInt.asUintN(32, value)) } },
  ),
  row(`fmv.d.x of ${show(value)}`, assemble("fmv.d.x", { rd: 7, rs1: 5 }), { x: { 5: value } }, { f: { 7: value } }),
]);

const loadsAndStores: readonly Case[] = [0, 4, -4, 1, 2040].flatMap((imm) => [
  row(
    `flw at ${imm}`,
    assemble("flw", { rd: 7, rs1: 5, imm }),
    { x: { 5: DATA + 16n }, memory: [{ offset: 16 + imm, width: 8, value: THREE_D | 0x1234n }] },
    { f: { 7: box(0x1234n) } },
  ),
  row(
    `fld at ${imm}`,
    assemble("fld", { rd: 7, rs1: 5, imm }),
    { x: { 5: DATA + 16n }, memory: [{ offset: 16 + imm, width: 8, value: THREE_D }] },
    { f: { 7: THREE_D } },
  ),
  row(
    `fsw at ${imm}, of a register that is not NaN-boxed`,
    assemble("fsw", { rs1: 5, rs2: 6, imm }),
    { x: { 5: DATA + 16n }, f: { 6: THREE_D | 0x1234n } },
    { memory: [{ offset: 16 + imm, width: 8, value: 0x1234n }] },
  ),
  row(
    `fsd at ${imm}`,
    assemble("fsd", { rs1: 5, rs2: 6, imm }),
    { x: { 5: DATA + 16n }, f: { 6: THREE_D } },
    { memory: [{ offset: 16 + imm, width: 8, value: THREE_D }] },
  ),
]);

/** 2 × 3 ± 1 with each sign, exact: 5, 7, -5, -7. */
const fused: readonly Case[] = (
  [
    ["fmadd", 0x40e0_0000n, 0x401c_0000_0000_0000n],
    ["fmsub", 0x40a0_0000n, 0x4014_0000_0000_0000n],
    ["fnmsub", 0xc0a0_0000n, 0xc014_0000_0000_0000n],
    ["fnmadd", 0xc0e0_0000n, 0xc01c_0000_0000_0000n],
  ] as const
).flatMap(([name, single, double]) => [
  row(
    `${name}.s`,
    (assemble(`${name}.s`, { rd: 8, rs1: 5, rs2: 6 }) | DYNAMIC | (7 << 27)) >>> 0,
    { f: { 5: box(TWO), 6: box(THREE), 7: box(ONE) } },
    { f: { 8: box(single) } },
  ),
  row(
    `${name}.d`,
    (assemble(`${name}.d`, { rd: 8, rs1: 5, rs2: 6 }) | DYNAMIC | (7 << 27)) >>> 0,
    { f: { 5: TWO_D, 6: THREE_D, 7: ONE_D } },
    { f: { 8: double } },
  ),
  row(
    `${name}.s of a register that is not NaN-boxed`,
    (assemble(`${name}.s`, { rd: 8, rs1: 5, rs2: 6 }) | DYNAMIC | (7 << 27)) >>> 0,
    { f: { 5: box(TWO), 6: box(THREE), 7: ONE } },
    { f: { 8: box(NAN) } },
  ),
]);

/** Exact results of each operation, so that every rm gives them; and those that go to x registers. */
const arithmetic: readonly Case[] = [0, 1, 2, 3, 4, 7].flatMap((rm) =>
  (
    [
      ["fadd", THREE, THREE_D],
      ["fsub", SIGN | ONE, SIGN_D | ONE_D],
      ["fmul", TWO, TWO_D],
      ["fdiv", 0x3f00_0000n, 0x3fe0_0000_0000_0000n],
    ] as const
  ).flatMap(([name, single, double]) => [
    row(
      `${name}.s 1, 2, rm ${rm}`,
      assemble(`${name}.s`, { rd: 7, rs1: 5, rs2: 6 }) | (rm << 12),
      { f: { 5: box(ONE), 6: box(TWO) } },
      { f: { 7: box(single) } },
    ),
    row(
      `${name}.d 1, 2, rm ${rm}`,
      assemble(`${name}.d`, { rd: 7, rs1: 5, rs2: 6 }) | (rm << 12),
      { f: { 5: ONE_D, 6: TWO_D } },
      { f: { 7: double } },
    ),
  ]),
);

function comparisonCases(mnemonic: string, less: bigint, same: bigint, greater: bigint, withNan: bigint): Case[] {
  const isSingle = mnemonic.endsWith(".s");
  const one = isSingle ? box(ONE) : ONE_D;
  const two = isSingle ? box(TWO) : TWO_D;
  const nan = isSingle ? box(NAN) : NAN_D;
  const rows: readonly (readonly [bigint, bigint, bigint])[] = [
    [one, two, less],
    [two, one, greater],
    [one, one, same],
    [isSingle ? box(SIGN) : SIGN_D, isSingle ? box(0n) : 0n, same],
    [nan, one, withNan],
  ];
  return rows.map(([a, b, result]) =>
    row(
      `${mnemonic} ${show(a)}, ${show(b)}`,
      assemble(mnemonic, { rd: 7, rs1: 5, rs2: 6 }),
      { f: { 5: a, 6: b } },
      { x: { 7: result } },
    ),
  );
}

const comparisons: readonly Case[] = ["s", "d"].flatMap((format) => [
  ...comparisonCases(`feq.${format}`, 0n, 1n, 0n, 0n),
  ...comparisonCases(`flt.${format}`, 1n, 0n, 0n, 0n),
  ...comparisonCases(`fle.${format}`, 1n, 1n, 0n, 0n),
]);

const conversions: readonly Case[] = (
  [
    ["fcvt.w.s", { f: { 5: box(SIGN | THREE) } }, { x: { 7: -3n } }],
    ["fcvt.wu.s", { f: { 5: box(0x4f7f_ffffn) } }, { x: { 7: -0x100n } }],
    ["fcvt.l.d", { f: { 5: SIGN_D | THREE_D } }, { x: { 7: -3n } }],
    ["fcvt.lu.d", { f: { 5: SIGN_D | ONE_D } }, { x: { 7: 0n } }],
    ["fcvt.s.w", { x: { 5: 0x1234_ffff_ffffn } }, { f: { 7: box(SIGN | ONE) } }],
    ["fcvt.d.w", { x: { 5: -3n } }, { f: { 7: SIGN_D | THREE_D } }],
    ["fcvt.d.wu", { x: { 5: -1n } }, { f: { 7: 0x41ef_ffff_ffe0_0000n } }],
    ["fcvt.d.l", { x: { 5: 3n } }, { f: { 7: THREE_D } }],
    ["fcvt.s.d", { f: { 5: TWO_D } }, { f: { 7: box(TWO) } }],
    ["fcvt.d.s", { f: { 5: box(TWO) } }, { f: { 7: TWO_D } }],
    ["fcvt.d.s", { f: { 5: TWO } }, { f: { 7: NAN_D } }],
    ["fsqrt.s", { f: { 5: box(0x4080_0000n) } }, { f: { 7: box(TWO) } }],
    ["fsqrt.d", { f: { 5: 0x4010_0000_0000_0000n } }, { f: { 7: TWO_D } }],
  ] as const
).map(([name, before, after]) =>
  row(`${name} ${Object.keys(before)[0]}`, assemble(name, { rd: 7, rs1: 5 }) | DYNAMIC, before, after),
);

const others: readonly Case[] = [
  ...signCases("fmin.s", [[box(ONE), box(TWO), box(ONE)]]),
  ...signCases("fmax.s", [[box(ONE), box(TWO), box(TWO)]]),
  ...signCases("fmin.d", [[0n, SIGN_D, SIGN_D]]),
  ...signCases("fmax.d", [[NAN_D, ONE_D, ONE_D]]),
  row("fclass.s of 1", assemble("fclass.s", { rd: 7, rs1: 5 }), { f: { 5: box(ONE) } }, { x: { 7: 1n << 6n } }),
  row("fclass.d of 0", assemble("fclass.d", { rd: 7, rs1: 5 }), {}, { x: { 7: 1n << 4n } }),
];

/** Reserved rounding modes are illegal instructions, F §20.2. */
const reservedRounding: readonly Case[] = [5, 6].flatMap((rm) =>
  ["fadd.s", "fdiv.d", "fsqrt.d", "fcvt.w.d", "fcvt.d.w", "fmadd.s"].map((mnemonic) => {
    const encoding = assemble(mnemonic, { rd: 7, rs1: 5 }) | (rm << 12);
    const exception = { cause: Cause.IllegalInstruction, value: BigInt(encoding >>> 0) };
    return row(`${mnemonic} with rm ${rm}`, encoding >>> 0, {}, { exception });
  }),
);

/** What of F and D is not arithmetic (whose values `hart/float` tests): moves, NaN boxing, signs, operands in their places. */
export const floatCases: readonly Case[] = [
  ...signInjection,
  ...moves,
  ...loadsAndStores,
  ...fused,
  ...arithmetic.map((entry) => ({ ...entry, code: entry.code.map((word) => word >>> 0) })),
  ...comparisons,
  ...conversions.map((entry) => ({ ...entry, code: entry.code.map((word) => word >>> 0) })),
  ...others,
  ...reservedRounding,
  row(
    "a quad-precision add is illegal",
    encodeR(0x0600_0053, 7, 5, 6),
    {},
    {
      exception: { cause: Cause.IllegalInstruction, value: BigInt(encodeR(0x0600_0053, 7, 5, 6)) },
    },
  ),
];
