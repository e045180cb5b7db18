import { floatPattern, Random } from "#hart/float/float-vectors.fixture.ts";
import { compressedName, expand } from "#riscv/compressed.ts";
import { allInstructions, decode, type NumberedInstruction } from "#riscv/decode.ts";
import { encodeB, encodeI, encodeJ, encodeR, encodeS, encodeU } from "#riscv/encode.ts";
import { a as atomics } from "#riscv/extensions/a.ts";
import { i as base } from "#riscv/extensions/i.ts";
import { zicsr } from "#riscv/extensions/zicsr.ts";
import { zifencei } from "#riscv/extensions/zifencei.ts";
import { CodeWriter, compress } from "#hart/random-programs/code-writer.fixture.ts";

/** Bytes of memory that a program may load and store, and what its registers hold at the start. */
export const WINDOW_BYTES = 1024;
/** x2 holds the window's start and x31 its middle; x30 is where to return to. No program writes them. */
export const WINDOW_START = 2;
export const RETURN = 30;
export const WINDOW_MIDDLE = 31;
const RESERVED: readonly number[] = [WINDOW_START, RETURN, WINDOW_MIDDLE];

/** One generated program: its state before the first instruction, and its code, which returns through x30. */
export interface GeneratedProgram {
  readonly seed: number;
  readonly code: Uint8Array;
  readonly x: readonly bigint[];
  readonly f: readonly bigint[];
  readonly fcsr: number;
  readonly window: Uint8Array;
}

const half = WINDOW_BYTES / 2;
const ROUNDINGS = [0, 1, 2, 3, 4, 7] as const;
const FFLAGS = 0x001;
const FRM = 0x002;
const FCSR = 0x003;
const edges = [
  0n,
  1n,
  2n,
  7n,
  8n,
  0xffn,
  0x7fffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 1n,
];

/** ±0, ±1, ±∞ and a quiet NaN of both formats. */
const specials = [0n, 0x3ff0_0000_0000_0000n, 0x7ff0_0000_0000_0000n, 0x7ff8_0000_0000_0000n]
  .flatMap((value) => [value, value | (1n << 63n)])
  .concat(
    [0n, 0x3f80_0000n, 0x7f80_0000n, 0x7fc0_0000n]
      .flatMap((value) => [value, value | 0x8000_0000n])
      .map((value) => 0xffff_ffff_0000_0000n | value),
  );

const computing = (name: string, format: string): boolean =>
  ["R", "I", "shift", "shiftw", "U"].includes(format) && !/^(f|l[bhwd]u?$|jalr$)/.test(name);
const integerInstructions = allInstructions.filter(({ name, instruction }) => computing(name, instruction.format));
const floatInstructions = allInstructions.filter(
  ({ name, instruction }) => name.startsWith("f") && (instruction.format === "R" || instruction.format === "R4"),
);
const loadInstructions = allInstructions.filter(({ name }) => /^(l[bhwd]u?|fl[wd])$/.test(name));
const storeInstructions = allInstructions.filter(({ name }) => /^(s[bhwd]|fs[wd])$/.test(name));
const branchInstructions = allInstructions.filter(({ instruction }) => instruction.format === "B");
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

/** Writes one random program. Everything in it follows from the seed, but for the values of auipc and links, which hold its address. */
class ProgramGenerator {
  readonly #random: Random;
  readonly #code = new CodeWriter();
  /** Registers that a construct around what is being written still needs. */
  readonly #locked: number[] = [];

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  generate(seed: number): GeneratedProgram {
    const random = this.#random;
    const x = Array.from({ length: 32 }, () => this.#integer());
    const f = Array.from({ length: 32 }, () => this.#float());
    const window = new Uint8Array(WINDOW_BYTES);
    const view = new DataView(window.buffer);
    for (let at = 0; at < WINDOW_BYTES; at += 8) {
      view.setBigUint64(at, random.below(2) === 0 ? this.#integer() : this.#float(), true);
    }
    const fcsr = (random.below(5) << 5) | (random.below(4) === 0 ? random.below(32) : 0);
    this.#snippets(18 + random.below(20), 2);
    this.#code.word(encodeI(base.jalr.match, 0, RETURN, 0));
    return { seed, code: this.#code.toBytes(), x, f, fcsr, window };
  }

  #integer(): bigint {
    const random = this.#random;
    if (random.below(3) === 0) return random.pick(edges);
    const value = random.bits64() >> BigInt(random.below(64));
    return random.below(2) === 0 ? value : BigInt.asUintN(64, -value);
  }

  /** A double, a single in its box, or, seldom, one of the specials or bits that are nothing of these. */
  #float(): bigint {
    const random = this.#random;
    const kind = random.below(10);
    if (kind === 0) return random.bits64();
    if (kind === 9) return random.pick(specials);
    return kind < 5 ? floatPattern(random, "d") : 0xffff_ffff_0000_0000n | floatPattern(random, "s");
  }

  /** `depth`: how deep branches, calls and loops may still be nested. */
  #snippets(count: number, depth: number): void {
    for (let index = 0; index < count; index++) this.#snippet(depth);
  }

  #snippet(depth: number): void {
    const kinds: (() => void)[] = [
      () => this.#computation(),
      () => this.#computation(),
      () => this.#computation(),
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
        () => this.#flippingModification(),
      );
    }
    this.#random.pick(kinds)();
  }

  #register(): number {
    return this.#random.below(32);
  }

  #isWritable(register: number): boolean {
    return !RESERVED.includes(register) && !this.#locked.includes(register);
  }

  #target(): number {
    for (;;) {
      const register = this.#register();
      if (this.#isWritable(register)) return register;
    }
  }

  /** A register other than x0 to hold what the construct needs. */
  #scratch(from = 1, count = 29): number {
    for (;;) {
      const register = from + this.#random.below(count);
      if (this.#isWritable(register)) return register;
    }
  }

  /** An instruction with random bits wherever the encoding leaves a choice. */
  #randomWord({ instruction: { match, mask } }: NumberedInstruction): number {
    return (match | (this.#random.word() & ~mask)) >>> 0;
  }

  #computation(): void {
    const word = this.#randomWord(this.#random.pick(integerInstructions));
    this.#code.word(withRd(word, this.#target()));
  }

  #floatingPoint(): void {
    const chosen = this.#random.pick(floatInstructions);
    let word = this.#randomWord(chosen);
    if ((chosen.instruction.mask & 0x7000) === 0) word = withRm(word, this.#random.pick(ROUNDINGS));
    if (writesX(chosen.name)) word = withRd(word, this.#target());
    this.#code.word(word);
  }

  #loadOrStore(): void {
    const random = this.#random;
    const isLoad = random.below(2) === 0;
    const { name, instruction } = random.pick(isLoad ? loadInstructions : storeInstructions);
    const bytes = accessBytes(name);
    let offset = random.below(WINDOW_BYTES - bytes + 1) - half;
    if (random.below(2) === 0) offset &= -bytes;
    if (!isLoad) this.#code.word(encodeS(instruction.match, WINDOW_MIDDLE, this.#register(), offset));
    else {
      const rd = name.startsWith("f") ? this.#register() : this.#target();
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
      if (!isStore && !isFloatLoad && !this.#isWritable(decoded.operands.rd)) continue;
      if (/^c\.f?[ls][wd]$/.test(name)) {
        const { rs1 } = decoded.operands;
        if (!this.#isWritable(rs1)) continue;
        this.#code.word(encodeI(base.addi.match, rs1, WINDOW_MIDDLE, random.below(half) - half));
      }
      this.#code.halfword(halfword);
      return;
    }
  }

  /** Moves sp, looks at it, and puts it back. */
  #stackAdjustment(halfword: number): void {
    this.#code.halfword(halfword);
    this.#code.word(encodeI(base.addi.match, this.#target(), WINDOW_START, 0));
    this.#code.word(encodeI(base.addi.match, WINDOW_START, WINDOW_MIDDLE, -half));
  }

  /** Sets a register to an address in the window, aligned to `bytes`. */
  #address(register: number, bytes: number): void {
    const offset = (this.#random.below(WINDOW_BYTES - 8) & -bytes) - half;
    this.#code.word(encodeI(base.addi.match, register, WINDOW_MIDDLE, offset));
  }

  #atomic(): void {
    const chosen = this.#random.pick(amoInstructions);
    const address = this.#scratch();
    this.#address(address, chosen.name.endsWith("w") ? 4 : 8);
    this.#code.word(withRs1(withRd(this.#randomWord(chosen), this.#target()), address));
  }

  /** LR, perhaps a store there, SC; or SC without LR. */
  #reservation(): void {
    const random = this.#random;
    const [load, store, bytes] =
      random.below(2) === 0
        ? ([atomics["lr.w"], atomics["sc.w"], 4] as const)
        : ([atomics["lr.d"], atomics["sc.d"], 8] as const);
    const address = this.#scratch();
    this.#locked.push(address);
    this.#address(address, bytes);
    if (random.below(8) > 0) this.#code.word(withRs1(withRd(load.match, this.#target()), address));
    if (random.below(4) === 0) this.#code.word(encodeS(base.sb.match, address, this.#register(), random.below(bytes)));
    if (random.below(2) === 0) this.#computation();
    this.#code.word(withRs1(withRd(store.match, this.#target()), address) | (this.#register() << 20));
    this.#locked.pop();
  }

  /** Reads and writes fflags, frm and fcsr; frm stays one of the five modes. */
  #floatCsr(): void {
    const random = this.#random;
    const rd = this.#target();
    const csr = (row: keyof typeof zicsr, number: number, source: number): void =>
      this.#code.word(encodeI(zicsr[row].match, rd, source, number));
    random.pick([
      () => csr(random.pick(["csrrw", "csrrs", "csrrc"] as const), FFLAGS, this.#register()),
      () => csr(random.pick(["csrrwi", "csrrsi", "csrrci"] as const), FFLAGS, this.#register()),
      () => csr("csrrwi", FRM, random.below(5)),
      () => csr("csrrs", random.pick([FRM, FCSR]), 0),
      () => csr("csrrci", random.pick([FRM, FCSR]), this.#register()),
      () => csr("csrrwi", FCSR, this.#register()),
    ])();
  }

  /** Stores an instruction over the one that comes next but for a fence.i. */
  #selfModification(): void {
    const [value, address] = [this.#scratch(), this.#scratch()];
    if (value === address) return this.#computation();
    this.#locked.push(value, address);
    const word = withRd(this.#randomWord(this.#random.pick(integerInstructions)), this.#target());
    this.#locked.length -= 2;
    const low = (word << 20) >> 20;
    this.#code.word(encodeU(base.lui.match, value, (word - low) | 0));
    this.#code.word(encodeI(base.addi.match, value, value, low));
    this.#code.word(encodeU(base.auipc.match, address, 0));
    this.#code.word(encodeS(base.sw.match, address, value, 12));
    this.#code.word(zifencei["fence.i"].match);
    this.#computation();
  }

  /** Flips a bit of the instruction after a fence.i, and back the next time that a loop comes here. */
  #flippingModification(): void {
    const [value, address, mask] = [this.#scratch(), this.#scratch(), this.#scratch()];
    if (value === address || value === mask || address === mask) return this.#computation();
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
    this.#code.word(withRd(this.#randomWord({ name: "", number: 0, instruction }), this.#target()));
  }

  /** Into one of eight places by the low bits of some register, as a switch does. */
  #jumpTable(): void {
    const [address, index] = [this.#scratch(), this.#scratch()];
    if (address === index) return this.#computation();
    this.#code.word(encodeI(base.andi.match, index, this.#register(), 7 << 2));
    this.#code.word(encodeU(base.auipc.match, address, 0));
    this.#code.word(encodeR(base.add.match, address, address, index));
    this.#code.word(encodeI(base.jalr.match, 0, address, 12));
    for (let place = 0; place < 8; place++) this.#computation();
  }

  #branchForward(depth: number): void {
    const { instruction } = this.#random.pick(branchInstructions);
    const at = this.#code.position;
    const [rs1, rs2] = [this.#register(), this.#register()];
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
    const rd = this.#random.below(2) === 0 ? 0 : this.#target();
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
    const register = this.#scratch();
    const at = this.#code.position;
    const kind = random.below(3);
    this.#code.word(encodeU(base.auipc.match, register, 0));
    this.#code.word(0);
    if (kind > 0) this.#code.halfword(compress(encodeI(base.jalr.match, kind - 1, register, 0)) ?? 0);
    if (kind === 2 && !this.#isWritable(1))
      this.#code.patchHalfword(at + 8, compress(encodeI(base.jalr.match, 0, register, 0)) ?? 0);
    const rd = kind === 0 ? this.#target() : register;
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
    const link = this.#scratch();
    const over = this.#code.position;
    this.#code.word(0);
    this.#locked.push(link);
    this.#snippets(1 + this.#random.below(2), depth - 1);
    this.#locked.pop();
    this.#code.word(encodeI(base.jalr.match, 0, link, 0));
    this.#code.patchWord(over, encodeJ(base.jal.match, 0, this.#code.position - over));
    this.#code.word(encodeJ(base.jal.match, link, over + 4 - this.#code.position));
  }

  /** Some loops become hot. */
  #iterations(): number {
    return this.#random.below(4) === 0 ? 10 + this.#random.below(30) : 2 + this.#random.below(5);
  }

  #loop(depth: number): void {
    const counter = this.#scratch(8, 8);
    this.#code.word(encodeI(base.addi.match, counter, 0, this.#iterations()));
    this.#locked.push(counter);
    const start = this.#code.position;
    this.#snippets(1 + this.#random.below(4), depth - 1);
    this.#locked.pop();
    this.#code.word(encodeI(base.addi.match, counter, counter, -1));
    const back = encodeB(base.bne.match, counter, 0, start - this.#code.position);
    const halfword = compress(back);
    if (halfword === undefined) this.#code.word(back);
    else this.#code.halfword(halfword);
  }
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

/** The program of a seed. */
export function generateProgram(seed: number): GeneratedProgram {
  return new ProgramGenerator(seed).generate(seed);
}
