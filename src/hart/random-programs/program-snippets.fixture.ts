import { allInstructions, type NumberedInstruction } from "#riscv/decode.ts";
import { expand } from "#riscv/compressed.ts";
import { CodeWriter, compress } from "./code-writer.fixture.ts";
import type { Random } from "#hart/float/float-vectors.fixture.ts";
import { PAGE, Request, Window, WINDOW } from "./program-image.fixture.ts";
import { assemble } from "#riscv/cases/case.fixture.ts";

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
const anyone = [5, 6, 7, 8, 9, 10, 11, 13, 18, 19, 20, 21, 22] as const;
const SSTATUS = 0x100;
/** How far behind the leaves `Fixed.leaves` points: nowhere, so that nothing stores there by chance and without a fence. */
export const LEAVES_DISTANCE = 0x4000_0000;

const named = (pattern: RegExp): readonly NumberedInstruction[] =>
  allInstructions.filter(({ name }) => pattern.test(name));
const formatted = (...formats: readonly string[]): readonly NumberedInstruction[] =>
  allInstructions.filter(
    ({ name, instruction: { format } }) => formats.includes(format) && !/^(f|l[bhwd]u?$|jalr$)/.test(name),
  );
const computations = formatted("R", "I", "shift", "shiftw", "U");
const immediates = formatted("I");
const floats = allInstructions.filter(
  ({ name, instruction: { format } }) => name.startsWith("f") && (format === "R" || format === "R4"),
);
const loads = named(/^(l[bhwd]u?|fl[wd])$/);
const stores = named(/^(s[bhwd]|fs[wd])$/);
const branches = named(/^b(eq|ne|lt|ge)u?$/);
const atomics = named(/^amo/);
const compressedComputations = Array.from({ length: 0x1_0000 }, (_, halfword) => halfword).filter((halfword) => {
  const word = (halfword & 3) === 3 ? undefined : expand(halfword);
  const rd = ((word ?? 0) >>> 7) & 31;
  return (
    word !== undefined &&
    computations.some(({ instruction: { match, mask } }) => ((word ^ match) & mask) === 0) &&
    anyone.includes(rd as 5)
  );
});

/** Whether a floating-point instruction's result goes to an x register. */
function writesX(name: string): boolean {
  return /^f(eq|lt|le|class|mv\.x|cvt\.[wl]u?)\./.test(name);
}

/** The code of one program: loops, calls, jumps, accesses, traps and changes of itself. Positions are offsets in its image. */
export class SnippetWriter {
  readonly code = new CodeWriter();
  readonly #random: Random;
  readonly #judge: Judge;
  /** Instructions that may be replaced by others; the address of each fits a word store. */
  readonly #replaceable: number[] = [];
  /** Functions that return through x1. */
  readonly #functions: number[] = [];
  /** The mode in which most of it will run. */
  readonly #mode: "U" | "S" | "M";

  constructor(random: Random, judge: Judge, mode: "U" | "S" | "M") {
    this.#random = random;
    this.#judge = judge;
    this.#mode = mode;
  }

  /** Writes functions, then a program that ends by asking to; returns where it begins. */
  write(codeStart: number): number {
    const random = this.#random;
    this.code.skipTo(codeStart + (random.below(PAGE) & ~1));
    for (let count = random.below(3); count > 0; count--) {
      const start = this.code.position;
      this.#snippets(1 + random.below(4), 0);
      this.code.put("jalr", { rs1: 1 });
      this.#functions.push(start);
    }
    // Most programs have a page's end somewhere in them.
    const tillPageEnd = PAGE - (this.code.position % PAGE);
    if (random.below(4) > 0)
      this.code.skipTo(this.code.position + Math.max(0, tillPageEnd - (random.below(600) & ~1) - 2));
    const start = this.code.position;
    this.#loop(2, 6 + random.below(8), 2 + random.below(30));
    this.#snippets(2, 2);
    this.#request(Request.exit);
    return start;
  }

  #snippets(count: number, depth: number): void {
    for (let index = 0; index < count; index++) this.#snippet(depth);
  }

  /** `depth`: how deep loops may still be nested. */
  #snippet(depth: number): void {
    const ordinary: (() => void)[] = [
      () => this.#computation(),
      () => this.#computation(),
      () => this.#computation(),
      () => this.#compressed(),
      () => this.#compressed(),
      () => this.#float(),
      () => this.#access(Fixed.data),
      () => this.#access(Fixed.data),
      () => this.#walk(),
      () => this.#branchForward(depth),
      () => this.#branchForward(depth),
      () => this.#atomic(),
      () => this.#reservation(),
      () => this.#rotation(),
    ];
    const seldom: (() => void)[] = [
      () => this.#access(Fixed.varied),
      () => this.#access(Fixed.varied),
      () => this.#device(),
      () => this.#floatState(),
      () => this.#status(),
      () => this.#fence(),
      () => this.#addressSpace(),
      () => this.#leaf(),
      () => this.#trap(),
      () =>
        this.#request(
          this.#random.pick([Request.nothing, Request.toU, Request.toS, ...(this.#mode === "M" ? [Request.toM] : [])]),
        ),
      () => this.#return(),
      () => this.#interrupt(),
      () => this.#computedJump(),
      () => this.#jumpTable(),
      () => this.#call(),
      () => this.#selfModification(),
      () => this.#selfModification(),
      () => this.#engineOnly(),
    ];
    if (depth > 0) {
      const loop = (): void => this.#loop(depth - 1, 1 + this.#random.below(5), 2 + this.#random.below(9));
      ordinary.push(loop);
      seldom.push(loop, loop, () => this.#loopFromItsMiddle(depth - 1));
    }
    this.#random.pick(this.#random.below(3) > 0 ? ordinary : seldom)();
  }

  #chance(oneIn: number): boolean {
    return this.#random.below(oneIn) === 0;
  }

  #target(): number {
    return this.#random.pick(anyone);
  }

  #source(): number {
    return this.#random.below(32);
  }

  #randomWord({ instruction: { match, mask } }: NumberedInstruction): number {
    return (match | (this.#random.word() & ~mask)) >>> 0;
  }

  #computationWord(kinds = computations): number {
    return withField(this.#randomWord(this.#random.pick(kinds)), 7, this.#target());
  }

  #computation(): void {
    if (this.#chance(2)) this.#replaceable.push(this.code.position);
    this.code.word(this.#computationWord(this.#chance(2) ? immediates : computations));
  }

  /** Two shifts of a register and their `or`, and now and then one that is no rotation, or that something comes between. */
  #rotation(): void {
    const { code } = this;
    const source = this.#chance(3) ? this.#target() : this.#source();
    const [width, suffix] = this.#chance(2) ? [64, ""] : [32, "w"];
    const distance = 1 + this.#random.below(width - 1);
    const opposite = this.#chance(6) ? this.#random.below(width) : width - distance;
    const [one, other] = [this.#target(), this.#target()];
    const shifts = [
      () => code.put(`srli${suffix}`, { rd: one, rs1: source, imm: distance }),
      () => code.put(`slli${suffix}`, { rd: other, rs1: this.#chance(8) ? this.#source() : source, imm: opposite }),
    ];
    if (this.#chance(2)) shifts.reverse();
    for (const shift of shifts) {
      shift();
      if (this.#chance(4)) this.#computation();
    }
    code.put("or", { rd: this.#target(), rs1: one, rs2: other });
  }

  #compressed(): void {
    this.code.halfword(this.#random.pick(compressedComputations));
  }

  #float(): void {
    const chosen = this.#random.pick(floats);
    let word = this.#randomWord(chosen);
    if ((chosen.instruction.mask & 0x7000) === 0)
      word = withField(word, 12, this.#random.pick([0, 1, 2, 3, 4, 7, 7, 7]), 7);
    if (writesX(chosen.name)) word = withField(word, 7, this.#target());
    this.#riskily(() => this.code.word(word));
  }

  #constant(rd: number, value: number): void {
    const low = (value << 20) >> 20;
    this.code.put("lui", { rd, imm: (value - low) | 0 });
    this.code.put("addi", { rd, rs1: rd, imm: low });
  }

  /** Leaves room to set a register to an address. */
  #addressLater(): number {
    const at = this.code.position;
    this.code.put("auipc");
    this.code.put("addi");
    return at;
  }

  #bindAddress(at: number, rd: number, target = this.code.position): void {
    const distance = target - at;
    const low = (distance << 20) >> 20;
    this.code.patchWord(at, assemble("auipc", { rd, imm: distance - low }));
    this.code.patchWord(at + 4, assemble("addi", { rd, rs1: rd, imm: low }));
  }

  /** What may trap; handlers then go on behind it. */
  #riskily(write: () => void): void {
    const at = this.#addressLater();
    write();
    this.#bindAddress(at, Fixed.resume);
  }

  /** A load or store at a pointer that stands on the border of two pages. */
  #accessWord(pointer: number, offset: number): number {
    const { name, instruction } = this.#random.pick(this.#chance(2) ? loads : stores);
    if (instruction.format === "S") return assemble(name, { rs1: pointer, rs2: this.#source(), imm: offset });
    return assemble(name, { rd: name.startsWith("f") ? this.#source() : this.#target(), rs1: pointer, imm: offset });
  }

  #offset(): number {
    const random = this.#random;
    if (this.#chance(4)) return random.below(16) - 8;
    const offset = random.below(4000) - 2000;
    return this.#chance(2) ? offset & ~7 : offset;
  }

  #access(pointer: number): void {
    const write = (): void => this.code.word(this.#accessWord(pointer, this.#offset()));
    if (pointer === Fixed.data && !this.#chance(4)) write();
    else this.#riskily(write);
  }

  /** Steps a pointer through memory, which ends somewhere, and turns it back now and then. */
  #walk(): void {
    const { code } = this;
    // It would come to QEMU's next program, or to this one's code, which QEMU executes as it was for the rest of a block.
    const isBounded = this.#judge === "qemu";
    if (isBounded || this.#chance(2))
      code.put("add", { rd: Fixed.walker, rs1: this.#random.pick([Fixed.data, Fixed.varied]) });
    else
      code.put("addi", {
        rd: Fixed.walker,
        rs1: Fixed.walker,
        imm: this.#random.pick([8, 64, 510, 1024, 2047, -8, -1000]),
      });
    this.#riskily(() => code.word(this.#accessWord(Fixed.walker, this.#random.below(16) - 8)));
  }

  #atomic(): void {
    const { code } = this;
    const chosen = this.#random.pick(atomics);
    const width = chosen.name.endsWith("w") ? 4 : 8;
    const pointer = this.#chance(4) ? Fixed.varied : Fixed.data;
    const offset = this.#judge === "engines" && this.#chance(8) ? this.#offset() : this.#offset() & -width;
    code.put("addi", { rd: Fixed.address, rs1: pointer, imm: offset });
    this.#riskily(() => {
      // QEMU calls a fault of some atomics a load's: let a store find it.
      if (this.#judge === "qemu") code.put("sb", { rs1: Fixed.address, rs2: this.#source() });
      code.word(withField(withField(this.#randomWord(chosen), 7, this.#target()), 15, Fixed.address));
    });
  }

  /** A lock or counter as programs have it: tries again until it succeeds. */
  #reservation(): void {
    const { code } = this;
    const [width, size] = this.#random.pick([
      ["w", 4],
      ["d", 8],
    ] as const);
    const pointer = this.#chance(8) ? Fixed.varied : Fixed.data;
    code.put("addi", { rd: Fixed.address, rs1: pointer, imm: this.#offset() & -size });
    const isOpen = this.#judge === "engines";
    this.#riskily(() => {
      // Whether a reservation outlives a trap is open: let a store find what faults.
      if (!isOpen) code.put("sb", { rs1: Fixed.address, rs2: this.#source() });
      const again = code.position;
      const isReserved = !isOpen || !this.#chance(8);
      if (isReserved) code.put(`lr.${width}`, { rd: Fixed.value, rs1: Fixed.address });
      if (this.#chance(4)) code.put("sb", { rs1: Fixed.address, rs2: this.#source(), imm: this.#random.below(size) });
      code.put("addi", { rd: Fixed.value, rs1: Fixed.value, imm: 1 });
      const failed = this.#target();
      code.put(`sc.${width}`, { rd: failed, rs1: Fixed.address, rs2: Fixed.value });
      if (isReserved && this.#chance(2)) code.put("bne", { rs1: failed, imm: again - code.position });
    });
  }

  #device(): void {
    const { code } = this;
    this.#riskily(() => {
      if (this.#judge === "qemu") {
        // The UART's scratch register.
        code.put("sb", { rs1: Fixed.device, rs2: this.#source(), imm: 7 });
        if (this.#chance(2))
          code.put(this.#random.pick(["lb", "lbu"]), { rd: this.#target(), rs1: Fixed.device, imm: 7 });
      } else code.word(this.#accessWord(Fixed.device, this.#random.below(this.#chance(8) ? 0x800 : 0x40)));
    });
  }

  /** frm and fflags, or FS. */
  #floatState(): void {
    const { code } = this;
    const random = this.#random;
    this.#riskily(() => {
      const kind = random.below(4);
      if (kind === 0) code.put("csrrwi", { rd: this.#target(), rs1: random.below(8), imm: 2 });
      else if (kind === 1) code.put("csrrw", { rd: this.#target(), rs1: this.#source(), imm: random.pick([1, 3]) });
      else {
        code.put("lui", {
          rd: Fixed.value,
          imm: this.#judge === "qemu" ? 0x6000 : random.pick([0x2000, 0x4000, 0x6000]),
        });
        code.put(this.#chance(3) ? "csrrc" : "csrrs", { rs1: Fixed.value, imm: SSTATUS });
      }
    });
  }

  /** SUM and MXR, or MPRV and what goes with it. */
  #status(): void {
    const { code } = this;
    const random = this.#random;
    // QEMU's MPRV outlives returns that should clear it.
    const isM = this.#mode === "M" && this.#judge === "engines" && this.#chance(2);
    this.#riskily(() => {
      const bits = isM ? [0x2_0000, 0x2_0000, 0x2_1000, 0x4_0000, 0xc_0000] : [0x4_0000, 0x8_0000, 0xc_0000];
      code.put("lui", { rd: Fixed.value, imm: random.pick(bits) });
      if (isM && this.#chance(2)) code.put("addi", { rd: Fixed.value, rs1: Fixed.value, imm: -0x800 });
      code.put(random.pick(["csrrs", "csrrc"]), {
        rd: this.#judge === "engines" ? this.#target() : 0,
        rs1: Fixed.value,
        imm: isM ? 0x300 : SSTATUS,
      });
    });
  }

  #fence(): void {
    const page = this.#chance(2) ? this.#random.pick([Fixed.data, Fixed.varied, Fixed.walker]) : 0;
    this.#riskily(() => this.code.put(this.#chance(4) ? "fence.i" : "sfence.vma", page ? { rs1: page } : {}));
  }

  /** The other address space, or the first again. */
  #addressSpace(): void {
    const rs1 = this.#random.pick([
      Fixed.satp,
      Fixed.otherSatp,
      Fixed.otherSatp,
      this.#judge === "engines" && this.#chance(8) ? 0 : Fixed.satp,
    ]);
    this.#riskily(() => this.code.put("csrrw", { rs1, imm: 0x180 }));
  }

  /** Flips bits of a leaf of the first address space and fences: through the handler, or, from S-mode, by itself. */
  #leaf(): void {
    const { code } = this;
    const random = this.#random;
    const page = random.pick([Window.userData, Window.supervisorData, Window.varied, Window.varied]) + random.below(4);
    const bits = random.pick([1, 2, 4, 6, 8, 14, 16, ...(this.#judge === "engines" ? [64, 128, 192] : [])]);
    if (this.#chance(2)) {
      this.#constant(Fixed.operand, (bits << 12) | (page * 8));
      return this.#request(Request.flipLeaf);
    }
    this.#riskily(() => {
      code.put("lui", { rd: Fixed.address, imm: -LEAVES_DISTANCE });
      code.put("add", { rd: Fixed.address, rs1: Fixed.address, rs2: Fixed.leaves });
      code.put("ld", { rd: Fixed.value, rs1: Fixed.address, imm: page * 8 });
      code.put("xori", { rd: Fixed.value, rs1: Fixed.value, imm: bits });
      code.put("sd", { rs1: Fixed.address, rs2: Fixed.value, imm: page * 8 });
      code.put("lui", { rd: Fixed.address, imm: WINDOW + page * PAGE });
      code.put("sfence.vma", this.#chance(2) ? { rs1: Fixed.address } : {});
    });
  }

  #trap(): void {
    const { code } = this;
    const random = this.#random;
    this.#riskily(() => {
      const kind = random.below(6);
      if (kind === 0) code.put("ebreak");
      else if (kind === 1) code.halfword(0);
      else if (kind === 2) code.word(random.word() | 0x7f);
      else if (kind === 3) code.put("ld", { rd: this.#target(), rs1: 0, imm: random.below(100) });
      else if (kind === 4)
        code.put("jalr", { rd: 5, rs1: this.#judge === "qemu" ? 0 : Fixed.varied, imm: random.below(100) });
      else code.put("csrrw", { rd: this.#target(), rs1: this.#source(), imm: random.pick([0x5c0, 0xc00, 0x7c0]) });
    });
  }

  #request(request: number): void {
    this.code.put("addi", { rd: Fixed.request, imm: request });
    this.#riskily(() => this.code.put("ecall"));
  }

  /** An sret or mret that goes on behind itself. */
  #return(): void {
    const { code } = this;
    // QEMU's sret leaves MPRV as it was.
    const isM = this.#mode === "M" && (this.#judge === "qemu" || this.#chance(2));
    this.#riskily(() => {
      const at = this.#addressLater();
      code.put("csrrw", { rs1: Fixed.address, imm: isM ? 0x341 : 0x141 });
      // To the mode that the code is in: SPP, MPP.
      if (isM) {
        code.put("lui", { rd: Fixed.value, imm: 0x2000 });
        code.put("addi", { rd: Fixed.value, rs1: Fixed.value, imm: -0x800 });
      } else code.put("addi", { rd: Fixed.value, imm: 0x100 });
      code.put("csrrs", { rs1: Fixed.value, imm: isM ? 0x300 : SSTATUS });
      code.put(isM ? "mret" : "sret");
      this.#bindAddress(at, Fixed.address);
    });
  }

  /** Raises, lowers, enables or disables interrupts of S-mode. */
  #interrupt(): void {
    const { code } = this;
    const random = this.#random;
    const isM = this.#mode === "M" && this.#chance(2);
    this.#riskily(() => {
      code.put("addi", { rd: Fixed.value, imm: random.pick([2, 0x202, 0x222]) });
      const operation = random.pick(["csrrs", "csrrs", "csrrs", "csrrc"]);
      const pending = random.below(3) > 0;
      // Only what software raises: SSIP.
      if (pending) code.put(operation === "csrrs" ? "csrrsi" : "csrrci", { rs1: 2, imm: isM ? 0x344 : 0x144 });
      if (!pending || this.#chance(2)) code.put(operation, { rs1: Fixed.value, imm: isM ? 0x304 : 0x104 });
      if (this.#chance(2)) code.put("csrrsi", { rs1: 2, imm: SSTATUS });
      if (this.#chance(4)) code.put("csrrci", { rs1: 2, imm: SSTATUS });
    });
  }

  /** Counters, wfi, timers and random words: what only engines agree about. */
  #engineOnly(): void {
    if (this.#judge === "qemu") return this.#computation();
    const { code } = this;
    const random = this.#random;
    const kind = random.below(8);
    this.#riskily(() => {
      if (kind === 0) code.put("wfi");
      else if (kind === 1) code.word(random.word() | 3);
      else if (kind === 2) code.put("csrrw", { rs1: this.#target(), imm: random.pick([0xb00, 0xb02]) });
      else if (kind === 3) {
        code.put("csrrs", { rd: Fixed.value, imm: 0xc01 });
        code.put("addi", { rd: Fixed.value, rs1: Fixed.value, imm: random.below(40) });
        code.put("csrrw", { rs1: Fixed.value, imm: 0x14d });
      } else code.put("csrrs", { rd: this.#target(), imm: random.pick([0xc00, 0xc01, 0xc02, 0x144, 0x100, 0x142]) });
    });
  }

  #branchForward(depth: number): void {
    const { instruction } = this.#random.pick(branches);
    const at = this.code.position;
    const word = withField(withField(instruction.match, 15, this.#source()), 20, this.#source());
    this.code.word(0);
    this.#snippets(1 + this.#random.below(3), Math.min(depth, 1) - 1);
    this.code.patchWord(at, word | assemble("beq", { imm: this.code.position - at }));
  }

  #computedJump(): void {
    const at = this.#addressLater();
    this.code.put("jalr", { rd: this.#random.pick([0, 5, 6]), rs1: Fixed.address, imm: this.#random.below(2) });
    this.#snippets(1, 0);
    this.#bindAddress(at, Fixed.address);
  }

  /** Into one of eight places by the low bits of some register, as a switch does. */
  #jumpTable(): void {
    const { code } = this;
    const at = this.#addressLater();
    code.put("andi", { rd: Fixed.value, rs1: this.#random.pick(anyone), imm: 7 << 2 });
    code.put("add", { rd: Fixed.address, rs1: Fixed.address, rs2: Fixed.value });
    code.put("jalr", { rs1: Fixed.address });
    this.#bindAddress(at, Fixed.address);
    for (let count = 0; count < 8; count++) code.word(this.#computationWord());
  }

  #call(): void {
    const target = this.#functions.length > 0 ? this.#random.pick(this.#functions) : undefined;
    if (target === undefined) return this.#computedJump();
    const { code } = this;
    if (this.#chance(2)) return code.put("jal", { rd: 1, imm: target - code.position });
    this.#bindAddress(this.#addressLater(), Fixed.address, target);
    if (this.#chance(2)) code.put("jalr", { rd: 1, rs1: Fixed.address });
    else code.halfword(compress(assemble("jalr", { rd: 1, rs1: Fixed.address })) ?? 0);
  }

  #loop(depth: number, snippets: number, count: number): void {
    const counter = Fixed.counters + depth;
    this.code.put("addi", { rd: counter, imm: count });
    const start = this.code.position;
    this.#snippets(snippets, depth);
    this.#loopEnd(counter, start);
  }

  /** Entered behind its start: two ways into one loop. */
  #loopFromItsMiddle(depth: number): void {
    const counter = Fixed.counters + depth;
    this.code.put("addi", { rd: counter, imm: 2 + this.#random.below(9) });
    const entry = this.code.putForward("beq", { rs1: this.#source(), rs2: this.#source() });
    const fields = operandsOfBranch(this.code.wordAt(entry));
    const start = this.code.position;
    this.#snippets(1 + this.#random.below(2), 0);
    this.code.bind(entry, "beq", fields);
    this.#snippets(1 + this.#random.below(3), 0);
    this.#loopEnd(counter, start);
  }

  #loopEnd(counter: number, start: number): void {
    const { code } = this;
    code.put("addi", { rd: counter, rs1: counter, imm: -1 });
    if (code.position - start < 4000) return code.put("bne", { rs1: counter, imm: start - code.position });
    code.put("beq", { rs1: counter, imm: 8 });
    code.put("jal", { imm: start - code.position });
  }

  /** Replaces an instruction of the program, by one of several ways and through one of several addresses. */
  #selfModification(): void {
    const { code } = this;
    const random = this.#random;
    this.#riskily(() => {
      const next = this.#replaceable.length === 0 || this.#chance(3);
      const at = this.#addressLater();
      // How far the page that the store goes through is from the one that runs.
      const pages = this.#mode === "M" ? 0 : random.pick([0, 0, 4, -4, 16, 20, 12]);
      const width = random.below(4);
      if (width > 0) {
        this.#constant(Fixed.value, this.#computationWord());
      } else {
        // Flips a bit of an operand, and back the next time.
        code.put("lwu", { rd: Fixed.value, rs1: Fixed.address });
        code.put("lui", { rd: Fixed.operand, imm: 0x10_0000 << random.below(4) });
        code.put("xor", { rd: Fixed.value, rs1: Fixed.value, rs2: Fixed.operand });
      }
      code.put("sw", { rs1: Fixed.address, rs2: Fixed.value });
      if (this.#judge === "qemu" || this.#chance(2)) code.put("fence.i");
      const target = next ? code.position : random.pick(this.#replaceable);
      this.#bindAddress(at, Fixed.address, target + pages * PAGE);
      if (next) code.word(this.#computationWord(immediates));
    });
  }
}

function withField(word: number, shift: number, value: number, mask = 31): number {
  return ((word & ~(mask << shift)) | (value << shift)) >>> 0;
}

function operandsOfBranch(word: number): { readonly rs1: number; readonly rs2: number } {
  return { rs1: (word >>> 15) & 31, rs2: (word >>> 20) & 31 };
}
