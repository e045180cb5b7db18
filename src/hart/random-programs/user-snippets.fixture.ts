import {
  RandomCode,
  Fixed,
  immediates,
  floats,
  atomics,
  compressedComputations,
  computations,
  writesX,
  withField,
} from "./random-code.fixture.ts";

/** Computation and memory: what any mode may do. */
export abstract class UserSnippets extends RandomCode {
  protected computation(): void {
    if (this.chance(2)) this.replaceable.push(this.code.position);
    this.code.word(this.computationWord(this.chance(2) ? immediates : computations));
  }

  /** Two shifts of a register and their `or`, and now and then one that is no rotation, or that something comes between. */
  protected rotation(): void {
    const { code } = this;
    const source = this.chance(3) ? this.target() : this.source();
    const [width, suffix] = this.chance(2) ? [64, ""] : [32, "w"];
    const distance = 1 + this.random.below(width - 1);
    const opposite = this.chance(6) ? this.random.below(width) : width - distance;
    const [one, other] = [this.target(), this.target()];
    const shifts = [
      () => code.put(`srli${suffix}`, { rd: one, rs1: source, imm: distance }),
      () => code.put(`slli${suffix}`, { rd: other, rs1: this.chance(8) ? this.source() : source, imm: opposite }),
    ];
    if (this.chance(2)) shifts.reverse();
    for (const shift of shifts) {
      shift();
      if (this.chance(4)) this.computation();
    }
    code.put("or", { rd: this.target(), rs1: one, rs2: other });
  }

  protected compressed(): void {
    this.code.halfword(this.random.pick(compressedComputations));
  }

  protected floatOperation(): void {
    const chosen = this.random.pick(floats);
    let word = this.randomWord(chosen);
    if ((chosen.instruction.mask & 0x7000) === 0)
      word = withField(word, 12, this.random.pick([0, 1, 2, 3, 4, 7, 7, 7]), 7);
    if (writesX(chosen.name)) word = withField(word, 7, this.target());
    this.riskily(() => this.code.word(word));
  }

  protected access(pointer: number): void {
    const write = (): void => this.code.word(this.accessWord(pointer, this.accessOffset()));
    if (pointer === Fixed.data && !this.chance(4)) write();
    else this.riskily(write);
  }

  /** Steps a pointer through memory, which ends somewhere, and turns it back now and then. */
  protected walk(): void {
    const { code } = this;
    // It would come to QEMU's next program, or to this one's code, which QEMU executes as it was for the rest of a block.
    const isBounded = this.judge === "qemu";
    if (isBounded || this.chance(2))
      code.put("add", { rd: Fixed.walker, rs1: this.random.pick([Fixed.data, Fixed.varied]) });
    else
      code.put("addi", {
        rd: Fixed.walker,
        rs1: Fixed.walker,
        imm: this.random.pick([8, 64, 510, 1024, 2047, -8, -1000]),
      });
    this.riskily(() => code.word(this.accessWord(Fixed.walker, this.random.below(16) - 8)));
  }

  protected atomic(): void {
    const { code } = this;
    const chosen = this.random.pick(atomics);
    const width = chosen.name.endsWith("w") ? 4 : 8;
    const pointer = this.chance(4) ? Fixed.varied : Fixed.data;
    const offset = this.judge === "engines" && this.chance(8) ? this.accessOffset() : this.accessOffset() & -width;
    code.put("addi", { rd: Fixed.address, rs1: pointer, imm: offset });
    this.riskily(() => {
      // QEMU calls a fault of some atomics a load's: let a store find it.
      if (this.judge === "qemu") code.put("sb", { rs1: Fixed.address, rs2: this.source() });
      code.word(withField(withField(this.randomWord(chosen), 7, this.target()), 15, Fixed.address));
    });
  }

  /** A lock or counter as programs have it: tries again until it succeeds. */
  protected reservation(): void {
    const { code } = this;
    const [width, size] = this.random.pick([
      ["w", 4],
      ["d", 8],
    ] as const);
    const pointer = this.chance(8) ? Fixed.varied : Fixed.data;
    code.put("addi", { rd: Fixed.address, rs1: pointer, imm: this.accessOffset() & -size });
    const isOpen = this.judge === "engines";
    this.riskily(() => {
      // Whether a reservation outlives a trap is open: let a store find what faults.
      if (!isOpen) code.put("sb", { rs1: Fixed.address, rs2: this.source() });
      const again = code.position;
      const isReserved = !isOpen || !this.chance(8);
      if (isReserved) code.put(`lr.${width}`, { rd: Fixed.value, rs1: Fixed.address });
      if (this.chance(4)) code.put("sb", { rs1: Fixed.address, rs2: this.source(), imm: this.random.below(size) });
      code.put("addi", { rd: Fixed.value, rs1: Fixed.value, imm: 1 });
      const failed = this.target();
      code.put(`sc.${width}`, { rd: failed, rs1: Fixed.address, rs2: Fixed.value });
      if (isReserved && this.chance(2)) code.put("bne", { rs1: failed, imm: again - code.position });
    });
  }
}
