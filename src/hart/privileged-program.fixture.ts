import type { GuestMemory } from "#memory/guest-memory.ts";
import { HartSlot, PAGE_BYTES, RAM_BASE } from "#memory/layout.ts";
import { assemble } from "#riscv/cases/case.fixture.ts";
import { expand } from "#riscv/compressed.ts";
import { allInstructions } from "#riscv/decode.ts";
import { zicsr } from "#riscv/extensions/zicsr.ts";
import { Random } from "./float/float-vectors.fixture.ts";
import type { Hart } from "./hart.ts";
import { Pte } from "./translation.ts";

/** Where the window of randomly mapped pages begins, and after it a read-only superpage over all of RAM. */
const WINDOW = 0x4000_0000n;
const WINDOW_PAGES = 32;
const SUPERPAGE = 0x4020_0000n;
const ROOT = RAM_BASE + 0x1000;
const MIDDLE = RAM_BASE + 0x2000;
const LEAVES = RAM_BASE + 0x3000;
const PAGES = RAM_BASE + 0x4000;
const PAGE_COUNT = 12;

const handler = [
  assemble("csrrs", { rd: 31, imm: 0x340 }),
  assemble("addi", { rd: 31, rs1: 31, imm: 0x146 }),
  assemble("csrrw", { rs1: 31, imm: 0x340 }),
  assemble("slli", { rd: 31, rs1: 31, imm: 47 }),
  assemble("srli", { rd: 31, rs1: 31, imm: 47 }),
  assemble("lui", { rd: 30, imm: Number(WINDOW) }),
  assemble("add", { rd: 31, rs1: 31, rs2: 30 }),
  assemble("csrrw", { rs1: 31, imm: 0x341 }),
  assemble("mret", {}),
];

const jumps = /^(b(eq|ne|lt|ge)u?|jal)$/;
const accesses = /^(l[bhwd]u?|s[bhwd]|f[ls][wd]|lr\..|sc\..|amo.*)$/;
const system = new Set(["csrrw", "csrrs", "csrrc", "csrrwi", "csrrsi", "csrrci", "wfi", "mret"]);
const plain = allInstructions.filter(({ name }) => !system.has(name) && !jumps.test(name) && !accesses.test(name));
const memory = allInstructions.filter(({ name }) => accesses.test(name));
const branches = allInstructions.filter(({ name }) => jumps.test(name));
/** sstatus, sie, sscratch, sepc, scause, stval, sip, fcsr, instret, and one that does not exist. */
const csrs = [0x100, 0x100, 0x104, 0x140, 0x141, 0x142, 0x143, 0x144, 0x003, 0xc02, 0x5c0] as const;
/** mstatus, satp, medeleg, mideleg, mie, mepc, mip, mcounteren, stimecmp. */
const machineCsrs = [0x300, 0x300, 0x300, 0x180, 0x302, 0x303, 0x304, 0x341, 0x344, 0x306, 0x14d] as const;
const halfwords = Array.from({ length: 0x1_0000 }, (_, halfword) => halfword).filter((halfword) => expand(halfword));

/** Writes random code, page tables and registers, for S- and U-mode or all three; M-mode's handler goes on somewhere else after each trap. */
class ProgramWriter {
  readonly #random: Random;
  readonly #memory: GuestMemory;
  readonly #hart: Hart;
  /** Starts in M-mode, at physical addresses. */
  readonly #isMachine: boolean;

  constructor(random: Random, guest: GuestMemory, hart: Hart) {
    this.#random = random;
    this.#memory = guest;
    this.#hart = hart;
    this.#isMachine = this.#chance(4);
  }

  write(): void {
    this.#memory.fill(RAM_BASE, 0x2_0000, 0);
    handler.forEach((word, index) => this.#memory.store32(RAM_BASE + 4 * index, word));
    this.#writeTables();
    for (let page = 0; page < PAGE_COUNT; page++) this.#writeCode(PAGES + page * PAGE_BYTES);
    this.#setState();
  }

  #writeTables(): void {
    const pointer = (address: number): bigint => (BigInt(address >>> 12) << 10n) | BigInt(Pte.V);
    this.#memory.store64(ROOT + 8, pointer(MIDDLE));
    this.#memory.store64(MIDDLE, pointer(LEAVES));
    const superpage = BigInt(Pte.V | Pte.R | Pte.X | Pte.A | (this.#chance(2) ? Pte.U : 0));
    this.#memory.store64(MIDDLE + 8, (BigInt(RAM_BASE >>> 12) << 10n) | superpage);
    for (let page = 0; page < WINDOW_PAGES; page++) this.#memory.store64(LEAVES + page * 8, this.#leaf());
  }

  #leaf(): bigint {
    const physical = PAGES + this.#random.below(PAGE_COUNT) * PAGE_BYTES;
    let flags = Pte.V | Pte.R | Pte.W | Pte.X | Pte.A | Pte.D;
    if (this.#chance(2)) flags |= Pte.U;
    if (this.#chance(4)) flags &= ~this.#random.pick([Pte.V, Pte.R, Pte.W, Pte.X, Pte.A, Pte.D, Pte.W | Pte.D]);
    return (BigInt(physical >>> 12) << 10n) | BigInt(flags);
  }

  #writeCode(start: number): void {
    for (let at = start; at < start + PAGE_BYTES; at += 2) {
      if (this.#chance(3)) {
        this.#memory.store16(at, this.#random.pick(halfwords));
        continue;
      }
      const word = this.#instruction();
      this.#memory.store16(at, word & 0xffff);
      at += 2;
      if (at < start + PAGE_BYTES) this.#memory.store16(at, word >>> 16);
    }
  }

  #instruction(): number {
    const kind = this.#random.below(16);
    if (kind === 0) return this.#random.word() | 3;
    if (kind === 1) return this.#csr();
    const { name, instruction } = this.#random.pick(kind < 9 ? memory : kind < 11 ? branches : plain);
    const word = (this.#random.word() & ~instruction.mask) | instruction.match;
    if (accesses.test(name)) return (word & ~(0x18 << 15)) | (1 << 18);
    if (name === "jal") return (word & 0x0000_0fff) | (this.#random.below(200) << 21);
    return jumps.test(name) ? word & ~0x7000_0000 : word;
  }

  #csr(): number {
    const instruction = this.#random.pick(Object.values(zicsr));
    const fields = (this.#random.below(32) << 7) | (this.#random.below(32) << 15);
    return (
      instruction.match | fields | (this.#random.pick(this.#isMachine && this.#chance(2) ? machineCsrs : csrs) << 20)
    );
  }

  /** An address to load, store or jump through: at page ends more often than not, sometimes aligned, sometimes nowhere. */
  #address(): bigint {
    if (this.#chance(16)) return this.#random.bits64();
    if (this.#isMachine && this.#chance(2)) return BigInt(PAGES + this.#random.below(PAGE_COUNT * PAGE_BYTES));
    if (this.#chance(8)) return SUPERPAGE + BigInt(this.#random.below(0x1_0000));
    const page = WINDOW + BigInt(this.#random.below(WINDOW_PAGES) * PAGE_BYTES);
    const offset = this.#chance(2) ? this.#random.below(PAGE_BYTES) : PAGE_BYTES - this.#random.below(16);
    return page + BigInt(this.#chance(2) ? offset & ~7 : offset);
  }

  #setState(): void {
    const hart = this.#hart;
    const start = this.#isMachine ? BigInt(PAGES) : WINDOW;
    hart.reset(start + BigInt(this.#random.below(0x4000) & ~1), "M");
    for (let register = 1; register < 32; register++) {
      hart.setX(register, register >= 8 && register < 16 ? this.#address() : this.#random.bits64());
    }
    for (let register = 0; register < 32; register++) {
      this.#memory.view.setBigUint64(hart.state.base + HartSlot.f + register * 8, this.#random.bits64(), true);
    }
    hart.state.set("mtvec", BigInt(RAM_BASE));
    hart.state.set("stvec", this.#address() & ~3n);
    if (this.#chance(2)) hart.state.set("medeleg", BigInt(this.#random.word() & 0xb3ff));
    hart.state.set("mideleg", 0x222n);
    hart.state.set("mie", BigInt(this.#random.word() & 0xaaa));
    hart.state.setLow("mode", this.#isMachine ? 3 : this.#random.below(2));
    hart.state.setLow(
      "mstatus",
      (this.#random.below(4) << 18) | (this.#chance(4) ? 0 : 1 << 13) | (this.#random.below(2) << 1),
    );
    hart.state.set("satp", (8n << 60n) | BigInt(ROOT >>> 12));
    hart.setX(16, hart.state.get("satp"));
    hart.dropCaches();
  }

  #chance(oneIn: number): boolean {
    return this.#random.below(oneIn) === 0;
  }
}

/** Puts the program that `seed` stands for into a hart and its memory: the same in every hart. */
export function writePrivilegedProgram(seed: number, guest: GuestMemory, hart: Hart): void {
  new ProgramWriter(new Random(seed), guest, hart).write();
}
