import { expansionsByKind } from "#riscv/compressed.ts";
import { allInstructions, identify, immediateOf, type NumberedInstruction } from "#riscv/decode.ts";

/**
 * A decoded instruction as the interpreter holds it, 8 bytes:
 *
 *   0: handler   1: rd   2: rs1   3: rs2   4–7: payload
 *
 * rs1 and rs2 are register × 8. rd is register × 8 for f registers; for x registers ((rd + 31) mod 32) × 8, counted from x1,
 * so that x0 lands on the word after x31, which nobody reads.
 */
export type PayloadKind = "immediate" | "word" | "float";

// Handlers that are no instruction. Handler 0, zero memory, means "not decoded yet".

/** Leaves the page: continue at the pc that this place stands for. */
export const REENTER = 1;
/** A 4-byte instruction whose second half lies in the next page. */
export const SPANNING = 2;
/** An encoding that is no instruction; its payload is the encoding. */
export const ILLEGAL_2 = 3;
export const ILLEGAL_4 = 4;
/**
 * A translated region can be entered here; 1: the entry's number, 2–3: where its own operation is kept (index into
 * `ORIGINALS`), 4–7: the region's place in the table.
 */
export const TRANSLATED = 5;
const FIRST_INSTRUCTION = 6;

/** One handler of the interpreter: an instruction at one of its two lengths. */
export interface Handler {
  readonly instruction: NumberedInstruction;
  readonly length: 2 | 4;
}

const compressible = new Set(expansionsByKind().map((word) => identify(word)?.number));

/** All handlers in order; handler n of the interpreter is `handlers[n - FIRST_INSTRUCTION]`. */
export const handlers: readonly Handler[] = [
  ...allInstructions.map((instruction): Handler => ({ instruction, length: 4 })),
  ...allInstructions
    .filter(({ number }) => compressible.has(number))
    .map((instruction): Handler => ({ instruction, length: 2 })),
];

if (handlers.length + FIRST_INSTRUCTION > 256) throw new Error("an operation's handler no longer fits its byte");

/** Handler of an instruction's compressed form, by the instruction's number. */
const handlerOfCompressed = allInstructions.map(({ number }) => {
  const index = handlers.findIndex(({ instruction, length }) => length === 2 && instruction.number === number);
  return index < 0 ? undefined : index + FIRST_INSTRUCTION;
});

/** Which fields the semantics of each instruction uses, found when its handler was emitted. */
export interface OperandUse {
  readonly payload: PayloadKind;
  readonly floatDestination: boolean;
}

/** The low and high words of the operation for an instruction of `length` bytes that expands to `word`, or is not one. */
export function encodeOperation(
  uses: readonly OperandUse[],
  word: number | undefined,
  length: 2 | 4,
  encoding: number,
): readonly [number, number] {
  const found = word === undefined ? undefined : identify(word);
  const handler = found && (length === 2 ? handlerOfCompressed[found.number] : found.number + FIRST_INSTRUCTION);
  const use = found && uses[found.number];
  if (word === undefined || !found || handler === undefined || !use) {
    return [length === 2 ? ILLEGAL_2 : ILLEGAL_4, encoding];
  }
  const rd = (word >>> 7) & 31;
  const fields =
    ((use.floatDestination ? rd : (rd + 31) & 31) << 11) | (((word >>> 15) & 31) << 19) | (((word >>> 20) & 31) << 27);
  return [handler | fields, payload(use.payload, word, found)];
}

function payload(kind: PayloadKind, word: number, { instruction }: NumberedInstruction): number {
  if (kind === "word") return word;
  if (kind === "float") return ((word >>> 12) & 7) | (((word >>> 27) << 3) << 8);
  return immediateOf(word, instruction.format);
}
