import { CodeWriter } from "./code-writer.fixture.ts";

/**
 * The shape of a generated privileged program: 64 KiB of RAM that hold everything it needs, so that every engine and
 * QEMU can run it where it stands. It is entered at its start in M-mode, loads all state from its record, and in the
 * end stores all state there and jumps to EXIT.
 *
 *   0x0000  boot stub, handlers for M- and S-mode, exit stub
 *   0x1000  record
 *   0x2000  page tables of two address spaces: roots, middles, leaves
 *   0x8000  four pages of code
 *   0xc000  four pages of data
 */
export const IMAGE_BYTES = 0x1_0000;
export const PAGE = 0x1000;
export const RECORD = 0x1000;
export const ROOTS = [0x2000, 0x3000] as const;
export const MIDDLES = [0x4000, 0x5000] as const;
export const LEAVES = [0x6000, 0x7000] as const;
export const CODE = 0x8000;
export const DATA = 0xc000;

/** Where programs go in the end: physical, a jump to itself or the harness's next program. */
export const EXIT = 0x8000_0400;

/** Sign-extended, where there is nothing for M-mode: where both address spaces have the window of 4 KiB pages; after its 2 MiB stands a superpage over the start of RAM. */
export const WINDOW = -0x4000_0000;
export const SUPERPAGE = WINDOW + 0x20_0000;
export const WINDOW_PAGES = 36;

/** The window's pages by number. Code stands at multiples of 16 KiB, wherever it is seen. */
export const Window = {
  userCode: 0,
  supervisorCode: 4,
  userData: 8,
  supervisorData: 12,
  /** The code's pages, as data. */
  userCodeData: 16,
  supervisorCodeData: 20,
  varied: 24,
  userDevice: 32,
  supervisorDevice: 33,
} as const;

/** What a program may ask of its handlers: x17 at an ecall. */
export const Request = { nothing: 0, exit: 1, toU: 2, toS: 3, toM: 4, flipLeaf: 5 } as const;

/** Offsets in the record: x and f registers by number, then fcsr, the CSRs, and what the handlers keep. */
export const RecordSlot = { x: 0, f: 0x100, fcsr: 0x200, csrs: 0x208, fuel: 0x300, hash: 0x308, saved: 0x310 } as const;

/** The CSRs in a record, in its order; mstatus is written last. */
export const recordCsrs = [
  ["mtvec", 0x305],
  ["stvec", 0x105],
  ["medeleg", 0x302],
  ["mideleg", 0x303],
  ["mie", 0x304],
  ["mip", 0x344],
  ["mscratch", 0x340],
  ["sscratch", 0x140],
  ["sepc", 0x141],
  ["scause", 0x142],
  ["mepc", 0x341],
  ["mcause", 0x342],
  ["satp", 0x180],
  ["scounteren", 0x106],
  ["menvcfg", 0x30a],
  ["mstatus", 0x300],
] as const;

export type RecordCsr = (typeof recordCsrs)[number][0];

const RECORD_POINTER = 31;
const SPARE = 30;
const MSTATUS = 0x300;

/** Leaves the record's physical address in x31. */
function pointAtRecord(code: CodeWriter): void {
  const at = code.position;
  code.put("auipc", { rd: RECORD_POINTER, imm: RECORD });
  code.put("addi", { rd: RECORD_POINTER, rs1: RECORD_POINTER, imm: -at });
}

function load(code: CodeWriter, rd: number, slot: number): void {
  code.put("ld", { rd, rs1: RECORD_POINTER, imm: slot });
}

function store(code: CodeWriter, rs2: number, slot: number): void {
  code.put("sd", { rs1: RECORD_POINTER, rs2, imm: slot });
}

function turnFloatOn(code: CodeWriter): void {
  code.put("lui", { rd: SPARE, imm: 0x6000 });
  code.put("csrrs", { rs1: SPARE, imm: MSTATUS });
}

/** Loads all state from the record and goes to mepc in the mode of mstatus.MPP. */
function putBootStub(code: CodeWriter): void {
  pointAtRecord(code);
  turnFloatOn(code);
  for (let f = 0; f < 32; f++) code.put("fld", { rd: f, rs1: RECORD_POINTER, imm: RecordSlot.f + f * 8 });
  load(code, SPARE, RecordSlot.fcsr);
  code.put("csrrw", { rs1: SPARE, imm: 0x003 });
  recordCsrs.forEach(([, number], index) => {
    load(code, SPARE, RecordSlot.csrs + index * 8);
    code.put("csrrw", { rs1: SPARE, imm: number });
  });
  code.put("sfence.vma");
  for (let x = 1; x < 32; x++) load(code, x, RecordSlot.x + x * 8);
  code.put("mret");
}

/** Stores all state into the record, but for x28 to x31, which handlers use, and jumps to EXIT. x31 holds the record's address. */
function writeExitStub(code: CodeWriter): void {
  for (let x = 1; x < 28; x++) store(code, x, RecordSlot.x + x * 8);
  recordCsrs.forEach(([, number], index) => {
    code.put("csrrs", { rd: SPARE, imm: number });
    store(code, SPARE, RecordSlot.csrs + index * 8);
  });
  turnFloatOn(code);
  for (let f = 0; f < 32; f++) code.put("fsd", { rs1: RECORD_POINTER, rs2: f, imm: RecordSlot.f + f * 8 });
  code.put("csrrs", { rd: SPARE, imm: 0x003 });
  store(code, SPARE, RecordSlot.fcsr);
  code.put("addi", { rd: SPARE, imm: 1 });
  code.put("slli", { rd: SPARE, rs1: SPARE, imm: 31 });
  code.put("jalr", { rs1: SPARE, imm: EXIT & 0x7ff });
}

/** CSRs and return of a level's handler. */
const levels = {
  M: { status: 0x300, epc: 0x341, cause: 0x342, value: 0x343, enabled: 0x304, pending: 0x344, return: "mret" },
  S: { status: 0x100, epc: 0x141, cause: 0x142, value: 0x143, enabled: 0x104, pending: 0x144, return: "sret" },
} as const;

/** What a program's handlers do, and what they may look at. */
export interface HandlerOptions {
  /** After an exception: where x29 says, or the next four bytes on. */
  readonly goesOn: "resume" | "skip";
  /** Grants what a load or store lacked, every other time, and has it executed again. */
  readonly repairs: boolean;
  /** Looks at mtval and stval, which QEMU has otherwise. */
  readonly looksAtValue: boolean;
  /** Fences the page, not everything, after changing its leaf. */
  readonly fencesPage: boolean;
}

/**
 * Writes a handler. Each trap takes one from the fuel, whose end ends the program; cause and place go into a hash. An interrupt is
 * disabled and, where software can, cleared. Only x28 and x29 are as before.
 */
class HandlerWriter {
  readonly #code: CodeWriter;
  readonly #level: "M" | "S";
  readonly #options: HandlerOptions;
  readonly #toExit: number[] = [];
  readonly #toEnd: number[] = [];

  constructor(code: CodeWriter, level: "M" | "S", options: HandlerOptions) {
    this.#code = code;
    this.#level = level;
    this.#options = options;
  }

  /** Returns where it begins: a table for vectored interrupts. */
  write(): number {
    const code = this.#code;
    const csrs = levels[this.#level];
    const start = code.position;
    const table = Array.from({ length: 12 }, () => code.putForward("jal"));
    for (const at of table) code.bind(at, "jal");
    pointAtRecord(code);
    store(code, 28, RecordSlot.saved);
    store(code, 29, RecordSlot.saved + 8);
    this.#takeFuel();
    code.put("csrrs", { rd: 30, imm: csrs.cause });
    this.#hash();
    const exception = code.putForward("bge", { rs1: 30 });
    code.put("addi", { rd: 28, imm: 1 });
    code.put("sll", { rd: 28, rs1: 28, rs2: 30 });
    code.put("csrrc", { rs1: 28, imm: csrs.enabled });
    code.put("csrrc", { rs1: 28, imm: csrs.pending });
    this.#toEnd.push(code.putForward("jal"));
    code.bind(exception, "bge", { rs1: 30 });
    this.#exception();
    for (const at of this.#toEnd) code.bind(at, "jal");
    load(code, 28, RecordSlot.saved);
    load(code, 29, RecordSlot.saved + 8);
    code.put(csrs.return);
    for (const at of this.#toExit) code.bind(at, "jal");
    if (this.#level === "M") writeExitStub(code);
    else {
      code.put("addi", { rd: 17, imm: Request.exit });
      code.put("ecall");
    }
    return start;
  }

  #takeFuel(): void {
    const code = this.#code;
    load(code, 30, RecordSlot.fuel);
    code.put("addi", { rd: 30, rs1: 30, imm: -1 });
    store(code, 30, RecordSlot.fuel);
    code.put("blt", { rs2: 30, imm: 8 });
    this.#toExit.push(code.putForward("jal"));
  }

  /** Of the cause in x30, and of where and perhaps why. */
  #hash(): void {
    const code = this.#code;
    const csrs = levels[this.#level];
    load(code, 28, RecordSlot.hash);
    const parts = [csrs.epc, ...(this.#options.looksAtValue ? [csrs.value] : [])];
    for (const csr of parts) {
      code.put("slli", { rd: 29, rs1: 28, imm: 5 });
      code.put("sub", { rd: 28, rs1: 29, rs2: 28 });
      code.put("csrrs", { rd: 29, imm: csr });
      code.put("add", { rd: 28, rs1: 28, rs2: 29 });
    }
    code.put("add", { rd: 28, rs1: 28, rs2: 30 });
    store(code, 28, RecordSlot.hash);
  }

  #exception(): void {
    const code = this.#code;
    const { epc } = levels[this.#level];
    code.put("addi", { rd: 28, rs1: 30, imm: -8 });
    code.put("sltiu", { rd: 28, rs1: 28, imm: 4 });
    const call = code.putForward("bne", { rs1: 28 });
    if (this.#options.repairs) this.#repair();
    if (this.#options.goesOn === "resume") load(code, 28, RecordSlot.saved + 8);
    else {
      code.put("csrrs", { rd: 28, imm: epc });
      code.put("addi", { rd: 28, rs1: 28, imm: 4 });
    }
    code.put("csrrw", { rs1: 28, imm: epc });
    this.#toEnd.push(code.putForward("jal"));
    code.bind(call, "bne", { rs1: 28 });
    this.#request();
  }

  /** Makes the leaves of a load or store page fault's page readable, writable and used. */
  #repair(): void {
    const code = this.#code;
    code.put("addi", { rd: 28, rs1: 30, imm: -13 });
    code.put("andi", { rd: 28, rs1: 28, imm: -3 });
    const otherCause = code.putForward("bne", { rs1: 28 });
    load(code, 28, RecordSlot.fuel);
    code.put("andi", { rd: 28, rs1: 28, imm: 1 });
    const otherTime = code.putForward("beq", { rs1: 28 });
    code.put("csrrs", { rd: 30, imm: levels[this.#level].value });
    code.put("srli", { rd: 28, rs1: 30, imm: 9 });
    code.put("andi", { rd: 28, rs1: 28, imm: 0x1f8 });
    code.put("add", { rd: 28, rs1: 28, rs2: RECORD_POINTER });
    for (const table of LEAVES) {
      code.put("lui", { rd: 29, imm: table === LEAVES[0] ? table - RECORD : LEAVES[1] - LEAVES[0] });
      code.put("add", { rd: 28, rs1: 28, rs2: 29 });
      code.put("ld", { rd: 29, rs1: 28 });
      code.put("ori", { rd: 29, rs1: 29, imm: 0xc7 });
      code.put("sd", { rs1: 28, rs2: 29 });
    }
    code.put("sfence.vma", {});
    if (this.#options.fencesPage) code.patchWord(code.position - 4, code.wordAt(code.position - 4) | (30 << 15));
    this.#toEnd.push(code.putForward("jal"));
    code.bind(otherCause, "bne", { rs1: 28 });
    code.bind(otherTime, "beq", { rs1: 28 });
  }

  #request(): void {
    const code = this.#code;
    const { epc } = levels[this.#level];
    code.put("addi", { rd: 28, rs1: 17, imm: -Request.exit });
    code.put("bne", { rs1: 28, imm: 8 });
    this.#toExit.push(code.putForward("jal"));
    code.put("csrrs", { rd: 30, imm: epc });
    code.put("addi", { rd: 30, rs1: 30, imm: 4 });
    this.#changeMode();
    code.put("addi", { rd: 28, rs1: 17, imm: -Request.flipLeaf });
    const other = code.putForward("bne", { rs1: 28 });
    code.put("andi", { rd: 28, rs1: 16, imm: 0x1f8 });
    code.put("add", { rd: 28, rs1: 28, rs2: RECORD_POINTER });
    code.put("lui", { rd: 29, imm: LEAVES[0] - RECORD });
    code.put("add", { rd: 28, rs1: 28, rs2: 29 });
    code.put("ld", { rd: 29, rs1: 28 });
    code.put("csrrw", { rs1: 30, imm: epc });
    code.put("srli", { rd: 30, rs1: 16, imm: 12 });
    code.put("andi", { rd: 30, rs1: 30, imm: 0xff });
    code.put("xor", { rd: 29, rs1: 29, rs2: 30 });
    code.put("sd", { rs1: 28, rs2: 29 });
    code.put("sfence.vma");
    this.#toEnd.push(code.putForward("jal"));
    code.bind(other, "bne", { rs1: 28 });
    code.put("csrrw", { rs1: 30, imm: epc });
  }

  /** Moves x30, where to go on, to where the wanted mode sees the code, and has the return go there. */
  #changeMode(): void {
    const code = this.#code;
    const { status } = levels[this.#level];
    const isM = this.#level === "M";
    const modes = [
      { request: Request.toU, window: Window.userCode, previous: 0 },
      { request: Request.toS, window: Window.supervisorCode, previous: isM ? 0x800 : 0x100 },
      ...(isM ? [{ request: Request.toM, window: undefined, previous: 0x1800 }] : []),
    ];
    for (const { request, window, previous } of modes) {
      code.put("addi", { rd: 28, rs1: 17, imm: -request });
      const other = code.putForward("bne", { rs1: 28 });
      code.put("lui", { rd: 28, imm: isM ? 0x2000 : 0 });
      code.put("addi", { rd: 28, rs1: 28, imm: isM ? -0x800 : 0x100 });
      code.put("csrrc", { rs1: 28, imm: status });
      code.put("lui", { rd: 28, imm: (previous + 0x800) & ~0xfff });
      code.put("addi", { rd: 28, rs1: 28, imm: ((previous & 0xfff) ^ 0x800) - 0x800 });
      code.put("csrrs", { rs1: 28, imm: status });
      code.put("slli", { rd: 30, rs1: 30, imm: 50 });
      code.put("srli", { rd: 30, rs1: 30, imm: 50 });
      code.put("lui", { rd: 28, imm: window === undefined ? CODE - RECORD : WINDOW + window * PAGE });
      if (window === undefined) code.put("add", { rd: 28, rs1: 28, rs2: RECORD_POINTER });
      code.put("add", { rd: 30, rs1: 30, rs2: 28 });
      code.bind(other, "bne", { rs1: 28 });
    }
  }
}

/** The boot stub alone. */
export function writeBootStub(): Uint8Array {
  const code = new CodeWriter();
  putBootStub(code);
  return code.toBytes();
}

/** Writes the stubs at an image's start; returns where the handlers stand in it. */
export function writeStubs(options: HandlerOptions): {
  readonly bytes: Uint8Array;
  readonly machine: number;
  readonly supervisor: number;
} {
  const code = new CodeWriter();
  putBootStub(code);
  const supervisor = new HandlerWriter(code, "S", options).write();
  const machine = new HandlerWriter(code, "M", options).write();
  return { bytes: code.toBytes(), machine, supervisor };
}
