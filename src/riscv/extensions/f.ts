import type { InstructionTable, Semantics } from "#riscv/instruction.ts";
import { arithmetic, choice, classify, comparison, fromInteger, fused, toInteger, unary } from "./float-shapes.ts";
import type { Binary } from "./shapes.ts";

const load: Semantics = (e, { rd, rs1, imm }) => {
  e.useFloat();
  e.writeF32(rd, e.load(4, e.add(e.readX(rs1), e.immediate(imm))));
};

const store: Semantics = (e, { rs1, rs2, imm }) => {
  e.useFloat();
  e.store(4, e.add(e.readX(rs1), e.immediate(imm)), e.readF(rs2));
};

/** Sign injection: the magnitude of frs1 under a sign made of both. */
function sign(op: Binary): Semantics {
  return (e, { rd, rs1, rs2 }) => {
    e.useFloat();
    const magnitude = e.readF32(rs1);
    const injected = e.and(op(e, magnitude, e.readF32(rs2)), e.constant(0x8000_0000n));
    e.writeF32(rd, e.or(e.and(magnitude, e.constant(0x7fff_ffffn)), injected));
  };
}

const moveToX: Semantics = (e, { rd, rs1 }) => {
  e.useFloat();
  e.writeX(rd, e.signExtend(32, e.readF(rs1)));
};

const moveFromX: Semantics = (e, { rd, rs1 }) => {
  e.useFloat();
  e.writeF32(rd, e.readX(rs1));
};

/** Single-precision floating point, Unprivileged ISA §20. Conversions all take rm, since a reserved one is illegal even where nothing rounds. */
export const f = {
  flw: { match: 0x00002007, mask: 0x0000707f, format: "I", execute: load },
  fsw: { match: 0x00002027, mask: 0x0000707f, format: "S", execute: store },

  "fmadd.s": {
    match: 0x00000043,
    mask: 0x0600007f,
    format: "R4",
    execute: fused("s", { product: false, addend: false }),
  },
  "fmsub.s": {
    match: 0x00000047,
    mask: 0x0600007f,
    format: "R4",
    execute: fused("s", { product: false, addend: true }),
  },
  "fnmsub.s": {
    match: 0x0000004b,
    mask: 0x0600007f,
    format: "R4",
    execute: fused("s", { product: true, addend: false }),
  },
  "fnmadd.s": {
    match: 0x0000004f,
    mask: 0x0600007f,
    format: "R4",
    execute: fused("s", { product: true, addend: true }),
  },

  "fadd.s": { match: 0x00000053, mask: 0xfe00007f, format: "R", execute: arithmetic("fadd.s") },
  "fsub.s": { match: 0x08000053, mask: 0xfe00007f, format: "R", execute: arithmetic("fsub.s") },
  "fmul.s": { match: 0x10000053, mask: 0xfe00007f, format: "R", execute: arithmetic("fmul.s") },
  "fdiv.s": { match: 0x18000053, mask: 0xfe00007f, format: "R", execute: arithmetic("fdiv.s") },
  "fsqrt.s": { match: 0x58000053, mask: 0xfff0007f, format: "R", execute: unary("fsqrt.s") },
  "fsgnj.s": { match: 0x20000053, mask: 0xfe00707f, format: "R", execute: sign((_, __, b) => b) },
  "fsgnjn.s": {
    match: 0x20001053,
    mask: 0xfe00707f,
    format: "R",
    execute: sign((e, _, b) => e.xor(b, e.constant(-1n))),
  },
  "fsgnjx.s": { match: 0x20002053, mask: 0xfe00707f, format: "R", execute: sign((e, a, b) => e.xor(a, b)) },
  "fmin.s": { match: 0x28000053, mask: 0xfe00707f, format: "R", execute: choice("fmin.s") },
  "fmax.s": { match: 0x28001053, mask: 0xfe00707f, format: "R", execute: choice("fmax.s") },
  "fle.s": { match: 0xa0000053, mask: 0xfe00707f, format: "R", execute: comparison("fle.s") },
  "flt.s": { match: 0xa0001053, mask: 0xfe00707f, format: "R", execute: comparison("flt.s") },
  "feq.s": { match: 0xa0002053, mask: 0xfe00707f, format: "R", execute: comparison("feq.s") },
  "fclass.s": { match: 0xe0001053, mask: 0xfff0707f, format: "R", execute: classify("fclass.s") },

  "fcvt.w.s": { match: 0xc0000053, mask: 0xfff0007f, format: "R", execute: toInteger("fcvt.w.s") },
  "fcvt.wu.s": { match: 0xc0100053, mask: 0xfff0007f, format: "R", execute: toInteger("fcvt.wu.s") },
  "fcvt.l.s": { match: 0xc0200053, mask: 0xfff0007f, format: "R", execute: toInteger("fcvt.l.s") },
  "fcvt.lu.s": { match: 0xc0300053, mask: 0xfff0007f, format: "R", execute: toInteger("fcvt.lu.s") },
  "fcvt.s.w": { match: 0xd0000053, mask: 0xfff0007f, format: "R", execute: fromInteger("fcvt.s.w") },
  "fcvt.s.wu": { match: 0xd0100053, mask: 0xfff0007f, format: "R", execute: fromInteger("fcvt.s.wu") },
  "fcvt.s.l": { match: 0xd0200053, mask: 0xfff0007f, format: "R", execute: fromInteger("fcvt.s.l") },
  "fcvt.s.lu": { match: 0xd0300053, mask: 0xfff0007f, format: "R", execute: fromInteger("fcvt.s.lu") },
  "fmv.x.w": { match: 0xe0000053, mask: 0xfff0707f, format: "R", execute: moveToX },
  "fmv.w.x": { match: 0xf0000053, mask: 0xfff0707f, format: "R", execute: moveFromX },
} satisfies InstructionTable;
