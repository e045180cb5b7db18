import { assemble } from "#riscv/cases/case.fixture.ts";
import { compress } from "./code-writer.fixture.ts";
import { PAGE, Request } from "./program-image.fixture.ts";
import { Fixed, anyone, immediates, branches, withField, operandsOfBranch } from "./random-code.fixture.ts";
import { SystemSnippets } from "./system-snippets.fixture.ts";

/** The code of one program: loops, calls, jumps, accesses, traps and changes of itself. Positions are offsets in its image. */
export class SnippetWriter extends SystemSnippets {
  /** Functions that return through x1. */
  readonly #functions: number[] = [];

  /** Writes functions, then a program that ends by asking to; returns where it begins. */
  write(codeStart: number): number {
    const random = this.random;
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
    this.request(Request.exit);
    return start;
  }

  #snippets(count: number, depth: number): void {
    for (let index = 0; index < count; index++) this.#snippet(depth);
  }

  /** `depth`: how deep loops may still be nested. */
  #snippet(depth: number): void {
    const ordinary: (() => void)[] = [
      () => this.computation(),
      () => this.computation(),
      () => this.computation(),
      () => this.compressed(),
      () => this.compressed(),
      () => this.floatOperation(),
      () => this.access(Fixed.data),
      () => this.access(Fixed.data),
      () => this.walk(),
      () => this.#branchForward(depth),
      () => this.#branchForward(depth),
      () => this.atomic(),
      () => this.reservation(),
      () => this.rotation(),
    ];
    const seldom: (() => void)[] = [
      () => this.access(Fixed.varied),
      () => this.access(Fixed.varied),
      () => this.device(),
      () => this.floatState(),
      () => this.status(),
      () => this.fence(),
      () => this.addressSpace(),
      () => this.leaf(),
      () => this.trap(),
      () =>
        this.request(
          this.random.pick([Request.nothing, Request.toU, Request.toS, ...(this.mode === "M" ? [Request.toM] : [])]),
        ),
      () => this.trapReturn(),
      () => this.interrupt(),
      () => this.#computedJump(),
      () => this.#jumpTable(),
      () => this.#call(),
      () => this.#selfModification(),
      () => this.#selfModification(),
      () => this.engineOnly(),
    ];
    if (depth > 0) {
      const loop = (): void => this.#loop(depth - 1, 1 + this.random.below(5), 2 + this.random.below(9));
      ordinary.push(loop);
      seldom.push(loop, loop, () => this.#loopFromItsMiddle(depth - 1));
    }
    this.random.pick(this.random.below(3) > 0 ? ordinary : seldom)();
  }

  #branchForward(depth: number): void {
    const { instruction } = this.random.pick(branches);
    const at = this.code.position;
    const word = withField(withField(instruction.match, 15, this.source()), 20, this.source());
    this.code.word(0);
    this.#snippets(1 + this.random.below(3), Math.min(depth, 1) - 1);
    this.code.patchWord(at, word | assemble("beq", { imm: this.code.position - at }));
  }

  #computedJump(): void {
    const at = this.addressLater();
    this.code.put("jalr", { rd: this.random.pick([0, 5, 6]), rs1: Fixed.address, imm: this.random.below(2) });
    this.#snippets(1, 0);
    this.bindAddress(at, Fixed.address);
  }

  /** Into one of eight places by the low bits of some register, as a switch does. */
  #jumpTable(): void {
    const { code } = this;
    const at = this.addressLater();
    code.put("andi", { rd: Fixed.value, rs1: this.random.pick(anyone), imm: 7 << 2 });
    code.put("add", { rd: Fixed.address, rs1: Fixed.address, rs2: Fixed.value });
    code.put("jalr", { rs1: Fixed.address });
    this.bindAddress(at, Fixed.address);
    for (let count = 0; count < 8; count++) code.word(this.computationWord());
  }

  #call(): void {
    const target = this.#functions.length > 0 ? this.random.pick(this.#functions) : undefined;
    if (target === undefined) return this.#computedJump();
    const { code } = this;
    if (this.chance(2)) return code.put("jal", { rd: 1, imm: target - code.position });
    this.bindAddress(this.addressLater(), Fixed.address, target);
    if (this.chance(2)) code.put("jalr", { rd: 1, rs1: Fixed.address });
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
    this.code.put("addi", { rd: counter, imm: 2 + this.random.below(9) });
    const entry = this.code.putForward("beq", { rs1: this.source(), rs2: this.source() });
    const fields = operandsOfBranch(this.code.wordAt(entry));
    const start = this.code.position;
    this.#snippets(1 + this.random.below(2), 0);
    this.code.bind(entry, "beq", fields);
    this.#snippets(1 + this.random.below(3), 0);
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
    const random = this.random;
    this.riskily(() => {
      const next = this.replaceable.length === 0 || this.chance(3);
      const at = this.addressLater();
      // How far the page that the store goes through is from the one that runs.
      const pages = this.mode === "M" ? 0 : random.pick([0, 0, 4, -4, 16, 20, 12]);
      const width = random.below(4);
      if (width > 0) {
        this.constant(Fixed.value, this.computationWord());
      } else {
        // Flips a bit of an operand, and back the next time.
        code.put("lwu", { rd: Fixed.value, rs1: Fixed.address });
        code.put("lui", { rd: Fixed.operand, imm: 0x10_0000 << random.below(4) });
        code.put("xor", { rd: Fixed.value, rs1: Fixed.value, rs2: Fixed.operand });
      }
      code.put("sw", { rs1: Fixed.address, rs2: Fixed.value });
      if (this.judge === "qemu" || this.chance(2)) code.put("fence.i");
      const target = next ? code.position : random.pick(this.replaceable);
      this.bindAddress(at, Fixed.address, target + pages * PAGE);
      if (next) code.word(this.computationWord(immediates));
    });
  }
}
