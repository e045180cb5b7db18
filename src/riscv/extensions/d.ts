import type { InstructionTable, Semantics } from "#riscv/instruction.ts";
import { arithmetic, choice, classify, comparison, fromInteger, fused, toInteger, unary } from "./float-shapes.ts";
import type { Binary } from "./shapes.ts";

const load: Semantics = (e, { rd, rs1, imm }) => {
  e.useFloat();
  e.writeF(rd, e.load(8, e.add(e.readX(rs1), e.immediate(imm))));
};

const store: Semantics = (e, { rs1, rs2, imm }) => {
  e.useFloat();
  e.store(8, e.add(e.readX(rs1), e.immediate(imm)), e.readF(rs2));
};

/** Sign injection: the magnitude of frs1 under a sign made of both. */
function sign(op: Binary): Semantics {
  return (e, { rd, rs1, rs2 }) => {
    e.useFloat();
    const magnitude = e.readF(rs1);
    const injected = e.and(op(e, magnitude, e.readF(rs2)), e.constant(0x8000_0000_0000_0000n));
    e.writeF(rd, e.or(e.and(magnitude, e.constant(0x7fff_ffff_ffff_ffffn)), injected));
  };
}

const moveToX: Semantics = (e, { rd, rs1 }) => {
  e.useFloat();
  e.writeX(rd, e.readF(rs1));
};

const moveFromX: Semantics = (e, { rd, rs1 }) => {
  e.useFloat();
  e.writeF(rd, e.readX(rs1));
};

/** Double-precision floating point, Unprivileged ISA §21. Conversions all take rm, since a reserved one is illegal even where nothing rounds. */
export const d = {
  fld: { match: 0x00003007, mask: 0x0000707f, format: "I", execute: load },
  fsd: { match: 0x00003027, mask: 0x0000707f, format: "S", execute: store },

  "fmadd.d": {
    match: 0x02000043,
    mask: 0x0600007f,
    format: "R4",
    execute: fused("d", { product: false, addend: false }),
  },
  "fmsub.d": {
    match: 0x02000047,
    mask: 0x0600007f,
    format: "R4",
    execute: fused("d", { product: false, addend: true }),
  },
  "fnmsub.d": {
    match: 0x0200004b,
    mask: 0x0600007f,
    format: "R4",
    execute: fused("d", { product: true, addend: false }),
  },
  "fnmadd.d": {
    match: 0x0200004f,
    mask: 0x0600007f,
    format: "R4",
    execute: fused("d", { product: true, addend: true }),
  },

  "fadd.d": { match: 0x02000053, mask: 0xfe00007f, format: "R", execute: arithmetic("fadd.d") },
  "fsub.d": { match: 0x0a000053, mask: 0xfe00007f, format: "R", execute: arithmetic("fsub.d") },
  "fmul.d": { match: 0x12000053, mask: 0xfe00007f, format: "R", execute: arithmetic("fmul.d") },
  "fdiv.d": { match: 0x1a000053, mask: 0xfe00007f, format: "R", execute: arithmetic("fdiv.d") },
  "fsqrt.d": { match: 0x5a000053, mask: 0xfff0007f, format: "R", execute: unary("fsqrt.d") },
  "fsgnj.d": { match: 0x22000053, mask: 0xfe00707f, format: "R", execute: sign((_, __, b) => b) },
  "fsgnjn.d": {
    match: 0x22001053,
    mask: 0xfe00707f,
    format: "R",
    execute: sign((e, _, b) => e.xor(b, e.constant(-1n))),
  },
  "fsgnjx.d": { match: 0x22002053, mask: 0xfe00707f, format: "R", execute: sign((e, a, b) => e.xor(a, b)) },
  "fmin.d": { match: 0x2a000053, mask: 0xfe00707f, format: "R", execute: choice("fmin.d") },
  "fmax.d": { match: 0x2a001053, mask: 0xfe00707f, format: "R", execute: choice("fmax.d") },
  "fle.d": { match: 0xa2000053, mask: 0xfe00707f, format: "R", execute: comparison("fle.d") },
  "flt.d": { match: 0xa2001053, mask: 0xfe00707f, format: "R", execute: comparison("flt.d") },
  "feq.d": { match: 0xa2002053, mask: 0xfe00707f, format: "R", execute: comparison("feq.d") },
  "fclass.d": { match: 0xe2001053, mask: 0xfff0707f, format: "R", execute: classify("fclass.d") },

  "fcvt.w.d": { match: 0xc2000053, mask: 0xfff0007f, format: "R", execute: toInteger("fcvt.w.d") },
  "fcvt.wu.d": { match: 0xc2100053, mask: 0xfff0007f, format: "R", execute: toInteger("fcvt.wu.d") },
  "fcvt.l.d": { match: 0xc2200053, mask: 0xfff0007f, format: "R", execute: toInteger("fcvt.l.d") },
  "fcvt.lu.d": { match: 0xc2300053, mask: 0xfff0007f, format: "R", execute: toInteger("fcvt.lu.d") },
  "fcvt.d.w": { match: 0xd2000053, mask: 0xfff0007f, format: "R", execute: fromInteger("fcvt.d.w") },
  "fcvt.d.wu": { match: 0xd2100053, mask: 0xfff0007f, format: "R", execute: fromInteger("fcvt.d.wu") },
  "fcvt.d.l": { match: 0xd2200053, mask: 0xfff0007f, format: "R", execute: fromInteger("fcvt.d.l") },
  "fcvt.d.lu": { match: 0xd2300053, mask: 0xfff0007f, format: "R", execute: fromInteger("fcvt.d.lu") },
  "fcvt.s.d": { match: 0x40100053, mask: 0xfff0007f, format: "R", execute: unary("fcvt.s.d") },
  "fcvt.d.s": { match: 0x42000053, mask: 0xfff0007f, format: "R", execute: unary("fcvt.d.s") },
  "fmv.x.d": { match: 0xe2000053, mask: 0xfff0707f, format: "R", execute: moveToX },
  "fmv.d.x": { match: 0xf2000053, mask: 0xfff0707f, format: "R", execute: moveFromX },
} satisfies InstructionTable;
