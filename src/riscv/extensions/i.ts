import type { AccessWidth, Engine } from "#riscv/engine.ts";
import type { InstructionTable, Semantics } from "#riscv/instruction.ts";
import { immediate, register, type Binary } from "./shapes.ts";

type Extend = <V>(e: Engine<V>, loaded: V) => V;

const word: Extend = (e, a) => e.signExtend(32, a);

function load(width: AccessWidth, extend: Extend): Semantics {
  return (e, { rd, rs1, imm }) => e.writeX(rd, extend(e, e.load(width, e.add(e.readX(rs1), e.immediate(imm)))));
}

function store(width: AccessWidth): Semantics {
  return (e, { rs1, rs2, imm }) => e.store(width, e.add(e.readX(rs1), e.immediate(imm)), e.readX(rs2));
}

function branch(condition: Binary): Semantics {
  return (e, { rs1, rs2, imm }) => e.branchIf(condition(e, e.readX(rs1), e.readX(rs2)), imm);
}

/** The shift amounts of word shifts: 5 bits. */
function amount<V>(e: Engine<V>, b: V): V {
  return e.and(b, e.constant(31n));
}

/** RV64I base integer instructions, Unprivileged ISA §2 and §4. FENCE is a no-op: harts see each other's memory in order. */
export const i = {
  lui: { match: 0x37, mask: 0x7f, format: "U", execute: (e, { rd, imm }) => e.writeX(rd, e.immediate(imm)) },
  auipc: {
    match: 0x17,
    mask: 0x7f,
    format: "U",
    execute: (e, { rd, imm }) => e.writeX(rd, e.add(e.pc(), e.immediate(imm))),
  },
  jal: {
    match: 0x6f,
    mask: 0x7f,
    format: "J",
    execute: (e, { rd, imm }) => {
      e.writeX(rd, e.nextPc());
      e.jump(imm);
    },
  },
  jalr: {
    match: 0x67,
    mask: 0x707f,
    format: "I",
    execute: (e, { rd, rs1, imm }) => {
      const target = e.and(e.add(e.readX(rs1), e.immediate(imm)), e.constant(-2n));
      e.writeX(rd, e.nextPc());
      e.jumpTo(target);
    },
  },

  beq: { match: 0x0063, mask: 0x707f, format: "B", execute: branch((e, a, b) => e.equal(a, b)) },
  bne: { match: 0x1063, mask: 0x707f, format: "B", execute: branch((e, a, b) => e.notEqual(a, b)) },
  blt: { match: 0x4063, mask: 0x707f, format: "B", execute: branch((e, a, b) => e.lessThan(a, b)) },
  bge: { match: 0x5063, mask: 0x707f, format: "B", execute: branch((e, a, b) => e.greaterOrEqual(a, b)) },
  bltu: { match: 0x6063, mask: 0x707f, format: "B", execute: branch((e, a, b) => e.lessThanUnsigned(a, b)) },
  bgeu: { match: 0x7063, mask: 0x707f, format: "B", execute: branch((e, a, b) => e.greaterOrEqualUnsigned(a, b)) },

  lb: { match: 0x0003, mask: 0x707f, format: "I", execute: load(1, (e, a) => e.signExtend(8, a)) },
  lh: { match: 0x1003, mask: 0x707f, format: "I", execute: load(2, (e, a) => e.signExtend(16, a)) },
  lw: { match: 0x2003, mask: 0x707f, format: "I", execute: load(4, word) },
  ld: { match: 0x3003, mask: 0x707f, format: "I", execute: load(8, (_, a) => a) },
  lbu: { match: 0x4003, mask: 0x707f, format: "I", execute: load(1, (_, a) => a) },
  lhu: { match: 0x5003, mask: 0x707f, format: "I", execute: load(2, (_, a) => a) },
  lwu: { match: 0x6003, mask: 0x707f, format: "I", execute: load(4, (_, a) => a) },
  sb: { match: 0x0023, mask: 0x707f, format: "S", execute: store(1) },
  sh: { match: 0x1023, mask: 0x707f, format: "S", execute: store(2) },
  sw: { match: 0x2023, mask: 0x707f, format: "S", execute: store(4) },
  sd: { match: 0x3023, mask: 0x707f, format: "S", execute: store(8) },

  addi: { match: 0x0013, mask: 0x707f, format: "I", execute: immediate((e, a, b) => e.add(a, b)) },
  slti: { match: 0x2013, mask: 0x707f, format: "I", execute: immediate((e, a, b) => e.lessThan(a, b)) },
  sltiu: { match: 0x3013, mask: 0x707f, format: "I", execute: immediate((e, a, b) => e.lessThanUnsigned(a, b)) },
  xori: { match: 0x4013, mask: 0x707f, format: "I", execute: immediate((e, a, b) => e.xor(a, b)) },
  ori: { match: 0x6013, mask: 0x707f, format: "I", execute: immediate((e, a, b) => e.or(a, b)) },
  andi: { match: 0x7013, mask: 0x707f, format: "I", execute: immediate((e, a, b) => e.and(a, b)) },
  slli: { match: 0x1013, mask: 0xfc00707f, format: "shift", execute: immediate((e, a, b) => e.shiftLeft(a, b)) },
  srli: {
    match: 0x5013,
    mask: 0xfc00707f,
    format: "shift",
    execute: immediate((e, a, b) => e.shiftRightLogical(a, b)),
  },
  srai: {
    match: 0x40005013,
    mask: 0xfc00707f,
    format: "shift",
    execute: immediate((e, a, b) => e.shiftRightArithmetic(a, b)),
  },
  addiw: { match: 0x001b, mask: 0x707f, format: "I", execute: immediate((e, a, b) => word(e, e.add(a, b))) },
  slliw: {
    match: 0x101b,
    mask: 0xfe00707f,
    format: "shiftw",
    execute: immediate((e, a, b) => word(e, e.shiftLeft(a, b))),
  },
  srliw: {
    match: 0x501b,
    mask: 0xfe00707f,
    format: "shiftw",
    execute: immediate((e, a, b) => word(e, e.shiftRightLogical(e.zeroExtend(32, a), b))),
  },
  sraiw: {
    match: 0x4000501b,
    mask: 0xfe00707f,
    format: "shiftw",
    execute: immediate((e, a, b) => e.shiftRightArithmetic(word(e, a), b)),
  },

  add: { match: 0x00000033, mask: 0xfe00707f, format: "R", execute: register((e, a, b) => e.add(a, b)) },
  sub: { match: 0x40000033, mask: 0xfe00707f, format: "R", execute: register((e, a, b) => e.sub(a, b)) },
  sll: { match: 0x00001033, mask: 0xfe00707f, format: "R", execute: register((e, a, b) => e.shiftLeft(a, b)) },
  slt: { match: 0x00002033, mask: 0xfe00707f, format: "R", execute: register((e, a, b) => e.lessThan(a, b)) },
  sltu: { match: 0x00003033, mask: 0xfe00707f, format: "R", execute: register((e, a, b) => e.lessThanUnsigned(a, b)) },
  xor: { match: 0x00004033, mask: 0xfe00707f, format: "R", execute: register((e, a, b) => e.xor(a, b)) },
  srl: { match: 0x00005033, mask: 0xfe00707f, format: "R", execute: register((e, a, b) => e.shiftRightLogical(a, b)) },
  sra: {
    match: 0x40005033,
    mask: 0xfe00707f,
    format: "R",
    execute: register((e, a, b) => e.shiftRightArithmetic(a, b)),
  },
  or: { match: 0x00006033, mask: 0xfe00707f, format: "R", execute: register((e, a, b) => e.or(a, b)) },
  and: { match: 0x00007033, mask: 0xfe00707f, format: "R", execute: register((e, a, b) => e.and(a, b)) },
  addw: { match: 0x0000003b, mask: 0xfe00707f, format: "R", execute: register((e, a, b) => word(e, e.add(a, b))) },
  subw: { match: 0x4000003b, mask: 0xfe00707f, format: "R", execute: register((e, a, b) => word(e, e.sub(a, b))) },
  sllw: {
    match: 0x0000103b,
    mask: 0xfe00707f,
    format: "R",
    execute: register((e, a, b) => word(e, e.shiftLeft(a, amount(e, b)))),
  },
  srlw: {
    match: 0x0000503b,
    mask: 0xfe00707f,
    format: "R",
    execute: register((e, a, b) => word(e, e.shiftRightLogical(e.zeroExtend(32, a), amount(e, b)))),
  },
  sraw: {
    match: 0x4000503b,
    mask: 0xfe00707f,
    format: "R",
    execute: register((e, a, b) => e.shiftRightArithmetic(word(e, a), amount(e, b))),
  },

  fence: { match: 0x000f, mask: 0x707f, format: "system", execute: () => {} },
  ecall: { match: 0x00000073, mask: 0xffffffff, format: "system", execute: (e) => void e.call("ecall") },
  ebreak: { match: 0x00100073, mask: 0xffffffff, format: "system", execute: (e) => void e.call("ebreak") },
} satisfies InstructionTable;
