import type { Operands } from "./instruction.ts";

/** How an assembly operand is written: `rd rs1 rs2 imm` as x registers and a number, `frs1`… as f registers, `target`, `csr`, `(rs1)`, `imm(rs1)`, `uimm`. */
export type OperandSyntax = string;

/** A more readable spelling of an instruction whose operands are as `when` says. */
export interface Pseudoinstruction {
  readonly name: string;
  readonly when: (o: Operands) => boolean;
  readonly syntax: OperandSyntax;
}

function pseudo(name: string, syntax: OperandSyntax, when: (o: Operands) => boolean): Pseudoinstruction {
  return { name, syntax, when };
}

const noRd = (o: Operands): boolean => o.rd === 0;
const noRs1 = (o: Operands): boolean => o.rs1 === 0;
const noRs2 = (o: Operands): boolean => o.rs2 === 0;
const noImmediate = (o: Operands): boolean => o.imm === 0;
const sameSources = (o: Operands): boolean => o.rs1 === o.rs2;

function reads(csr: number): (o: Operands) => boolean {
  return (o) => o.rs1 === 0 && o.imm === csr;
}

/** By mnemonic, in order of preference: the common ones of Unprivileged ISA §A (assembly programmer's handbook). */
export const pseudoinstructions: Readonly<Record<string, readonly Pseudoinstruction[]>> = {
  addi: [
    pseudo("nop", "", (o) => o.rd === 0 && o.rs1 === 0 && o.imm === 0),
    pseudo("li", "rd,imm", noRs1),
    pseudo("mv", "rd,rs1", noImmediate),
  ],
  addiw: [pseudo("sext.w", "rd,rs1", noImmediate)],
  andi: [pseudo("zext.b", "rd,rs1", (o) => o.imm === 255)],
  xori: [pseudo("not", "rd,rs1", (o) => o.imm === -1)],
  sltiu: [pseudo("seqz", "rd,rs1", (o) => o.imm === 1)],
  add: [pseudo("mv", "rd,rs2", noRs1)],
  sub: [pseudo("neg", "rd,rs2", noRs1)],
  subw: [pseudo("negw", "rd,rs2", noRs1)],
  sltu: [pseudo("snez", "rd,rs2", noRs1)],
  slt: [pseudo("sltz", "rd,rs1", noRs2), pseudo("sgtz", "rd,rs2", noRs1)],
  beq: [pseudo("beqz", "rs1,target", noRs2)],
  bne: [pseudo("bnez", "rs1,target", noRs2)],
  bge: [pseudo("blez", "rs2,target", noRs1), pseudo("bgez", "rs1,target", noRs2)],
  blt: [pseudo("bltz", "rs1,target", noRs2), pseudo("bgtz", "rs2,target", noRs1)],
  jal: [pseudo("j", "target", noRd), pseudo("jal", "target", (o) => o.rd === 1)],
  jalr: [
    pseudo("ret", "", (o) => o.rd === 0 && o.rs1 === 1 && o.imm === 0),
    pseudo("jr", "rs1", (o) => o.rd === 0 && o.imm === 0),
    pseudo("jr", "imm(rs1)", noRd),
    pseudo("jalr", "rs1", (o) => o.rd === 1 && o.imm === 0),
    pseudo("jalr", "imm(rs1)", (o) => o.rd === 1),
    pseudo("jalr", "rd,rs1", noImmediate),
  ],
  csrrw: [pseudo("csrw", "csr,rs1", noRd)],
  csrrs: [
    pseudo("rdcycle", "rd", reads(0xc00)),
    pseudo("rdtime", "rd", reads(0xc01)),
    pseudo("rdinstret", "rd", reads(0xc02)),
    pseudo("frflags", "rd", reads(1)),
    pseudo("frrm", "rd", reads(2)),
    pseudo("frcsr", "rd", reads(3)),
    pseudo("csrr", "rd,csr", noRs1),
    pseudo("csrs", "csr,rs1", noRd),
  ],
  csrrc: [pseudo("csrc", "csr,rs1", noRd)],
  csrrwi: [pseudo("csrwi", "csr,uimm", noRd)],
  csrrsi: [pseudo("csrsi", "csr,uimm", noRd)],
  csrrci: [pseudo("csrci", "csr,uimm", noRd)],
  "fsgnj.s": [pseudo("fmv.s", "frd,frs1", sameSources)],
  "fsgnjn.s": [pseudo("fneg.s", "frd,frs1", sameSources)],
  "fsgnjx.s": [pseudo("fabs.s", "frd,frs1", sameSources)],
  "fsgnj.d": [pseudo("fmv.d", "frd,frs1", sameSources)],
  "fsgnjn.d": [pseudo("fneg.d", "frd,frs1", sameSources)],
  "fsgnjx.d": [pseudo("fabs.d", "frd,frs1", sameSources)],
  "sfence.vma": [pseudo("sfence.vma", "", (o) => o.rs1 === 0 && o.rs2 === 0), pseudo("sfence.vma", "rs1", noRs2)],
};
