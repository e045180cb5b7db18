import { Random } from "#hart/float/float-vectors.fixture.ts";
import { ImageWriter } from "./image-writer.fixture.ts";
import {
  CODE,
  DATA,
  IMAGE_BYTES,
  LEAVES,
  PAGE,
  SUPERPAGE,
  Window,
  WINDOW,
  writeBootStub,
  writeStubs,
} from "./program-image.fixture.ts";
import { SnippetWriter } from "./program-snippets.fixture.ts";
import { Fixed, LEAVES_DISTANCE, type Judge } from "./random-code.fixture.ts";
import { ADUE, Pte } from "#hart/translation/translation.ts";
import { writeWildProgram } from "./wild-program.fixture.ts";

/** A generated program, to be put at `base` and entered there in M-mode. */
export interface PrivilegedProgram {
  readonly seed: number;
  readonly base: number;
  readonly image: Uint8Array;
}

const DEVICE = 0x1000_0000;
const USED = Pte.V | Pte.A | Pte.D;
const RWX = Pte.R | Pte.W | Pte.X;

const modes = { U: 0, S: 1, M: 3 } as const;

/** A program of loops that mostly do what they are meant to: see `SnippetWriter`. */
class OrderlyProgramWriter {
  readonly #random: Random;
  readonly #judge: Judge;
  readonly #image: ImageWriter;
  readonly #mode: "U" | "S" | "M";

  constructor(random: Random, judge: Judge, base: number) {
    this.#random = random;
    this.#judge = judge;
    this.#image = new ImageWriter(base);
    this.#mode = random.pick(["U", "U", "U", "S", "S", "S", "M", "M"]);
  }

  write(): Uint8Array {
    const random = this.#random;
    const image = this.#image;
    const { bytes, machine, supervisor } = writeStubs({
      // An atomic must not be gone on with where the store before it has failed: see `SnippetWriter`.
      goesOn: this.#judge === "engines" && this.#chance(3) ? "skip" : "resume",
      repairs: this.#chance(2),
      looksAtValue: this.#judge === "engines",
      fencesPage: this.#chance(2),
    });
    image.bytes.set(bytes);
    this.#tables();
    for (let at = DATA; at < IMAGE_BYTES; at += 8) image.view.setBigUint64(at, this.#integer(), true);
    const start = this.#code();
    this.#registers();
    image.csr("mtvec", image.base + machine + (this.#chance(4) ? 1 : 0));
    image.csr("stvec", image.base + supervisor + (this.#chance(4) ? 1 : 0));
    const places = {
      U: WINDOW + Window.userCode * PAGE,
      S: WINDOW + Window.supervisorCode * PAGE,
      M: image.base + CODE,
    };
    image.csr("mepc", places[this.#mode] + start - CODE);
    image.csr("satp", image.satp(0));
    // Never what S-mode asks of M-mode.
    image.csr("medeleg", random.pick([0, random.word() & 0xb1ff, random.word() & 0xb1ff, 0xb1ff]));
    if (!this.#chance(4)) image.csr("mideleg", 0x222);
    image.csr("mie", random.word() & (this.#judge === "engines" ? 0xaaa : 0x222));
    image.csr("scounteren", 7);
    // QEMU's hart sets A and D, whatever it is told.
    image.csr("menvcfg", this.#judge === "engines" && this.#chance(4) ? 0n : ADUE);
    const enabled = (random.below(2) << 1) | (random.below(2) << 7);
    const float = random.below(8) === 0 ? 0 : (1 + random.below(3)) << 13;
    image.csr("mstatus", (modes[this.#mode] << 11) | enabled | float | (random.below(4) << 18));
    image.fuel(this.#judge === "qemu" ? 40 + random.below(100) : 1000);
    return image.bytes;
  }

  #chance(oneIn: number): boolean {
    return this.#random.below(oneIn) === 0;
  }

  #integer(): bigint {
    const value = this.#random.bits64() >> BigInt(this.#random.below(64));
    return this.#chance(2) ? value : BigInt.asUintN(64, -value);
  }

  #code(): number {
    for (;;) {
      const writer = new SnippetWriter(this.#random, this.#judge, this.#mode);
      const start = writer.write(CODE);
      if (writer.code.position > DATA) continue;
      this.#image.bytes.set(writer.code.toBytes().subarray(CODE), CODE);
      return start;
    }
  }

  #registers(): void {
    const random = this.#random;
    const image = this.#image;
    for (let register = 1; register < 32; register++) {
      image.x(register, this.#integer());
      image.f(register, this.#chance(2) ? random.bits64() : 0xffff_ffff_0000_0000n | BigInt(random.word()));
    }
    // QEMU's mepc and sepc keep bit 0.
    image.x(Fixed.resume, 0);
    const isUser = this.#mode === "U";
    const border = (1 + random.below(3)) * PAGE;
    const data =
      this.#mode === "M" ? image.base + DATA : WINDOW + (isUser ? Window.userData : Window.supervisorData) * PAGE;
    image.x(Fixed.data, data + border);
    const varied = WINDOW + Window.varied * PAGE + (1 + random.below(7)) * PAGE;
    image.x(Fixed.varied, this.#chance(4) ? SUPERPAGE + (image.base & 0x1f_ffff) + DATA + border : varied);
    const device = WINDOW + (isUser ? Window.userDevice : Window.supervisorDevice) * PAGE;
    image.x(Fixed.device, this.#mode === "M" ? DEVICE : device);
    image.x(Fixed.leaves, image.base + LEAVES[0] + LEAVES_DISTANCE);
    image.x(Fixed.satp, image.satp(0));
    image.x(Fixed.otherSatp, image.satp(1));
    image.x(Fixed.walker, data);
  }

  /** Code is the same in both spaces; data is not, and no two of its pages are neighbours in RAM too. */
  #tables(): void {
    const image = this.#image;
    const some = this.#chance(2) ? 2 : 12;
    const used = (): number => (this.#chance(some) ? this.#random.pick([Pte.V, Pte.V | Pte.A, Pte.V | Pte.D]) : USED);
    image.tables(used() | Pte.R | (this.#chance(2) ? Pte.X : 0) | (this.#chance(2) ? Pte.U : 0));
    for (const table of LEAVES) {
      for (let page = 0; page < 4; page++) {
        const code = image.base + CODE + page * PAGE;
        const set = (window: number, physical: number, flags: number): void =>
          image.entry(table, window + page, physical, flags);
        const stores = this.#chance(2) ? Pte.W : 0;
        set(Window.userCode, code, used() | Pte.R | Pte.X | Pte.U | stores);
        set(Window.supervisorCode, code, used() | Pte.R | Pte.X | stores);
        const data = image.base + DATA + (table === LEAVES[0] ? [2, 0, 3, 1][page]! : this.#random.below(4)) * PAGE;
        set(Window.userData, data, used() | Pte.R | Pte.W | Pte.U);
        set(Window.supervisorData, data, used() | Pte.R | Pte.W);
        set(Window.userCodeData, code, used() | Pte.R | Pte.W | Pte.U);
        set(Window.supervisorCodeData, code, used() | Pte.R | Pte.W);
        set(Window.varied, data, this.#variedFlags(used()));
        set(Window.varied + 4, image.base + DATA + this.#random.below(4) * PAGE, this.#variedFlags(used()));
      }
      image.entry(table, Window.userDevice, DEVICE, used() | Pte.R | Pte.W | Pte.U);
      image.entry(table, Window.supervisorDevice, DEVICE, used() | Pte.R | Pte.W);
    }
  }

  #variedFlags(used: number): number {
    if (this.#chance(8)) return 0;
    const flags = this.#random.pick([Pte.R, Pte.R | Pte.W, Pte.R | Pte.W, Pte.X, Pte.W, RWX]);
    return used | flags | (this.#chance(2) ? Pte.U : 0);
  }
}

/** The program that `seed` stands for. Every third that engines judge is a wild one. */
export function generatePrivilegedProgram(seed: number, judge: Judge, base: number): PrivilegedProgram {
  const random = new Random(seed);
  const isWild = judge === "engines" && seed % 3 === 0;
  const image = isWild
    ? writeWildProgram(random, base, writeBootStub())
    : new OrderlyProgramWriter(random, judge, base).write();
  return { seed, base, image };
}
