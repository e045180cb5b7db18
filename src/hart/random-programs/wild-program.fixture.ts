import { assemble } from "#riscv/cases/case.fixture.ts";
import { expand } from "#riscv/compressed.ts";
import { allInstructions } from "#riscv/decode.ts";
import { zicsr } from "#riscv/extensions/zicsr.ts";
import type { Random } from "#hart/float/float-vectors.fixture.ts";
import { ImageWriter } from "./image-writer.fixture.ts";
import {
  CODE,
  IMAGE_BYTES,
  LEAVES,
  MIDDLES,
  PAGE,
  ROOTS,
  SUPERPAGE,
  WINDOW,
  WINDOW_PAGES,
} from "./program-image.fixture.ts";
import { ADUE, Pte } from "#hart/translation/translation.ts";

const RAM_BASE = 0x8000_0000;
const DEVICE = 0x1000_0000;
/** Pages of code and data, which are one here. */
const PAGES = (IMAGE_BYTES - CODE) / PAGE;
/** The third superpage of 2 MiB is misaligned; a gigapage of RAM that cannot be stored to stands here. */
const MISALIGNED = SUPERPAGE + 0x20_0000;
const SOME_FLAGS = SUPERPAGE + 0x40_0000;
const GIGAPAGE = 0xc000_0000n;
const USED = Pte.V | Pte.A | Pte.D;

/** M-mode's: goes on at a place in the window that follows from the last one, and from nothing else. */
const handler = [
  assemble("csrrs", { rd: 31, imm: 0x340 }),
  assemble("addi", { rd: 31, rs1: 31, imm: 0x146 }),
  assemble("csrrw", { rs1: 31, imm: 0x340 }),
  assemble("slli", { rd: 31, rs1: 31, imm: 47 }),
  assemble("srli", { rd: 31, rs1: 31, imm: 47 }),
  assemble("lui", { rd: 30, imm: WINDOW }),
  assemble("add", { rd: 31, rs1: 31, rs2: 30 }),
  assemble("csrrw", { rs1: 31, imm: 0x341 }),
  assemble("mret", {}),
];
const HANDLER = 0x800;

const jumps = /^(b(eq|ne|lt|ge)u?|jal)$/;
const accesses = /^(l[bhwd]u?|s[bhwd]|f[ls][wd]|lr\..|sc\..|amo.*)$/;
const system = new Set([...Object.keys(zicsr), "wfi", "mret"]);
const plain = allInstructions.filter(({ name }) => !system.has(name) && !jumps.test(name) && !accesses.test(name));
const memory = allInstructions.filter(({ name }) => accesses.test(name));
const branches = allInstructions.filter(({ name }) => jumps.test(name));
/** What a kernel's entry and exit use, which have code of their own; then the others of S-mode, and one that does not exist. */
const kernelCsrs = [0x100, 0x140, 0x141, 0x142, 0x143] as const;
const csrs = [0x100, 0x001, 0x002, 0x003, 0x104, 0x106, 0x144, 0xc00, 0xc01, 0xc02, 0x5c0] as const;
const machineCsrs = [
  0x300, 0x300, 0x300, 0x180, 0x302, 0x303, 0x304, 0x306, 0x30a, 0x340, 0x341, 0x342, 0x343, 0x344, 0x14d, 0x105, 0x3a0,
  0x3b0, 0xb00, 0xb02, 0xf14, 0x7ff,
] as const;
const halfwords = Array.from({ length: 0x1_0000 }, (_, halfword) => halfword).filter((halfword) => expand(halfword));

/** Random code in randomly mapped pages that flows into one another, for S- and U-mode or all three. */
class WildProgramWriter {
  readonly #random: Random;
  readonly #image: ImageWriter;
  /** Starts in M-mode, at physical addresses. */
  readonly #isMachine: boolean;
  /** One CSR access in two instructions, or in sixteen. */
  readonly #isFullOfCsrs: boolean;

  constructor(random: Random, base: number) {
    this.#random = random;
    this.#image = new ImageWriter(base);
    this.#isMachine = this.#chance(4);
    this.#isFullOfCsrs = this.#chance(4);
  }

  write(boot: Uint8Array): Uint8Array {
    const image = this.#image;
    image.bytes.set(boot);
    handler.forEach((word, index) => image.view.setUint32(HANDLER + 4 * index, word, true));
    this.#tables();
    for (let at = CODE; at < IMAGE_BYTES;) at = this.#writeInstruction(at);
    this.#state();
    return image.bytes;
  }

  #tables(): void {
    const image = this.#image;
    image.tables(Pte.V | Pte.R | Pte.X | Pte.A | (this.#chance(2) ? Pte.U : 0));
    for (const space of [0, 1] as const) {
      image.entry(MIDDLES[space], 2, RAM_BASE + PAGE, USED | Pte.R);
      image.entry(MIDDLES[space], 3, RAM_BASE + (image.base & 0x7fe0_0000), this.#random.below(256) & ~Pte.W);
      image.entry(ROOTS[space], 3, RAM_BASE, this.#random.below(256) & ~Pte.W);
      for (let page = 0; page < WINDOW_PAGES; page++) {
        const device = this.#chance(24);
        const physical = device ? DEVICE : image.base + CODE + this.#random.below(PAGES) * PAGE;
        image.entry(LEAVES[space], page, physical, this.#flags());
      }
    }
  }

  #flags(): number {
    const flags = USED | Pte.R | Pte.W | Pte.X | (this.#chance(2) ? Pte.U : 0);
    if (this.#chance(40)) return this.#random.below(256);
    if (!this.#chance(4)) return flags;
    return flags & ~this.#random.pick([Pte.V, Pte.R, Pte.W, Pte.X, Pte.A, Pte.D, Pte.W | Pte.D]);
  }

  #writeInstruction(at: number): number {
    const { view } = this.#image;
    if (this.#chance(3)) {
      view.setUint16(at, this.#random.pick(halfwords), true);
      return at + 2;
    }
    const word = this.#instruction();
    view.setUint16(at, word & 0xffff, true);
    if (at + 2 < IMAGE_BYTES) view.setUint16(at + 2, word >>> 16, true);
    return at + 4;
  }

  #instruction(): number {
    const random = this.#random;
    const kind = random.below(16);
    if (kind === 0) return random.word() | 3;
    if (kind === 1 || (this.#isFullOfCsrs && kind < 9)) return this.#csr();
    const { name, instruction } = random.pick(kind < 9 ? memory : kind < 11 ? branches : plain);
    const word = ((random.word() & ~instruction.mask) | instruction.match) >>> 0;
    // Through x8 to x15, which hold addresses.
    if (accesses.test(name)) return ((word & ~(0x18 << 15)) | (1 << 18)) >>> 0;
    if (!jumps.test(name)) return word;
    const imm = 2 * (this.#chance(4) ? -random.below(64) : random.below(200));
    return assemble(name, { rd: random.below(32), rs1: random.below(32), rs2: random.below(32), imm });
  }

  #csr(): number {
    const instruction = this.#random.pick(Object.values(zicsr));
    const fields = (this.#random.below(32) << 7) | (this.#random.below(32) << 15);
    const numbers = this.#isMachine && this.#chance(2) ? machineCsrs : this.#chance(2) ? kernelCsrs : csrs;
    return (instruction.match | fields | (this.#random.pick(numbers) << 20)) >>> 0;
  }

  /** An address to load, store or jump through: at page ends more often than not, sometimes aligned, sometimes nowhere. */
  #address(): bigint {
    const random = this.#random;
    if (this.#chance(16)) return random.bits64();
    if (this.#isMachine && this.#chance(2)) return BigInt(this.#image.base + CODE + random.below(PAGES * PAGE));
    if (this.#chance(8)) {
      const inImage = BigInt((this.#image.base & 0x1f_ffff) + random.below(IMAGE_BYTES));
      const whole = BigInt(this.#image.base - RAM_BASE + random.below(IMAGE_BYTES));
      return random.pick([
        BigInt(SUPERPAGE) + inImage,
        BigInt(SOME_FLAGS) + inImage,
        BigInt(MISALIGNED) + inImage,
        GIGAPAGE + whole,
      ]);
    }
    const page = BigInt(WINDOW + random.below(WINDOW_PAGES) * PAGE);
    const offset = this.#chance(2) ? random.below(PAGE) : PAGE - random.below(16);
    return page + BigInt(this.#chance(2) ? offset & ~7 : offset);
  }

  #state(): void {
    const random = this.#random;
    const image = this.#image;
    for (let register = 1; register < 32; register++) {
      image.x(register, register >= 8 && register < 16 ? this.#address() : random.bits64());
      image.f(register, random.bits64());
    }
    image.x(16, image.satp(random.below(2) as 0 | 1));
    image.csr("mepc", (this.#isMachine ? image.base + CODE : WINDOW) + (random.below(0x4000) & ~1));
    image.csr("mtvec", image.base + HANDLER);
    image.csr("stvec", this.#address() & ~2n);
    if (this.#chance(2)) image.csr("medeleg", random.word() & 0xb3ff);
    image.csr("mideleg", 0x222);
    image.csr("mie", random.word() & 0xaaa);
    image.csr("scounteren", random.below(8));
    image.csr("menvcfg", this.#chance(3) ? 0n : ADUE);
    image.csr("satp", image.satp(0));
    const mode = this.#isMachine ? 3 : random.below(2);
    const traps = this.#chance(4) ? random.below(8) << 20 : 0;
    const float = this.#chance(4) ? 0 : 1 << 13;
    image.csr("mstatus", (mode << 11) | (random.below(4) << 18) | float | (random.below(2) << 1) | traps);
  }

  #chance(oneIn: number): boolean {
    return this.#random.below(oneIn) === 0;
  }
}

/** An image of random code that begins with `boot`. Goes on for ever. */
export function writeWildProgram(random: Random, base: number, boot: Uint8Array): Uint8Array {
  return new WildProgramWriter(random, base).write(boot);
}
