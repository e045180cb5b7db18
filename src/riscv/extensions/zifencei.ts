import type { InstructionTable } from "#riscv/instruction.ts";

/** Instruction-fetch fence, Unprivileged ISA §5. Its rd, rs1 and immediate are reserved and ignored. */
export const zifencei = {
  "fence.i": { match: 0x100f, mask: 0x707f, format: "system", execute: (e) => void e.call("fence.i") },
} satisfies InstructionTable;
