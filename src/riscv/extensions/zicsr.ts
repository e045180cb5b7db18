import type { InstructionTable, Semantics } from "#riscv/instruction.ts";

/** The helper decodes the word: which CSR, which of the six acts, and the rule that rd or rs1 = x0 leaves out a read or write. */
const fromRegister: Semantics = (e, { rd, rs1, word }) => e.writeX(rd, e.call("csr", e.immediate(word), e.readX(rs1)));

/** As `fromRegister`, but the rs1 field is the value. */
const fromImmediate: Semantics = (e, { rd, word }) => e.writeX(rd, e.call("csr", e.immediate(word), e.constant(0n)));

/** CSR access, Unprivileged ISA §6. */
export const zicsr = {
  csrrw: { match: 0x1073, mask: 0x707f, format: "csr", execute: fromRegister },
  csrrs: { match: 0x2073, mask: 0x707f, format: "csr", execute: fromRegister },
  csrrc: { match: 0x3073, mask: 0x707f, format: "csr", execute: fromRegister },
  csrrwi: { match: 0x5073, mask: 0x707f, format: "csr", execute: fromImmediate },
  csrrsi: { match: 0x6073, mask: 0x707f, format: "csr", execute: fromImmediate },
  csrrci: { match: 0x7073, mask: 0x707f, format: "csr", execute: fromImmediate },
} satisfies InstructionTable;
