import { registerCases, type Case } from "./case.fixture.ts";

const MIN = -0x8000_0000_0000_0000n;
const MAX = 0x7fff_ffff_ffff_ffffn;
const MIN_WORD = -0x8000_0000n;
const MAX_WORD = 0x7fff_ffffn;
const PATTERN = 0x0123_4567_89ab_cdefn;

/** Unprivileged ISA §12.1. */
const multiplication: Case[] = [
  ...registerCases("mul", [
    [0n, MIN, 0n],
    [-1n, -1n, 1n],
    [MIN, -1n, MIN],
    [MAX, 2n, -2n],
    [PATTERN, PATTERN, 0xdca5_e208_90f2_a521n],
    [0x1_0000_0000n, 0x1_0000_0000n, 0n],
  ]),
  ...registerCases("mulh", [
    [-1n, -1n, 0n],
    [MIN, MIN, 0x4000_0000_0000_0000n],
    [MAX, MAX, 0x3fff_ffff_ffff_ffffn],
    [MIN, 1n, -1n],
    [MIN, -1n, 0n],
    [0x1_0000_0000n, 0x1_0000_0000n, 1n],
  ]),
  ...registerCases("mulhu", [
    [-1n, -1n, -2n],
    [MIN, MIN, 0x4000_0000_0000_0000n],
    [-1n, 1n, 0n],
    [MIN, 2n, 1n],
    [0xffff_ffffn, 0xffff_ffffn, 0n],
    [0x1_0000_0000n, 0xffff_ffff_0000_0000n, 0xffff_ffffn],
  ]),
  ...registerCases("mulhsu", [
    [-1n, -1n, -1n],
    [MIN, -1n, MIN],
    [1n, -1n, 0n],
    [MAX, -1n, MAX - 1n],
    [-1n, 0n, 0n],
    [-1n, 1n, -1n],
  ]),
  ...registerCases("mulw", [
    [MIN_WORD, -1n, MIN_WORD],
    [MAX_WORD, 2n, -2n],
    [0x1_0000_0003n, 5n, 15n],
    [-1n, -1n, 1n],
    [0x1_0000n, 0x1_0000n, 0n],
    [0x1_0000n, 0x8000n, MIN_WORD],
  ]),
];

/** §12.2: results for a zero divisor and for overflow are table 11's. */
const division: Case[] = [
  ...registerCases("div", [
    [7n, 2n, 3n],
    [-7n, 2n, -3n],
    [7n, -2n, -3n],
    [5n, 0n, -1n],
    [MIN, -1n, MIN],
    [MIN, 0n, -1n],
    [MIN, 1n, MIN],
  ]),
  ...registerCases("divu", [
    [7n, 2n, 3n],
    [-1n, 2n, MAX],
    [5n, 0n, -1n],
    [MIN, -1n, 0n],
    [-1n, -1n, 1n],
  ]),
  ...registerCases("rem", [
    [7n, 2n, 1n],
    [-7n, 2n, -1n],
    [7n, -2n, 1n],
    [5n, 0n, 5n],
    [MIN, -1n, 0n],
    [MIN, 0n, MIN],
  ]),
  ...registerCases("remu", [
    [7n, 2n, 1n],
    [-1n, 2n, 1n],
    [5n, 0n, 5n],
    [MIN, -1n, MIN],
    [-1n, 10n, 5n],
  ]),
  ...registerCases("divw", [
    [-7n, 2n, -3n],
    [MIN_WORD, -1n, MIN_WORD],
    [5n, 0x1_0000_0000n, -1n],
    [0x1_0000_0007n, 2n, 3n],
    [0x8000_0000n, 2n, -0x4000_0000n],
  ]),
  ...registerCases("divuw", [
    [-1n, 1n, -1n],
    [-1n, 2n, MAX_WORD],
    [MIN_WORD, -1n, 0n],
    [5n, 0xffff_ffff_0000_0000n, -1n],
    [0x1_0000_0007n, 2n, 3n],
  ]),
  ...registerCases("remw", [
    [-7n, 2n, -1n],
    [MIN_WORD, -1n, 0n],
    [0x1_8000_0000n, 0n, MIN_WORD],
    [7n, 0x1_0000_0002n, 1n],
    [7n, -2n, 1n],
  ]),
  ...registerCases("remuw", [
    [-1n, 10n, 5n],
    [MIN_WORD, -1n, MIN_WORD],
    [0xffff_ffffn, 0n, -1n],
    [0x1_0000_0007n, 2n, 1n],
    [-1n, 0x8000_0000n, MAX_WORD],
  ]),
];

/** The M extension. */
export const multiplyCases: readonly Case[] = [...multiplication, ...division];
