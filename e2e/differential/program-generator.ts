import { Random } from "#hart/float/float-vectors.fixture.ts";
import { CodeWriter, compress } from "#hart/random-programs/code-writer.fixture.ts";
import { allInstructions } from "#riscv/decode.ts";
import { encodeB, encodeI, encodeJ, encodeR, encodeU } from "#riscv/encode.ts";
import { i as base } from "#riscv/extensions/i.ts";
import { randomState, type ProgramState } from "./program-state.ts";
import { RegisterChoice, RETURN } from "./register-choice.ts";
import { StraightCode } from "./straight-code.ts";

/** One generated program: its state before the first instruction, and its code, which returns through x30. */
export interface GeneratedProgram extends ProgramState {
  readonly seed: number;
  readonly code: Uint8Array;
}

const branchInstructions = allInstructions.filter(({ instruction }) => instruction.format === "B");

/** Writes one random program. Everything in it follows from the seed, but for the values of auipc and links, which hold its address. */
class ProgramGenerator {
  readonly #random: Random;
  readonly #code = new CodeWriter();
  readonly #registers: RegisterChoice;
  readonly #straight: StraightCode;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#registers = new RegisterChoice(this.#random);
    this.#straight = new StraightCode(this.#random, this.#code, this.#registers);
  }

  generate(seed: number): GeneratedProgram {
    const state = randomState(this.#random);
    this.#snippets(18 + this.#random.below(20), 2);
    this.#code.word(encodeI(base.jalr.match, 0, RETURN, 0));
    return { seed, code: this.#code.toBytes(), ...state };
  }

  /** `depth`: how deep branches, calls and loops may still be nested. */
  #snippets(count: number, depth: number): void {
    for (let index = 0; index < count; index++) this.#snippet(depth);
  }

  #snippet(depth: number): void {
    const kinds = [...this.#straight.kinds];
    if (depth > 0) {
      kinds.push(
        () => this.#branchForward(depth),
        () => this.#branchForward(depth),
        () => this.#compressedBranch(),
        () => this.#jumpForward(depth),
        () => this.#computedJump(depth),
        () => this.#call(depth),
        () => this.#loop(depth),
        () => this.#jumpTable(),
        () => this.#straight.flippingModification(),
      );
    }
    this.#random.pick(kinds)();
  }

  /** Into one of eight places by the low bits of some register, as a switch does. */
  #jumpTable(): void {
    const [address, index] = [this.#registers.scratch(), this.#registers.scratch()];
    if (address === index) return this.#straight.computation();
    this.#code.word(encodeI(base.andi.match, index, this.#registers.any(), 7 << 2));
    this.#code.word(encodeU(base.auipc.match, address, 0));
    this.#code.word(encodeR(base.add.match, address, address, index));
    this.#code.word(encodeI(base.jalr.match, 0, address, 12));
    for (let place = 0; place < 8; place++) this.#straight.computation();
  }

  #branchForward(depth: number): void {
    const { instruction } = this.#random.pick(branchInstructions);
    const at = this.#code.position;
    const [rs1, rs2] = [this.#registers.any(), this.#registers.any()];
    this.#code.word(0);
    this.#snippets(1 + this.#random.below(3), depth - 1);
    this.#code.patchWord(at, encodeB(instruction.match, rs1, rs2, this.#code.position - at));
  }

  #compressedBranch(): void {
    const { match } = this.#random.pick([base.beq, base.bne]);
    const at = this.#code.position;
    const register = 8 + this.#random.below(8);
    this.#code.halfword(0);
    this.#snippets(1 + this.#random.below(3), 0);
    const halfword = compress(encodeB(match, register, 0, this.#code.position - at));
    if (halfword === undefined) throw new Error("a compressed branch went too far");
    this.#code.patchHalfword(at, halfword);
  }

  /** Past a body that never runs. */
  #jumpForward(depth: number): void {
    const at = this.#code.position;
    const rd = this.#random.below(2) === 0 ? 0 : this.#registers.target();
    const isCompressed = rd === 0 && this.#random.below(2) === 0;
    if (isCompressed) this.#code.halfword(0);
    else this.#code.word(0);
    this.#snippets(1, isCompressed ? 0 : depth - 1);
    const word = encodeJ(base.jal.match, rd, this.#code.position - at);
    if (isCompressed) this.#code.patchHalfword(at, compress(word) ?? 0);
    else this.#code.patchWord(at, word);
  }

  /** To an address in a register, whose bit 0 jalr clears; or by c.jr or c.jalr. */
  #computedJump(depth: number): void {
    const random = this.#random;
    const register = this.#registers.scratch();
    const at = this.#code.position;
    const kind = random.below(3);
    this.#code.word(encodeU(base.auipc.match, register, 0));
    this.#code.word(0);
    if (kind > 0) this.#code.halfword(compress(encodeI(base.jalr.match, kind - 1, register, 0)) ?? 0);
    if (kind === 2 && !this.#registers.isWritable(1))
      this.#code.patchHalfword(at + 8, compress(encodeI(base.jalr.match, 0, register, 0)) ?? 0);
    const rd = kind === 0 ? this.#registers.target() : register;
    this.#snippets(1, depth - 1);
    const distance = this.#code.position - at;
    const word =
      kind === 0
        ? encodeI(base.jalr.match, rd, register, distance | random.below(2))
        : encodeI(base.addi.match, rd, register, distance);
    this.#code.patchWord(at + 4, word);
  }

  /** A subroutine, jumped over, and a call of it. */
  #call(depth: number): void {
    const link = this.#registers.scratch();
    const over = this.#code.position;
    this.#code.word(0);
    this.#registers.lock(link);
    this.#snippets(1 + this.#random.below(2), depth - 1);
    this.#registers.unlock();
    this.#code.word(encodeI(base.jalr.match, 0, link, 0));
    this.#code.patchWord(over, encodeJ(base.jal.match, 0, this.#code.position - over));
    this.#code.word(encodeJ(base.jal.match, link, over + 4 - this.#code.position));
  }

  /** Some loops become hot. */
  #iterations(): number {
    return this.#random.below(4) === 0 ? 10 + this.#random.below(30) : 2 + this.#random.below(5);
  }

  #loop(depth: number): void {
    const counter = this.#registers.scratch(8, 8);
    this.#code.word(encodeI(base.addi.match, counter, 0, this.#iterations()));
    this.#registers.lock(counter);
    const start = this.#code.position;
    this.#snippets(1 + this.#random.below(4), depth - 1);
    this.#registers.unlock();
    this.#code.word(encodeI(base.addi.match, counter, counter, -1));
    const back = encodeB(base.bne.match, counter, 0, start - this.#code.position);
    const halfword = compress(back);
    if (halfword === undefined) this.#code.word(back);
    else this.#code.halfword(halfword);
  }
}

/** The program of a seed. */
export function generateProgram(seed: number): GeneratedProgram {
  return new ProgramGenerator(seed).generate(seed);
}
