import { expand } from "#riscv/compressed.ts";
import { decode, instructionLength, type Decoded } from "#riscv/decode.ts";
import { PAGE_BYTES } from "#memory/layout.ts";

/** Guest instructions of one region; compilers are superlinear in the size of a function. */
export const REGION_INSTRUCTIONS_MAX = 400;
/** Entries of one region: an operation holds an entry's number in a byte. */
const ENTRIES_MAX = 64;

/** One instruction of a region; offsets are bytes from the beginning of its page. */
export interface RegionInstruction {
  readonly offset: number;
  readonly length: 2 | 4;
  readonly decoded: Decoded;
  /** Often left to the interpreter by a region before: it may be of a device. */
  readonly isDeclined: boolean;
}

/**
 * How a basic block goes on after its last instruction:
 * - `flow`: as that instruction says, a branch or jump, or else with the instruction that follows;
 * - `interpret`: with an instruction that only the interpreter runs, at the block's end.
 */
export type BlockEnd = "flow" | "interpret";

/** Instructions that are executed one after the other. */
export interface Block {
  readonly offset: number;
  readonly instructions: readonly RegionInstruction[];
  /** Where the instruction after the last one begins. */
  readonly endOffset: number;
  readonly end: BlockEnd;
}

/** A part of a page's control flow that is translated into one function. */
export interface Region {
  /** Offsets where it can be entered. */
  readonly entries: readonly number[];
  readonly blocks: readonly Block[];
  readonly instructionCount: number;
}

/** A page of code as the translator sees it. */
export interface CodePage {
  readonly bytes: DataView;
  /** Something was executed at this offset, or near it. */
  isReached(offset: number): boolean;
  /** Regions often left the instruction at this offset to the interpreter. */
  isDeclined(offset: number): boolean;
}

/** Where an instruction may go on, as offsets; `undefined` where only running it tells. */
export function targetsOf({ offset, length, decoded }: RegionInstruction): readonly number[] | undefined {
  const { instruction, operands, name } = decoded;
  if (instruction.format === "B") return [offset + operands.imm, offset + length];
  if (instruction.format === "J") return [offset + operands.imm];
  return name === "jalr" ? undefined : [offset + length];
}

/** The instruction at an offset, where it is the region's. */
export function instructionOf({ blocks }: Region, offset: number): RegionInstruction | undefined {
  return blocks.flatMap(({ instructions }) => instructions).find((each) => each.offset === offset);
}

/** Whether control flow ends a basic block here. */
function isJump({ decoded: { instruction, name } }: RegionInstruction): boolean {
  return instruction.format === "B" || instruction.format === "J" || name === "jalr";
}

/** Instructions that change what translated code relies on, or that trap, are left to the interpreter. */
function isTranslatable({ name, instruction: { format } }: Decoded): boolean {
  return name === "fence" || name === "fence.i" || (format !== "system" && format !== "csr");
}

function isCall({ decoded: { instruction, operands, name } }: RegionInstruction): boolean {
  return (instruction.format === "J" || name === "jalr") && operands.rd !== 0;
}

/**
 * Follows control flow from `entries` through what has been reached of a page, up to a number of instructions. `stops` are
 * offsets where other regions begin: what goes there leaves. Where a call comes back to is an entry too. Undefined where
 * nothing can be translated.
 */
export function findRegion(
  page: CodePage,
  entries: readonly number[],
  stops: ReadonlySet<number>,
  limit = REGION_INSTRUCTIONS_MAX,
): Region | undefined {
  const search = new Search(page, stops, limit);
  for (const entry of entries) search.enter(entry);
  search.run();
  return search.region(entries);
}

class Search {
  readonly #page: CodePage;
  readonly #stops: ReadonlySet<number>;
  readonly #limit: number;
  readonly #instructions = new Map<number, RegionInstruction>();
  readonly #leaders = new Set<number>();
  readonly #returns = new Set<number>();
  readonly #queue: number[] = [];

  constructor(page: CodePage, stops: ReadonlySet<number>, limit: number) {
    this.#page = page;
    this.#stops = stops;
    this.#limit = limit;
  }

  enter(offset: number): void {
    if (offset < 0 || offset >= PAGE_BYTES || this.#leaders.has(offset)) return;
    if (this.#stops.has(offset) || !this.#page.isReached(offset)) return;
    this.#leaders.add(offset);
    this.#queue.push(offset);
  }

  run(): void {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#follow(next);
  }

  region(wanted: readonly number[]): Region | undefined {
    const starts = [...this.#leaders].filter((offset) => this.#instructions.has(offset)).toSorted((a, b) => a - b);
    const blocks = starts.map((offset) => this.#block(offset));
    const standing = new Set(starts);
    const entries = [...new Set([...wanted, ...this.#returns])].filter((offset) => standing.has(offset));
    if (!wanted.some((offset) => standing.has(offset))) return undefined;
    // In the order of their places, so that the function's layout does not depend on what became hot first.
    const ordered = entries.slice(0, ENTRIES_MAX).toSorted((a, b) => a - b);
    return { entries: ordered, blocks, instructionCount: this.#instructions.size };
  }

  #follow(start: number): void {
    for (let offset = start; !this.#instructions.has(offset);) {
      const instruction = this.#instructionAt(offset);
      if (!instruction || this.#instructions.size >= this.#limit) return;
      if (offset !== start && this.#leavesAt(offset)) return;
      this.#instructions.set(offset, instruction);
      const after = offset + instruction.length;
      if (isJump(instruction)) {
        for (const target of targetsOf(instruction) ?? []) this.enter(target);
        if (isCall(instruction) && !this.#stops.has(after) && this.#page.isReached(after)) {
          this.#returns.add(after);
          this.enter(after);
        }
        return;
      }
      offset = after;
    }
  }

  #leavesAt(offset: number): boolean {
    return this.#stops.has(offset) || !this.#page.isReached(offset);
  }

  /** Undefined at the page's end, for an instruction that spans it, and for one that is the interpreter's. */
  #instructionAt(offset: number): RegionInstruction | undefined {
    const found = decodedAt(this.#page.bytes, offset);
    return found && isTranslatable(found.decoded)
      ? { offset, ...found, isDeclined: this.#page.isDeclined(offset) }
      : undefined;
  }

  #block(start: number): Block {
    const instructions: RegionInstruction[] = [];
    let offset = start;
    for (;;) {
      const instruction = this.#instructions.get(offset);
      if (!instruction || (offset !== start && this.#leaders.has(offset))) break;
      instructions.push(instruction);
      offset += instruction.length;
      if (isJump(instruction)) break;
    }
    const last = instructions.at(-1);
    const isOurs = (last && isJump(last)) || offset >= PAGE_BYTES || this.#instructionAt(offset) !== undefined;
    return { offset: start, instructions, endOffset: offset, end: isOurs ? "flow" : "interpret" };
  }
}

/** Distinct encodings that are remembered: code repeats itself. */
const REMEMBERED_MAX = 0x8000;
const remembered = new Map<number, Decoded | undefined>();

function decodedAt(bytes: DataView, offset: number): Pick<RegionInstruction, "length" | "decoded"> | undefined {
  if (offset > PAGE_BYTES - 2) return undefined;
  const low = bytes.getUint16(offset, true);
  const length = instructionLength(low);
  if (length === 4 && offset > PAGE_BYTES - 4) return undefined;
  const encoding = length === 2 ? low : bytes.getUint32(offset, true);
  if (!remembered.has(encoding)) {
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    const word = length === 2 ? expand(low) : encoding;
    remembered.set(encoding, word === undefined ? undefined : decode(word));
  }
  const decoded = remembered.get(encoding);
  return decoded && { length, decoded };
}
