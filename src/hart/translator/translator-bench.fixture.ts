import { expect } from "vitest";
import { GuestMemory } from "#memory/guest-memory.ts";
import { Counter, DECODED, DECODED_PAGE_BYTES, HartSlot, PAGE_BYTES, RAM_BASE } from "#memory/layout.ts";
import { CodeWriter } from "#hart/random-programs/code-writer.fixture.ts";
import type { HartHost } from "#hart/state/hart-host.ts";
import { Hart } from "#hart/hart.ts";
import { assemble } from "#riscv/cases/case.fixture.ts";
import { REGIONS_IN_PAGE } from "#hart/translation/decoded-layout.ts";

export const DEVICE = 0x1000_0000;
export const [RA, T0, T1, T2, A0] = [1, 5, 6, 7, 10];
/** How often each loop goes round, and the bytes that it has. */
export const ROUNDS = 50;
export const LOOP_BYTES = 64;
export const FIRST_LOOP = PAGE_BYTES;
/** More instructions than one call of a loop needs. */
export const BUDGET = 400;
/** In the first page, beside a jump to itself. */
const STORE = 64;
const STORE_BYTE = 96;
const CALLS = 128;

/** A hart with loops from the second page on, and a device of one register that reads 1. */
export class TranslatorBench {
  readonly memory = new GuestMemory(1);
  readonly hart: Hart;
  /** What the device does when it is written to. */
  onWrite: () => void = () => {};

  constructor() {
    const host: HartHost = {
      readDevice: (address) => (address === DEVICE ? 1n : undefined),
      writeDevice: (address) => {
        if (address === DEVICE) this.onWrite();
        return address === DEVICE;
      },
      time: () => 0n,
      timerChanged: () => {},
    };
    this.hart = new Hart(this.memory, host, "translator", { hotThreshold: 1 });
    this.hart.reset(BigInt(RAM_BASE), "M");
    this.#write(0, (code) => code.put("jal"));
    this.#write(STORE, (code) => {
      code.put("sw", { rs1: T1, rs2: T2 });
      code.put("jalr", { rs1: RA });
    });
    this.#write(STORE_BYTE, (code) => {
      code.put("sb", { rs1: T1, rs2: T2 });
      code.put("jalr", { rs1: RA });
    });
    this.#write(CALLS, (code) => {
      code.put("jalr", { rd: RA, rs1: T1 });
      code.put("addi", { rd: T1, rs1: T1, imm: LOOP_BYTES });
      code.put("bne", { rs1: T1, rs2: T2, imm: -8 });
      code.put("jal");
    });
  }

  /** Loop `index` adds `step` to a0 in each of its rounds, and returns. */
  writeLoop(index: number, step = 1): void {
    this.#write(FIRST_LOOP + index * LOOP_BYTES, (code) => {
      code.put("addi", { rd: T0, imm: ROUNDS });
      code.put("addi", { rd: A0, rs1: A0, imm: step });
      code.put("addi", { rd: T0, rs1: T0, imm: -1 });
      code.put("bne", { rs1: T0, imm: -8 });
      code.put("jalr", { rs1: RA });
    });
  }

  /** Loop `index` adds in each of its rounds what it loads from where t1 points to, and stores it there. */
  writeLoadingLoop(index: number): void {
    this.#write(FIRST_LOOP + index * LOOP_BYTES, (code) => {
      code.put("addi", { rd: T0, imm: ROUNDS });
      code.put("lw", { rd: T2, rs1: T1 });
      code.put("add", { rd: A0, rs1: A0, rs2: T2 });
      code.put("sw", { rs1: T1, rs2: T2 });
      code.put("addi", { rd: T0, rs1: T0, imm: -1 });
      code.put("bne", { rs1: T0, imm: -16 });
      code.put("jalr", { rs1: RA });
    });
  }

  /** Runs a loop; gives what it added to a0. */
  call(index: number): number {
    this.hart.setX(A0, 0n);
    this.hart.setX(RA, BigInt(RAM_BASE));
    this.hart.pc = loopAddress(index);
    this.hart.run(BUDGET);
    expect(this.hart.pc).toBe(BigInt(RAM_BASE));
    return Number(this.hart.x(A0));
  }

  /** Runs the loops from `index` to `end` in one slice; gives what they added to a0. */
  callMany(index: number, end: number): number {
    this.hart.setX(A0, 0n);
    this.hart.setX(T1, loopAddress(index));
    this.hart.setX(T2, loopAddress(end));
    this.hart.pc = BigInt(RAM_BASE + CALLS);
    this.hart.run(BUDGET * (end - index));
    expect(this.hart.pc).toBe(BigInt(RAM_BASE + CALLS + 12));
    return Number(this.hart.x(A0));
  }

  /** The guest stores a word. */
  store(offset: number, word: number): void {
    this.#store(STORE, offset, word);
    expect(this.memory.load32(RAM_BASE + offset)).toBe(word);
  }

  storeByte(offset: number, byte: number): void {
    this.#store(STORE_BYTE, offset, byte);
  }

  #store(code: number, offset: number, value: number): void {
    this.hart.setX(T1, BigInt(RAM_BASE + offset));
    this.hart.setX(T2, BigInt(value));
    this.hart.setX(RA, BigInt(RAM_BASE));
    this.hart.pc = BigInt(RAM_BASE + code);
    this.hart.run(3);
  }

  counter(name: keyof typeof Counter): number {
    return Number(this.memory.view.getBigUint64(this.hart.state.base + HartSlot.counters + Counter[name], true));
  }

  /** Regions that stand in a page. */
  regionsIn(page: number): number {
    const { view, layout } = this.memory;
    const index = view.getUint32(layout.decodedIndex + page * 4, true);
    return index === 0 ? 0 : view.getUint32(DECODED + index * DECODED_PAGE_BYTES + REGIONS_IN_PAGE, true);
  }

  #write(offset: number, put: (code: CodeWriter) => void): void {
    const code = new CodeWriter();
    put(code);
    this.memory.write(RAM_BASE + offset, code.toBytes());
  }
}

export function loopAddress(index: number): bigint {
  return BigInt(RAM_BASE + FIRST_LOOP + index * LOOP_BYTES);
}

/** `addi register, register, step`. */
export function addImmediate(register: number, step: number): number {
  return assemble("addi", { rd: register, rs1: register, imm: step });
}
