import type { InstructionTable } from "#riscv/instruction.ts";
import { register, registerWord } from "./shapes.ts";

/** Multiplication and division, Unprivileged ISA §12. */
export const m = {
  mul: { match: 0x02000033, mask: 0xfe00707f, format: "R", execute: register((e, a, b) => e.mul(a, b)) },
  mulh: { match: 0x02001033, mask: 0xfe00707f, format: "R", execute: register((e, a, b) => e.mulHigh(a, b)) },
  mulhsu: {
    match: 0x02002033,
    mask: 0xfe00707f,
    format: "R",
    execute: register((e, a, b) => e.mulHighSignedUnsigned(a, b)),
  },
  mulhu: { match: 0x02003033, mask: 0xfe00707f, format: "R", execute: register((e, a, b) => e.mulHighUnsigned(a, b)) },
  div: { match: 0x02004033, mask: 0xfe00707f, format: "R", execute: register((e, a, b) => e.div(a, b)) },
  divu: { match: 0x02005033, mask: 0xfe00707f, format: "R", execute: register((e, a, b) => e.divUnsigned(a, b)) },
  rem: { match: 0x02006033, mask: 0xfe00707f, format: "R", execute: register((e, a, b) => e.rem(a, b)) },
  remu: { match: 0x02007033, mask: 0xfe00707f, format: "R", execute: register((e, a, b) => e.remUnsigned(a, b)) },

  mulw: { match: 0x0200003b, mask: 0xfe00707f, format: "R", execute: registerWord((e, a, b) => e.mul(a, b)) },
  divw: { match: 0x0200403b, mask: 0xfe00707f, format: "R", execute: registerWord((e, a, b) => e.div(a, b)) },
  divuw: {
    match: 0x0200503b,
    mask: 0xfe00707f,
    format: "R",
    execute: registerWord((e, a, b) => e.divUnsigned(e.zeroExtend(32, a), e.zeroExtend(32, b))),
  },
  remw: { match: 0x0200603b, mask: 0xfe00707f, format: "R", execute: registerWord((e, a, b) => e.rem(a, b)) },
  remuw: {
    match: 0x0200703b,
    mask: 0xfe00707f,
    format: "R",
    execute: registerWord((e, a, b) => e.remUnsigned(e.zeroExtend(32, a), e.zeroExtend(32, b))),
  },
} satisfies InstructionTable;
