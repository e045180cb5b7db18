import { encodeB, encodeI, encodeJ, encodeR, encodeS, encodeU } from "./encode.ts";
import { d } from "./extensions/d.ts";
import { i } from "./extensions/i.ts";

/** One compressed instruction: `halfword & mask === match` identifies it; `expand` gives undefined for reserved encodings. */
interface CompressedInstruction {
  readonly match: number;
  readonly mask: number;
  readonly expand: (halfword: number) => number | undefined;
}

const RA = 1;
const SP = 2;

/** The bits of `h` from `high` to `low`, moved so that the lowest stands at `to`. */
function field(h: number, high: number, low: number, to: number): number {
  return ((h >> low) & ((1 << (high - low + 1)) - 1)) << to;
}

function signed(value: number, bits: number): number {
  return (value << (32 - bits)) >> (32 - bits);
}

/** rd or rs1 of the CI and CR formats. */
const wide = (h: number): number => field(h, 11, 7, 0);
/** rs2 of the CR and CSS formats. */
const wide2 = (h: number): number => field(h, 6, 2, 0);
/** rd′ or rs1′, bits 9–7: x8…x15. */
const high3 = (h: number): number => 8 + field(h, 9, 7, 0);
/** rd′ or rs2′, bits 4–2: x8…x15. */
const low3 = (h: number): number => 8 + field(h, 4, 2, 0);

/** CI's 6 bits, unsigned (shift amounts) and signed. */
const amount6 = (h: number): number => field(h, 12, 12, 5) | field(h, 6, 2, 0);
const imm6 = (h: number): number => signed(amount6(h), 6);
/** Offsets of CL and CS, of words and doublewords. */
const offsetWord = (h: number): number => field(h, 12, 10, 3) | field(h, 6, 6, 2) | field(h, 5, 5, 6);
const offsetDouble = (h: number): number => field(h, 12, 10, 3) | field(h, 6, 5, 6);
/** Offsets from sp, of loads (CI) and stores (CSS). */
const loadSpWord = (h: number): number => field(h, 12, 12, 5) | field(h, 6, 4, 2) | field(h, 3, 2, 6);
const loadSpDouble = (h: number): number => field(h, 12, 12, 5) | field(h, 6, 5, 3) | field(h, 4, 2, 6);
const storeSpWord = (h: number): number => field(h, 12, 9, 2) | field(h, 8, 7, 6);
const storeSpDouble = (h: number): number => field(h, 12, 10, 3) | field(h, 9, 7, 6);
const addi4spn = (h: number): number =>
  field(h, 12, 11, 4) | field(h, 10, 7, 6) | field(h, 6, 6, 2) | field(h, 5, 5, 3);
const addi16sp = (h: number): number =>
  signed(field(h, 12, 12, 9) | field(h, 6, 6, 4) | field(h, 5, 5, 6) | field(h, 4, 3, 7) | field(h, 2, 2, 5), 10);
const branchOffset = (h: number): number =>
  signed(field(h, 12, 12, 8) | field(h, 11, 10, 3) | field(h, 6, 5, 6) | field(h, 4, 3, 1) | field(h, 2, 2, 5), 9);
const jumpOffset = (h: number): number =>
  signed(
    field(h, 12, 12, 11) |
      field(h, 11, 11, 4) |
      field(h, 10, 9, 8) |
      field(h, 8, 8, 10) |
      field(h, 7, 7, 6) |
      field(h, 6, 6, 7) |
      field(h, 5, 3, 1) |
      field(h, 2, 2, 5),
    12,
  );

/** rd′ = rd′ op rs2′. */
function arithmetic(instruction: { readonly match: number }): (h: number) => number {
  return (h) => encodeR(instruction.match, high3(h), high3(h), low3(h));
}

/** `value` unless `reserved`. */
function unless(reserved: boolean, value: number): number | undefined {
  return reserved ? undefined : value;
}

/**
 * RV64C, Unprivileged ISA §27, each as the instruction it stands for. The first row that matches counts, so that rows with a fixed
 * register stand before the general ones. Hints expand to what they spell, which writes x0.
 */
const compressed: Readonly<Record<string, CompressedInstruction>> = {
  "c.addi4spn": {
    match: 0x0000,
    mask: 0xe003,
    expand: (h) => unless(addi4spn(h) === 0, encodeI(i.addi.match, low3(h), SP, addi4spn(h))),
  },
  "c.fld": { match: 0x2000, mask: 0xe003, expand: (h) => encodeI(d.fld.match, low3(h), high3(h), offsetDouble(h)) },
  "c.lw": { match: 0x4000, mask: 0xe003, expand: (h) => encodeI(i.lw.match, low3(h), high3(h), offsetWord(h)) },
  "c.ld": { match: 0x6000, mask: 0xe003, expand: (h) => encodeI(i.ld.match, low3(h), high3(h), offsetDouble(h)) },
  "c.fsd": { match: 0xa000, mask: 0xe003, expand: (h) => encodeS(d.fsd.match, high3(h), low3(h), offsetDouble(h)) },
  "c.sw": { match: 0xc000, mask: 0xe003, expand: (h) => encodeS(i.sw.match, high3(h), low3(h), offsetWord(h)) },
  "c.sd": { match: 0xe000, mask: 0xe003, expand: (h) => encodeS(i.sd.match, high3(h), low3(h), offsetDouble(h)) },

  "c.addi": { match: 0x0001, mask: 0xe003, expand: (h) => encodeI(i.addi.match, wide(h), wide(h), imm6(h)) },
  "c.addiw": {
    match: 0x2001,
    mask: 0xe003,
    expand: (h) => unless(wide(h) === 0, encodeI(i.addiw.match, wide(h), wide(h), imm6(h))),
  },
  "c.li": { match: 0x4001, mask: 0xe003, expand: (h) => encodeI(i.addi.match, wide(h), 0, imm6(h)) },
  "c.addi16sp": {
    match: 0x6101,
    mask: 0xef83,
    expand: (h) => unless(addi16sp(h) === 0, encodeI(i.addi.match, SP, SP, addi16sp(h))),
  },
  "c.lui": {
    match: 0x6001,
    mask: 0xe003,
    expand: (h) => unless(imm6(h) === 0, encodeU(i.lui.match, wide(h), imm6(h) << 12)),
  },
  "c.srli": { match: 0x8001, mask: 0xec03, expand: (h) => encodeI(i.srli.match, high3(h), high3(h), amount6(h)) },
  "c.srai": { match: 0x8401, mask: 0xec03, expand: (h) => encodeI(i.srai.match, high3(h), high3(h), amount6(h)) },
  "c.andi": { match: 0x8801, mask: 0xec03, expand: (h) => encodeI(i.andi.match, high3(h), high3(h), imm6(h)) },
  "c.sub": { match: 0x8c01, mask: 0xfc63, expand: arithmetic(i.sub) },
  "c.xor": { match: 0x8c21, mask: 0xfc63, expand: arithmetic(i.xor) },
  "c.or": { match: 0x8c41, mask: 0xfc63, expand: arithmetic(i.or) },
  "c.and": { match: 0x8c61, mask: 0xfc63, expand: arithmetic(i.and) },
  "c.subw": { match: 0x9c01, mask: 0xfc63, expand: arithmetic(i.subw) },
  "c.addw": { match: 0x9c21, mask: 0xfc63, expand: arithmetic(i.addw) },
  "c.j": { match: 0xa001, mask: 0xe003, expand: (h) => encodeJ(i.jal.match, 0, jumpOffset(h)) },
  "c.beqz": { match: 0xc001, mask: 0xe003, expand: (h) => encodeB(i.beq.match, high3(h), 0, branchOffset(h)) },
  "c.bnez": { match: 0xe001, mask: 0xe003, expand: (h) => encodeB(i.bne.match, high3(h), 0, branchOffset(h)) },

  "c.slli": { match: 0x0002, mask: 0xe003, expand: (h) => encodeI(i.slli.match, wide(h), wide(h), amount6(h)) },
  "c.fldsp": { match: 0x2002, mask: 0xe003, expand: (h) => encodeI(d.fld.match, wide(h), SP, loadSpDouble(h)) },
  "c.lwsp": {
    match: 0x4002,
    mask: 0xe003,
    expand: (h) => unless(wide(h) === 0, encodeI(i.lw.match, wide(h), SP, loadSpWord(h))),
  },
  "c.ldsp": {
    match: 0x6002,
    mask: 0xe003,
    expand: (h) => unless(wide(h) === 0, encodeI(i.ld.match, wide(h), SP, loadSpDouble(h))),
  },
  "c.jr": { match: 0x8002, mask: 0xf07f, expand: (h) => unless(wide(h) === 0, encodeI(i.jalr.match, 0, wide(h), 0)) },
  "c.mv": { match: 0x8002, mask: 0xf003, expand: (h) => encodeR(i.add.match, wide(h), 0, wide2(h)) },
  "c.ebreak": { match: 0x9002, mask: 0xffff, expand: () => i.ebreak.match },
  "c.jalr": { match: 0x9002, mask: 0xf07f, expand: (h) => encodeI(i.jalr.match, RA, wide(h), 0) },
  "c.add": { match: 0x9002, mask: 0xf003, expand: (h) => encodeR(i.add.match, wide(h), wide(h), wide2(h)) },
  "c.fsdsp": { match: 0xa002, mask: 0xe003, expand: (h) => encodeS(d.fsd.match, SP, wide2(h), storeSpDouble(h)) },
  "c.swsp": { match: 0xc002, mask: 0xe003, expand: (h) => encodeS(i.sw.match, SP, wide2(h), storeSpWord(h)) },
  "c.sdsp": { match: 0xe002, mask: 0xe003, expand: (h) => encodeS(i.sd.match, SP, wide2(h), storeSpDouble(h)) },
};

const rows = Object.entries(compressed);

/** Bits that every row's mask has: the quadrant and funct3. */
const QUADRANT_AND_FUNCT3 = 0xe003;
const rowsOf = new Map(rows.map(([, { match }]) => [match & QUADRANT_AND_FUNCT3, [] as (typeof rows)[number][]]));
for (const row of rows) rowsOf.get(row[1].match & QUADRANT_AND_FUNCT3)?.push(row);

/** The first row that fits decides, also where it then finds the encoding reserved. */
function rowOf(halfword: number): (typeof rows)[number] | undefined {
  return rowsOf.get(halfword & QUADRANT_AND_FUNCT3)?.find(([, row]) => (halfword & row.mask) === row.match);
}

/** The name of the compressed instruction that a halfword is, or undefined when it is illegal or reserved. */
export function compressedName(halfword: number): string | undefined {
  return expand(halfword) === undefined ? undefined : rowOf(halfword)?.[0];
}

function expandSlowly(halfword: number): number | undefined {
  return rowOf(halfword)?.[1].expand(halfword);
}

/** For each compressed instruction one that it may stand for: all that it stands for are of one kind. */
export function expansionsByKind(): readonly number[] {
  return rows.flatMap(([, { match, mask }]) => {
    for (let operands = 0; operands < 0x1_0000; operands++) {
      const word = (operands & mask) === 0 ? expandSlowly(match | operands) : undefined;
      if (word !== undefined) return [word];
    }
    return [];
  });
}

let expansions: Uint32Array | undefined;

/** The 32-bit instruction that a compressed one stands for (0 when it is illegal or reserved, all zeros among them). */
function allExpansions(): Uint32Array {
  return (expansions ??= Uint32Array.from({ length: 0x1_0000 }, (_, halfword) =>
    (halfword & 3) === 3 ? 0 : (expandSlowly(halfword) ?? 0),
  ));
}

/** The 32-bit instruction that a compressed one stands for, or undefined when it is illegal or reserved. */
export function expand(halfword: number): number | undefined {
  return allExpansions()[halfword & 0xffff] || undefined;
}
