import type { Random } from "#hart/float/float-vectors.fixture.ts";
import type { CodeWriter } from "#hart/random-programs/code-writer.fixture.ts";
import { compressedName, expand } from "#riscv/compressed.ts";
import { allInstructions, decode, type NumberedInstruction } from "#riscv/decode.ts";
import { encodeI, encodeR, encodeS, encodeU } from "#riscv/encode.ts";
import { a as atomics } from "#riscv/extensions/a.ts";
import { i as base } from "#riscv/extensions/i.ts";
import { zicsr } from "#riscv/extensions/zicsr.ts";
import { zifencei } from "#riscv/extensions/zifencei.ts";
import { WINDOW_BYTES } from "./program-state.ts";
import { WINDOW_MIDDLE, WINDOW_START, type RegisterChoice } from "./register-choice.ts";

const half = WINDOW_BYTES / 2;
const ROUNDINGS = [0, 1, 2, 3, 4, 7] as const;
const FFLAGS = 0x001;
const FRM = 0x002;
const FCSR = 0x003;

const computing = (name: string, format: string): boolean =>
  ["R", "I", "shift", "shiftw", "U"].includes(format) && !/^(f|l[bhwd]u?$|jalr$)/.test(name);
const integerInstructions = allInstructions.filter(({ name, instruction }) => computing(name, instruction.format));
const floatInstructions = allInstructions.filter(
  ({ name, instruction }) => name.startsWith("f") && (instruction.format === "R" || instruction.format === "R4"),
);
const loadInstructions = allInstructions.filter(({ name }) => /^(l[bhwd]u?|fl[wd])$/.test(name));
const storeInstructions = allInstructions.filter(({ name }) => /^(s[bhwd]|fs[wd])$/.test(name));
const amoInstructions = allInstructions.filter(({ name }) => name.startsWith("amo"));

/** Every encoding of each compressed instruction that computes, loads or stores. */
const compressedEncodings = new Map<string, number[]>();
for (let halfword = 0; halfword < 0x1_0000; halfword++) {
  const name = compressedName(halfword);
  if (name === undefined || /^c\.(j|b|ebreak)/.test(name)) continue;
  const encodings = compressedEncodings.get(name);
  if (encodings) encodings.push(halfword);
  else compressedEncodings.set(name, [halfword]);
}

/** The bytes that a load or store reaches. */
function accessBytes(name: string): number {
  return { b: 1, h: 2, w: 4, d: 8 }[name.replace(/u$/, "").at(-1) ?? ""] ?? 8;
}

/** Whether a floating-point instruction's result goes to an x register. */
function writesX(name: string): boolean {
  return /^f(eq|lt|le|class|mv\.x|cvt\.[wl]u?)\./.test(name);
}

/** Writes random instructions that run one after the other: none of them jumps, leaves the window or writes what must stay. */
export class StraightCode {
  readonly #random: Random;
  readonly #code: CodeWriter;
  readonly #registers: RegisterChoice;

  /** Ways to write the next, as often here as they are to come. */
  readonly kinds: readonly (() => void)[] = [
    () => this.computation(),
    () => this.computation(),
    () => this.computation(),
    () => this.#floatingPoint(),
    () => this.#floatingPoint(),
    () => this.#floatingPoint(),
    () => this.#loadOrStore(),
    () => this.#loadOrStore(),
    () => this.#compressed(),
    () => this.#compressed(),
    () => this.#compressed(),
    () => this.#atomic(),
    () => this.#reservation(),
    () => this.#floatCsr(),
    () => this.#selfModification(),
    () => this.#code.word(base.fence.match | (this.#random.below(256) << 20)),
  ];

  constructor(random: Random, code: CodeWriter, registers: RegisterChoice) {
    this.#random = random;
    this.#code = code;
    this.#registers = registers;
  }

  computation(): void {
    const word = randomWord(this.#random, this.#random.pick(integerInstructions));
    this.#code.word(withRd(word, this.#registers.target()));
  }

  #floatingPoint(): void {
    const chosen = this.#random.pick(floatInstructions);
    let word = randomWord(this.#random, chosen);
    if ((chosen.instruction.mask & 0x7000) === 0) word = withRm(word, this.#random.pick(ROUNDINGS));
    if (writesX(chosen.name)) word = withRd(word, this.#registers.target());
    this.#code.word(word);
  }

  #loadOrStore(): void {
    const random = this.#random;
    const isLoad = random.below(2) === 0;
    const { name, instruction } = random.pick(isLoad ? loadInstructions : storeInstructions);
    const bytes = accessBytes(name);
    let offset = random.below(WINDOW_BYTES - bytes + 1) - half;
    if (random.below(2) === 0) offset &= -bytes;
    if (!isLoad) this.#code.word(encodeS(instruction.match, WINDOW_MIDDLE, this.#registers.any(), offset));
    else {
      const rd = name.startsWith("f") ? this.#registers.any() : this.#registers.target();
      this.#code.word(encodeI(instruction.match, rd, WINDOW_MIDDLE, offset));
    }
  }

  /** A compressed instruction that neither jumps nor leaves the window nor writes what must stay. */
  #compressed(): void {
    const random = this.#random;
    for (;;) {
      const name = random.pick([...compressedEncodings.keys()]);
      const halfword = random.pick(compressedEncodings.get(name) ?? []);
      if (name === "c.addi16sp") return this.#stackAdjustment(halfword);
      const word = expand(halfword);
      const decoded = word === undefined ? undefined : decode(word);
      if (!decoded) throw new Error(`${name} expands to nothing`);
      const isStore = /^c\.f?s[wd](sp)?$/.test(name);
      const isFloatLoad = name.startsWith("c.fl");
      if (!isStore && !isFloatLoad && !this.#registers.isWritable(decoded.operands.rd)) continue;
      if (/^c\.f?[ls][wd]$/.test(name)) {
        const { rs1 } = decoded.operands;
        if (!this.#registers.isWritable(rs1)) continue;
        this.#code.word(encodeI(base.addi.match, rs1, WINDOW_MIDDLE, random.below(half) - half));
      }
      this.#code.halfword(halfword);
      return;
    }
  }

  /** Moves sp, looks at it, and puts it back. */
  #stackAdjustment(halfword: number): void {
    this.#code.halfword(halfword);
    this.#code.word(encodeI(base.addi.match, this.#registers.target(), WINDOW_START, 0));
    this.#code.word(encodeI(base.addi.match, WINDOW_START, WINDOW_MIDDLE, -half));
  }

  /** Sets a register to an address in the window, aligned to `bytes`. */
  #address(register: number, bytes: number): void {
    const offset = (this.#random.below(WINDOW_BYTES - 8) & -bytes) - half;
    this.#code.word(encodeI(base.addi.match, register, WINDOW_MIDDLE, offset));
  }

  #atomic(): void {
    const chosen = this.#random.pick(amoInstructions);
    const address = this.#registers.scratch();
    this.#address(address, chosen.name.endsWith("w") ? 4 : 8);
    this.#code.word(withRs1(withRd(randomWord(this.#random, chosen), this.#registers.target()), address));
  }

  /** LR, perhaps a store there, SC; or SC without LR. */
  #reservation(): void {
    const random = this.#random;
    const [load, store, bytes] =
      random.below(2) === 0
        ? ([atomics["lr.w"], atomics["sc.w"], 4] as const)
        : ([atomics["lr.d"], atomics["sc.d"], 8] as const);
    const address = this.#registers.scratch();
    this.#registers.lock(address);
    this.#address(address, bytes);
    if (random.below(8) > 0) this.#code.word(withRs1(withRd(load.match, this.#registers.target()), address));
    if (random.below(4) === 0)
      this.#code.word(encodeS(base.sb.match, address, this.#registers.any(), random.below(bytes)));
    if (random.below(2) === 0) this.computation();
    this.#code.word(withRs1(withRd(store.match, this.#registers.target()), address) | (this.#registers.any() << 20));
    this.#registers.unlock();
  }

  /** Reads and writes fflags, frm and fcsr; frm stays one of the five modes. */
  #floatCsr(): void {
    const random = this.#random;
    const rd = this.#registers.target();
    const csr = (row: keyof typeof zicsr, number: number, source: number): void =>
      this.#code.word(encodeI(zicsr[row].match, rd, source, number));
    random.pick([
      () => csr(random.pick(["csrrw", "csrrs", "csrrc"] as const), FFLAGS, this.#registers.any()),
      () => csr(random.pick(["csrrwi", "csrrsi", "csrrci"] as const), FFLAGS, this.#registers.any()),
      () => csr("csrrwi", FRM, random.below(5)),
      () => csr("csrrs", random.pick([FRM, FCSR]), 0),
      () => csr("csrrci", random.pick([FRM, FCSR]), this.#registers.any()),
      () => csr("csrrwi", FCSR, this.#registers.any()),
    ])();
  }

  /** Stores an instruction over the one that comes next but for a fence.i. */
  #selfModification(): void {
    const [value, address] = [this.#registers.scratch(), this.#registers.scratch()];
    if (value === address) return this.computation();
    this.#registers.lock(value, address);
    const word = withRd(randomWord(this.#random, this.#random.pick(integerInstructions)), this.#registers.target());
    this.#registers.unlock(2);
    const low = (word << 20) >> 20;
    this.#code.word(encodeU(base.lui.match, value, (word - low) | 0));
    this.#code.word(encodeI(base.addi.match, value, value, low));
    this.#code.word(encodeU(base.auipc.match, address, 0));
    this.#code.word(encodeS(base.sw.match, address, value, 12));
    this.#code.word(zifencei["fence.i"].match);
    this.computation();
  }

  /** Flips a bit of the instruction after a fence.i, and back the next time that a loop comes here. */
  flippingModification(): void {
    const [value, address, mask] = [this.#registers.scratch(), this.#registers.scratch(), this.#registers.scratch()];
    if (value === address || value === mask || address === mask) return this.computation();
    this.#code.word(encodeU(base.auipc.match, address, 0));
    this.#code.word(encodeI(base.lw.match, value, address, 24));
    this.#code.word(encodeU(base.lui.match, mask, 0x10_0000 << this.#random.below(4)));
    this.#code.word(encodeR(base.xor.match, value, value, mask));
    this.#code.word(encodeS(base.sw.match, address, value, 24));
    this.#code.word(zifencei["fence.i"].match);
    // Of any operand of these, those bits may be flipped.
    const { instruction } = this.#random.pick(
      integerInstructions.filter(({ name }) => /^(add|xor|or|and|sub)i?w?$/.test(name)),
    );
    this.#code.word(withRd(randomWord(this.#random, { name: "", number: 0, instruction }), this.#registers.target()));
  }
}

/** An instruction with random bits wherever the encoding leaves a choice. */
function randomWord(random: Random, { instruction: { match, mask } }: NumberedInstruction): number {
  return (match | (random.word() & ~mask)) >>> 0;
}

function withRd(word: number, rd: number): number {
  return ((word & ~0xf80) | (rd << 7)) >>> 0;
}

function withRs1(word: number, rs1: number): number {
  return ((word & ~0xf_8000) | (rs1 << 15)) >>> 0;
}

function withRm(word: number, rm: number): number {
  return ((word & ~0x7000) | (rm << 12)) >>> 0;
}
