import { expansionsByKind } from "#riscv/compressed.ts";
import { allInstructions, identify, immediateOf, type NumberedInstruction } from "#riscv/decode.ts";

/**
 * A decoded instruction as the interpreter holds it, 8 bytes:
 *
 *   0: handler   1: rd   2: rs1   3: rs2   4–7: payload
 *
 * rs1 and rs2 are register × 8. rd is register × 8 for f registers; for x registers ((rd + 31) mod 32) × 8, counted from x1,
 * so that x0 lands on the word after x31, which nobody reads. A pair's handler runs the operation that follows, too, and finds
 * its fields in its place.
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

/**
 * Instructions that often follow one another, with their lengths: one handler runs both, since choosing the next handler is most of
 * what the interpreter does. Counted in Debian's kernel while it boots and starts processes.
 */
const PAIRS = [
  "ld/2 ld/2, sd/2 sd/2, sd/4 sd/4, addi/4 addi/4, auipc/4 jalr/4, addi/2 sd/2, add/2 add/2, addi/2 jalr/2",
  "auipc/4 addi/4, add/2 ld/2, sd/2 addi/2, slli/2 add/2, ld/4 ld/4, addi/2 add/2, ld/2 add/2, ld/2 addi/2",
  "add/2 addi/2, add/2 auipc/4, lw/4 auipc/4, add/2 bne/4, addi/4 auipc/4, ld/4 bne/4, ld/4 add/2, sd/4 addi/2",
].flatMap((line) => line.split(", "));

/** The handlers, by number, that each pair's handler runs; these come after all others. */
export const pairs: readonly (readonly [number, number])[] = PAIRS.map((pair) => {
  const [first = -1, second = -1] = pair.split(" ").map(handlerNamed);
  return [first, second];
});

/** The handler of both, by the first's and the second's, 0 where there is none. */
const pairHandlers = new Uint8Array(256 * 256);
for (const [index, [first, second]] of pairs.entries()) {
  pairHandlers[first * 256 + second] = FIRST_INSTRUCTION + handlers.length + index;
}

if (FIRST_INSTRUCTION + handlers.length + pairs.length > 256) {
  throw new Error("an operation's handler no longer fits its byte");
}

function handlerNamed(text: string): number {
  const [name, length] = text.split("/");
  const found = handlers.findIndex(
    ({ instruction, length: bytes }) => instruction.name === name && bytes === Number(length),
  );
  if (found < 0) throw new Error(`${text} has no handler`);
  return found + FIRST_INSTRUCTION;
}

/** What stands behind a handler's number, where that is one instruction. */
export function handlerAt(number: number): Handler {
  const handler = handlers[number - FIRST_INSTRUCTION];
  if (!handler) throw new Error(`handler ${number} is no instruction`);
  return handler;
}

/** The handler that runs two operations that follow one another, by theirs; 0 where none does. */
export function pairHandler(first: number, second: number): number {
  return pairHandlers[first * 256 + second] ?? 0;
}

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
