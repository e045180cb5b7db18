import type { Engine } from "#riscv/engine.ts";
import type { Semantics } from "#riscv/instruction.ts";

/** A value made of two values. */
export type Binary = <V>(e: Engine<V>, a: V, b: V) => V;

/** R-type: rd from rs1 and rs2. */
export function register(op: Binary): Semantics {
  return (e, { rd, rs1, rs2 }) => e.writeX(rd, op(e, e.readX(rs1), e.readX(rs2)));
}

/** As `register`, of the low 32 bits, the result sign-extended. */
export function registerWord(op: Binary): Semantics {
  return register((e, a, b) => e.signExtend(32, op(e, e.signExtend(32, a), e.signExtend(32, b))));
}

/** I-type: rd from rs1 and the immediate. */
export function immediate(op: Binary): Semantics {
  return (e, { rd, rs1, imm }) => e.writeX(rd, op(e, e.readX(rs1), e.immediate(imm)));
}
