import { instructionLength } from "#riscv/decode.ts";
import type { AccessWidth } from "#riscv/engine.ts";
import { atomicCases } from "./atomic.fixture.ts";
import { CODE, DATA, type Case, type GuestState, type MemoryCell } from "./case.fixture.ts";
import { compressedCases } from "./compressed.fixture.ts";
import { controlCases } from "./control.fixture.ts";
import { floatCases } from "./float.fixture.ts";
import { integerCases } from "./integer.fixture.ts";
import { memoryCases } from "./memory.fixture.ts";
import { multiplyCases } from "./multiply.fixture.ts";

/** The table, by part. Every engine must agree with it, and so with every other engine. */
export const caseTables = {
  integer: integerCases,
  multiply: multiplyCases,
  memory: memoryCases,
  control: controlCases,
  atomic: atomicCases,
  float: floatCases,
  compressed: compressedCases,
} as const;

/** A hart in M-mode without translation, its floating point on, whose memory is 0 but for what the case stores. */
export interface CaseHart {
  store(width: AccessWidth, address: bigint, value: bigint): void;
  load(width: AccessWidth, address: bigint): bigint;
  setX(register: number, value: bigint): void;
  setF(register: number, value: bigint): void;
  x(register: number): bigint;
  f(register: number): bigint;
  pc: bigint;
  /** Executes one instruction; the exception that it raised, if it did. */
  step(): { readonly cause: number; readonly value: bigint } | undefined;
}

/** What a case left, and what it should have, in the same shape: for one `toEqual`. */
export interface Comparison {
  readonly actual: unknown;
  readonly expected: unknown;
}

const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);

function storeCode(hart: CaseHart, code: readonly number[]): void {
  let address = CODE;
  for (const encoding of code) {
    const length = instructionLength(encoding);
    hart.store(length, address, BigInt(encoding >>> 0));
    address += BigInt(length);
  }
}

function prepare(hart: CaseHart, { x = {}, f = {}, memory = [] }: GuestState): void {
  for (let register = 1; register < 32; register++) hart.setX(register, unsigned(x[register] ?? 0n));
  for (let register = 0; register < 32; register++) hart.setF(register, unsigned(f[register] ?? 0n));
  for (const { offset, width, value } of memory)
    hart.store(width, DATA + BigInt(offset), BigInt.asUintN(width * 8, value));
}

function registers(named: Readonly<Record<number, bigint>>): bigint[] {
  return Array.from({ length: 32 }, (_, register) => unsigned(named[register] ?? 0n));
}

function cells(memory: readonly MemoryCell[], value: (cell: MemoryCell) => bigint): string[] {
  return memory.map((cell) => `${cell.width} bytes at ${cell.offset}: 0x${value(cell).toString(16)}`);
}

/** Runs one case on a fresh hart. */
export function runCase(hart: CaseHart, { code, before, after }: Case): Comparison {
  storeCode(hart, code);
  prepare(hart, before);
  hart.pc = CODE;
  let exception: ReturnType<CaseHart["step"]>;
  for (let step = 0; step < code.length; step++) exception = hart.step();
  const length = code.reduce((sum, encoding) => sum + instructionLength(encoding), 0);
  const memory = after.memory ?? [];
  return {
    actual: {
      x: Array.from({ length: 32 }, (_, register) => hart.x(register)),
      f: Array.from({ length: 32 }, (_, register) => hart.f(register)),
      memory: cells(memory, ({ offset, width }) => hart.load(width, DATA + BigInt(offset))),
      exception,
      pc: exception ? undefined : hart.pc - CODE,
    },
    expected: {
      x: registers({ ...before.x, ...after.x }),
      f: registers({ ...before.f, ...after.f }),
      memory: cells(memory, ({ width, value }) => BigInt.asUintN(width * 8, value)),
      exception: after.exception,
      pc: after.exception ? undefined : (after.pc ?? BigInt(length)),
    },
  };
}
