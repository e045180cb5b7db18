import { allInstructions } from "#riscv/decode.ts";
import { encodeB, encodeI, encodeJ, encodeR, encodeS, encodeU } from "#riscv/encode.ts";
import type { AccessWidth } from "#riscv/engine.ts";

/** Where a case's instruction stands, and where its data does; both in RAM. */
export const CODE = 0x8000_1000n;
export const DATA = 0x8000_2000n;

/** What memory at DATA + offset holds. */
export interface MemoryCell {
  readonly offset: number;
  readonly width: AccessWidth;
  readonly value: bigint;
}

/** Registers by number, and cells of memory. Values may be written signed. Registers not named are 0. */
export interface GuestState {
  readonly x?: Readonly<Record<number, bigint>>;
  readonly f?: Readonly<Record<number, bigint>>;
  readonly memory?: readonly MemoryCell[];
}

/** What one step must leave: registers that are not named must be as before. */
export interface Expected extends GuestState {
  /** pc - CODE; without it, the length of the instruction. */
  readonly pc?: bigint;
  /** The exception it raises instead, and its tval; nothing else may have changed. */
  readonly exception?: { readonly cause: number; readonly value: bigint };
}

/** One row of the table that every engine must agree with. */
export interface Case {
  readonly name: string;
  /** The instructions at CODE, executed in turn; a 16-bit encoding takes two bytes. */
  readonly code: readonly number[];
  readonly before: GuestState;
  readonly after: Expected;
}

/** Fields of an instruction to be encoded; those left out are 0. */
export interface Fields {
  readonly rd?: number;
  readonly rs1?: number;
  readonly rs2?: number;
  readonly imm?: number;
}

/** An instruction's encoding, by the manual's mnemonic. */
export function assemble(mnemonic: string, { rd = 0, rs1 = 0, rs2 = 0, imm = 0 }: Fields): number {
  const found = allInstructions.find(({ name }) => name === mnemonic);
  if (!found) throw new Error(`no instruction ${mnemonic}`);
  const { match, format } = found.instruction;
  switch (format) {
    case "R":
    case "R4":
    case "amo":
      return encodeR(match, rd, rs1, rs2);
    case "I":
    case "csr":
      return encodeI(match, rd, rs1, imm);
    case "shift":
      return encodeI(match, rd, rs1, imm & 63);
    case "shiftw":
      return encodeI(match, rd, rs1, imm & 31);
    case "S":
      return encodeS(match, rs1, rs2, imm);
    case "B":
      return encodeB(match, rs1, rs2, imm);
    case "U":
      return encodeU(match, rd, imm);
    case "J":
      return encodeJ(match, rd, imm);
    case "system":
      return match >>> 0;
  }
}

/** A value as a row's name shows it. */
export function show(value: bigint): string {
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

/** rd = rs1 op rs2 for each [rs1, rs2, rd], with all ways in which the registers may coincide; rd = x0 stays 0. */
export function registerCases(mnemonic: string, rows: readonly (readonly [bigint, bigint, bigint])[]): Case[] {
  return rows.flatMap(([a, b, result]) => {
    const name = `${mnemonic} ${show(a)}, ${show(b)}`;
    const before = { x: { 5: a, 6: b } };
    const to = (rd: number): Case => ({
      name: `${name} → x${rd}`,
      code: [assemble(mnemonic, { rd, rs1: 5, rs2: 6 })],
      before,
      after: { x: rd === 0 ? {} : { [rd]: result } },
    });
    return [to(7), to(5), to(6), to(0)];
  });
}

/** rd = rs1 op imm for each [rs1, imm, rd]; also with rd = rs1 and rd = x0. */
export function immediateCases(mnemonic: string, rows: readonly (readonly [bigint, number, bigint])[]): Case[] {
  return rows.flatMap(([a, imm, result]) =>
    [7, 5, 0].map((rd) => ({
      name: `${mnemonic} ${show(a)}, ${imm} → x${rd}`,
      code: [assemble(mnemonic, { rd, rs1: 5, imm })],
      before: { x: { 5: a } },
      after: { x: rd === 0 ? {} : { [rd]: result } },
    })),
  );
}
