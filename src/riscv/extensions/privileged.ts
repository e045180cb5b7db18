import type { InstructionTable } from "#riscv/instruction.ts";

/** Machine- and supervisor-mode instructions, Privileged ISA §3.3 and §10.2. */
export const privileged = {
  sret: { match: 0x10200073, mask: 0xffffffff, format: "system", execute: (e) => void e.call("sret") },
  mret: { match: 0x30200073, mask: 0xffffffff, format: "system", execute: (e) => void e.call("mret") },
  wfi: { match: 0x10500073, mask: 0xffffffff, format: "system", execute: (e) => void e.call("wfi") },
  "sfence.vma": {
    match: 0x12000073,
    mask: 0xfe007fff,
    format: "system",
    execute: (e, { rs1, rs2, word }) => void e.call("sfence.vma", e.immediate(word), e.readX(rs1), e.readX(rs2)),
  },
} satisfies InstructionTable;
