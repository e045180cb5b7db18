import type { Engine, Immediate, Register } from "./engine.ts";

/** Instruction formats, Unprivileged ISA §2.2–2.3, and those that only pick other fields of the same word. */
export type Format = "R" | "R4" | "I" | "S" | "B" | "U" | "J" | "shift" | "shiftw" | "csr" | "amo" | "system";

/**
 * One instruction's fields, already extracted. `rm` holds the R-type funct3 for floating point (rounding mode);
 * `word` is the whole 32-bit instruction for helpers that decode further (CSR number, illegal instruction's tval).
 * In an emitter all of these are handles rather than numbers; semantics only pass them on.
 */
export interface Operands {
  readonly rd: Register;
  readonly rs1: Register;
  readonly rs2: Register;
  readonly rs3: Register;
  readonly imm: Immediate;
  readonly rm: Immediate;
  readonly word: Immediate;
}

/** What an instruction does, said once for every engine. */
export type Semantics = <V>(e: Engine<V>, o: Operands) => void;

/** One row of an extension: `word & mask === match` identifies it. `match` and `mask` are unsigned 32-bit numbers. */
export interface Instruction {
  readonly match: number;
  readonly mask: number;
  readonly format: Format;
  readonly execute: Semantics;
}

/** One extension: its instructions by mnemonic, spelled as the manual spells them. */
export type InstructionTable = Readonly<Record<string, Instruction>>;
