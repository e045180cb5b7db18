import { a } from "./extensions/a.ts";
import { d } from "./extensions/d.ts";
import { f } from "./extensions/f.ts";
import { i } from "./extensions/i.ts";
import { m } from "./extensions/m.ts";
import { privileged } from "./extensions/privileged.ts";
import { zicsr } from "./extensions/zicsr.ts";
import { zifencei } from "./extensions/zifencei.ts";
import type { Format, Instruction, InstructionTable, Operands } from "./instruction.ts";

/** One instruction of the machine's ISA, with its place in `allInstructions`. */
export interface NumberedInstruction {
  readonly name: string;
  readonly number: number;
  readonly instruction: Instruction;
}

/** A word, decoded. */
export interface Decoded extends NumberedInstruction {
  readonly operands: Operands;
}

const tables: readonly InstructionTable[] = [i, m, a, f, d, zicsr, zifencei, privileged];

/** Every instruction, in an order that only grows; an engine that emits has one handler for each. */
export const allInstructions: readonly NumberedInstruction[] = tables
  .flatMap((table) => Object.entries(table))
  .map(([name, instruction], number) => ({ name, number, instruction }));

/** Opcode and funct3 of a word: what `buckets` is indexed by. */
function bucketOf(word: number): number {
  return ((word >>> 2) & 0x1f) | ((word >>> 7) & 0xe0);
}

const buckets: readonly (readonly NumberedInstruction[])[] = Array.from({ length: 256 }, (_, bucket) => {
  const word = ((bucket & 0x1f) << 2) | ((bucket & 0xe0) << 7) | 3;
  return allInstructions.filter(({ instruction: { match, mask } }) => ((word ^ match) & mask & 0x707f) === 0);
});

/** Bytes of the instruction that begins with this halfword. */
export function instructionLength(halfword: number): 2 | 4 {
  return (halfword & 3) === 3 ? 4 : 2;
}

/** The instruction that a 32-bit word is, or undefined when it is illegal. */
export function identify(word: number): NumberedInstruction | undefined {
  if ((word & 3) !== 3) return undefined;
  // A loop, not find(): decoding what a guest boots asks half a million times.
  for (const candidate of buckets[bucketOf(word)] ?? []) {
    if (((word ^ candidate.instruction.match) & candidate.instruction.mask) === 0) return candidate;
  }
  return undefined;
}

/** The immediate of a word, sign-extended; 0 where the format has none. */
export function immediateOf(word: number, format: Format): number {
  switch (format) {
    case "I":
      return word >> 20;
    case "S":
      return ((word >> 25) << 5) | ((word >>> 7) & 0x1f);
    case "B":
      return ((word >> 31) << 12) | ((word & 0x80) << 4) | ((word >>> 20) & 0x7e0) | ((word >>> 7) & 0x1e);
    case "U":
      return (word & 0xffff_f000) | 0;
    case "J":
      return ((word >> 31) << 20) | (word & 0xf_f000) | ((word >>> 9) & 0x800) | ((word >>> 20) & 0x7fe);
    case "shift":
      return (word >>> 20) & 0x3f;
    case "shiftw":
      return (word >>> 20) & 0x1f;
    case "csr":
      return word >>> 20;
    case "R":
    case "R4":
    case "amo":
    case "system":
      return 0;
  }
}

/** The fields of a word, as its format has them. `word` comes unsigned. */
export function operandsOf(word: number, format: Format): Operands {
  return {
    rd: (word >>> 7) & 0x1f,
    rs1: (word >>> 15) & 0x1f,
    rs2: (word >>> 20) & 0x1f,
    rs3: word >>> 27,
    imm: immediateOf(word, format),
    rm: (word >>> 12) & 7,
    word: word >>> 0,
  };
}

/** A 32-bit word's instruction and operands, or undefined when it is illegal. */
export function decode(word: number): Decoded | undefined {
  const found = identify(word);
  return found && { ...found, operands: operandsOf(word, found.instruction.format) };
}
