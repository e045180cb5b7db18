import { PAGE, Request, Window, WINDOW } from "./program-image.fixture.ts";
import { Fixed, SSTATUS, LEAVES_DISTANCE } from "./random-code.fixture.ts";
import { UserSnippets } from "./user-snippets.fixture.ts";

/** Devices, CSRs, fences, address spaces, traps and interrupts. */
export abstract class SystemSnippets extends UserSnippets {
  protected device(): void {
    const { code } = this;
    this.riskily(() => {
      if (this.judge === "qemu") {
        // The UART's scratch register.
        code.put("sb", { rs1: Fixed.device, rs2: this.source(), imm: 7 });
        if (this.chance(2)) code.put(this.random.pick(["lb", "lbu"]), { rd: this.target(), rs1: Fixed.device, imm: 7 });
      } else code.word(this.accessWord(Fixed.device, this.random.below(this.chance(8) ? 0x800 : 0x40)));
    });
  }

  /** frm and fflags, or FS. */
  protected floatState(): void {
    const { code } = this;
    const random = this.random;
    this.riskily(() => {
      const kind = random.below(4);
      if (kind === 0) code.put("csrrwi", { rd: this.target(), rs1: random.below(8), imm: 2 });
      else if (kind === 1) code.put("csrrw", { rd: this.target(), rs1: this.source(), imm: random.pick([1, 3]) });
      else {
        code.put("lui", {
          rd: Fixed.value,
          imm: this.judge === "qemu" ? 0x6000 : random.pick([0x2000, 0x4000, 0x6000]),
        });
        code.put(this.chance(3) ? "csrrc" : "csrrs", { rs1: Fixed.value, imm: SSTATUS });
      }
    });
  }

  /** SUM and MXR, or MPRV and what goes with it. */
  protected status(): void {
    const { code } = this;
    const random = this.random;
    // QEMU's MPRV outlives returns that should clear it.
    const isM = this.mode === "M" && this.judge === "engines" && this.chance(2);
    this.riskily(() => {
      const bits = isM ? [0x2_0000, 0x2_0000, 0x2_1000, 0x4_0000, 0xc_0000] : [0x4_0000, 0x8_0000, 0xc_0000];
      code.put("lui", { rd: Fixed.value, imm: random.pick(bits) });
      if (isM && this.chance(2)) code.put("addi", { rd: Fixed.value, rs1: Fixed.value, imm: -0x800 });
      code.put(random.pick(["csrrs", "csrrc"]), {
        rd: this.judge === "engines" ? this.target() : 0,
        rs1: Fixed.value,
        imm: isM ? 0x300 : SSTATUS,
      });
    });
  }

  protected fence(): void {
    const page = this.chance(2) ? this.random.pick([Fixed.data, Fixed.varied, Fixed.walker]) : 0;
    this.riskily(() => this.code.put(this.chance(4) ? "fence.i" : "sfence.vma", page ? { rs1: page } : {}));
  }

  /** The other address space, or the first again. */
  protected addressSpace(): void {
    const rs1 = this.random.pick([
      Fixed.satp,
      Fixed.otherSatp,
      Fixed.otherSatp,
      this.judge === "engines" && this.chance(8) ? 0 : Fixed.satp,
    ]);
    this.riskily(() => this.code.put("csrrw", { rs1, imm: 0x180 }));
  }

  /** Flips bits of a leaf of the first address space and fences: through the handler, or, from S-mode, by itself. */
  protected leaf(): void {
    const { code } = this;
    const random = this.random;
    const page = random.pick([Window.userData, Window.supervisorData, Window.varied, Window.varied]) + random.below(4);
    const bits = random.pick([1, 2, 4, 6, 8, 14, 16, ...(this.judge === "engines" ? [64, 128, 192] : [])]);
    if (this.chance(2)) {
      this.constant(Fixed.operand, (bits << 12) | (page * 8));
      return this.request(Request.flipLeaf);
    }
    this.riskily(() => {
      code.put("lui", { rd: Fixed.address, imm: -LEAVES_DISTANCE });
      code.put("add", { rd: Fixed.address, rs1: Fixed.address, rs2: Fixed.leaves });
      code.put("ld", { rd: Fixed.value, rs1: Fixed.address, imm: page * 8 });
      code.put("xori", { rd: Fixed.value, rs1: Fixed.value, imm: bits });
      code.put("sd", { rs1: Fixed.address, rs2: Fixed.value, imm: page * 8 });
      code.put("lui", { rd: Fixed.address, imm: WINDOW + page * PAGE });
      code.put("sfence.vma", this.chance(2) ? { rs1: Fixed.address } : {});
    });
  }

  protected trap(): void {
    const { code } = this;
    const random = this.random;
    this.riskily(() => {
      const kind = random.below(6);
      if (kind === 0) code.put("ebreak");
      else if (kind === 1) code.halfword(0);
      else if (kind === 2) code.word(random.word() | 0x7f);
      else if (kind === 3) code.put("ld", { rd: this.target(), rs1: 0, imm: random.below(100) });
      else if (kind === 4)
        code.put("jalr", { rd: 5, rs1: this.judge === "qemu" ? 0 : Fixed.varied, imm: random.below(100) });
      else code.put("csrrw", { rd: this.target(), rs1: this.source(), imm: random.pick([0x5c0, 0xc00, 0x7c0]) });
    });
  }

  protected request(request: number): void {
    this.code.put("addi", { rd: Fixed.request, imm: request });
    this.riskily(() => this.code.put("ecall"));
  }

  /** An sret or mret that goes on behind itself. */
  protected trapReturn(): void {
    const { code } = this;
    // QEMU's sret leaves MPRV as it was.
    const isM = this.mode === "M" && (this.judge === "qemu" || this.chance(2));
    this.riskily(() => {
      const at = this.addressLater();
      code.put("csrrw", { rs1: Fixed.address, imm: isM ? 0x341 : 0x141 });
      // To the mode that the code is in: SPP, MPP.
      if (isM) {
        code.put("lui", { rd: Fixed.value, imm: 0x2000 });
        code.put("addi", { rd: Fixed.value, rs1: Fixed.value, imm: -0x800 });
      } else code.put("addi", { rd: Fixed.value, imm: 0x100 });
      code.put("csrrs", { rs1: Fixed.value, imm: isM ? 0x300 : SSTATUS });
      code.put(isM ? "mret" : "sret");
      this.bindAddress(at, Fixed.address);
    });
  }

  /** Raises, lowers, enables or disables interrupts of S-mode. */
  protected interrupt(): void {
    const { code } = this;
    const random = this.random;
    const isM = this.mode === "M" && this.chance(2);
    this.riskily(() => {
      code.put("addi", { rd: Fixed.value, imm: random.pick([2, 0x202, 0x222]) });
      const operation = random.pick(["csrrs", "csrrs", "csrrs", "csrrc"]);
      const pending = random.below(3) > 0;
      // Only what software raises: SSIP.
      if (pending) code.put(operation === "csrrs" ? "csrrsi" : "csrrci", { rs1: 2, imm: isM ? 0x344 : 0x144 });
      if (!pending || this.chance(2)) code.put(operation, { rs1: Fixed.value, imm: isM ? 0x304 : 0x104 });
      if (this.chance(2)) code.put("csrrsi", { rs1: 2, imm: SSTATUS });
      if (this.chance(4)) code.put("csrrci", { rs1: 2, imm: SSTATUS });
    });
  }

  /** Counters, wfi, timers and random words: what only engines agree about. */
  protected engineOnly(): void {
    if (this.judge === "qemu") return this.computation();
    const { code } = this;
    const random = this.random;
    const kind = random.below(8);
    this.riskily(() => {
      if (kind === 0) code.put("wfi");
      else if (kind === 1) code.word(random.word() | 3);
      else if (kind === 2) code.put("csrrw", { rs1: this.target(), imm: random.pick([0xb00, 0xb02]) });
      else if (kind === 3) {
        code.put("csrrs", { rd: Fixed.value, imm: 0xc01 });
        code.put("addi", { rd: Fixed.value, rs1: Fixed.value, imm: random.below(40) });
        code.put("csrrw", { rs1: Fixed.value, imm: 0x14d });
      } else code.put("csrrs", { rd: this.target(), imm: random.pick([0xc00, 0xc01, 0xc02, 0x144, 0x100, 0x142]) });
    });
  }
}
