import type { Random } from "#hart/float/float-vectors.fixture.ts";
import { assemble } from "#riscv/cases/case.fixture.ts";
import { expand } from "#riscv/compressed.ts";
import { allInstructions, type NumberedInstruction } from "#riscv/decode.ts";
import { CodeWriter } from "./code-writer.fixture.ts";

/** Who judges: `qemu` leaves out what the architecture leaves open and what QEMU has otherwise. */
export type Judge = "engines" | "qemu";

/** Registers with a meaning throughout a program; the others are anyone's. x30 and x31 are the handlers'. */
export const Fixed = {
  data: 2,
  varied: 3,
  device: 4,
  leaves: 12,
  satp: 14,
  otherSatp: 15,
  operand: 16,
  request: 17,
  walker: 23,
  counters: 24,
  value: 27,
  address: 28,
  resume: 29,
} as const;
export const anyone = [5, 6, 7, 8, 9, 10, 11, 13, 18, 19, 20, 21, 22] as const;
export const SSTATUS = 0x100;
/** How far behind the leaves `Fixed.leaves` points: nowhere, so that nothing stores there by chance and without a fence. */
export const LEAVES_DISTANCE = 0x4000_0000;

const named = (pattern: RegExp): readonly NumberedInstruction[] =>
  allInstructions.filter(({ name }) => pattern.test(name));
const formatted = (...formats: readonly string[]): readonly NumberedInstruction[] =>
  allInstructions.filter(
    ({ name, instruction: { format } }) => formats.includes(format) && !/^(f|l[bhwd]u?$|jalr$)/.test(name),
  );
export const computations = formatted("R", "I", "shift", "shiftw", "U");
export const immediates = formatted("I");
export const floats = allInstructions.filter(
  ({ name, instruction: { format } }) => name.startsWith("f") && (format === "R" || format === "R4"),
);
const loads = named(/^(l[bhwd]u?|fl[wd])$/);
const stores = named(/^(s[bhwd]|fs[wd])$/);
export const branches = named(/^b(eq|ne|lt|ge)u?$/);
export const atomics = named(/^amo/);
export const compressedComputations = Array.from({ length: 0x1_0000 }, (_, halfword) => halfword).filter((halfword) => {
  const word = (halfword & 3) === 3 ? undefined : expand(halfword);
  const rd = ((word ?? 0) >>> 7) & 31;
  return (
    word !== undefined &&
    computations.some(({ instruction: { match, mask } }) => ((word ^ match) & mask) === 0) &&
    anyone.includes(rd as 5)
  );
});

/** Whether a floating-point instruction's result goes to an x register. */
export function writesX(name: string): boolean {
  return /^f(eq|lt|le|class|mv\.x|cvt\.[wl]u?)\./.test(name);
}

/** Random code by the instruction: registers, operands, addresses, and what a trap goes on behind. */
export abstract class RandomCode {
  readonly code = new CodeWriter();
  protected readonly random: Random;
  protected readonly judge: Judge;
  /** Instructions that may be replaced by others; the address of each fits a word store. */
  protected readonly replaceable: number[] = [];
  /** The mode in which most of it will run. */
  protected readonly mode: "U" | "S" | "M";

  constructor(random: Random, judge: Judge, mode: "U" | "S" | "M") {
    this.random = random;
    this.judge = judge;
    this.mode = mode;
  }

  protected chance(oneIn: number): boolean {
    return this.random.below(oneIn) === 0;
  }

  protected target(): number {
    return this.random.pick(anyone);
  }

  protected source(): number {
    return this.random.below(32);
  }

  protected randomWord({ instruction: { match, mask } }: NumberedInstruction): number {
    return (match | (this.random.word() & ~mask)) >>> 0;
  }

  protected computationWord(kinds = computations): number {
    return withField(this.randomWord(this.random.pick(kinds)), 7, this.target());
  }

  protected constant(rd: number, value: number): void {
    const low = (value << 20) >> 20;
    this.code.put("lui", { rd, imm: (value - low) | 0 });
    this.code.put("addi", { rd, rs1: rd, imm: low });
  }

  /** Leaves room to set a register to an address. */
  protected addressLater(): number {
    const at = this.code.position;
    this.code.put("auipc");
    this.code.put("addi");
    return at;
  }

  protected bindAddress(at: number, rd: number, target = this.code.position): void {
    const distance = target - at;
    const low = (distance << 20) >> 20;
    this.code.patchWord(at, assemble("auipc", { rd, imm: distance - low }));
    this.code.patchWord(at + 4, assemble("addi", { rd, rs1: rd, imm: low }));
  }

  /** What may trap; handlers then go on behind it. */
  protected riskily(write: () => void): void {
    const at = this.addressLater();
    write();
    this.bindAddress(at, Fixed.resume);
  }

  protected accessOffset(): number {
    const random = this.random;
    if (this.chance(4)) return random.below(16) - 8;
    const offset = random.below(4000) - 2000;
    return this.chance(2) ? offset & ~7 : offset;
  }

  /** A load or store at a pointer that stands on the border of two pages. */
  protected accessWord(pointer: number, offset: number): number {
    const { name, instruction } = this.random.pick(this.chance(2) ? loads : stores);
    if (instruction.format === "S") return assemble(name, { rs1: pointer, rs2: this.source(), imm: offset });
    return assemble(name, { rd: name.startsWith("f") ? this.source() : this.target(), rs1: pointer, imm: offset });
  }
}

export function withField(word: number, shift: number, value: number, mask = 31): number {
  return ((word & ~(mask << shift)) | (value << shift)) >>> 0;
}

export function operandsOfBranch(word: number): { readonly rs1: number; readonly rs2: number } {
  return { rs1: (word >>> 15) & 31, rs2: (word >>> 20) & 31 };
}
