import { describe, expect, test } from "vitest";
import { compressedName, expand, expansionsByKind } from "./compressed.ts";
import { allInstructions, decode, identify, immediateOf, instructionLength, operandsOf } from "./decode.ts";
import { encodeB, encodeI, encodeJ, encodeS, encodeU } from "./encode.ts";

/** xorshift32: the same words in every run. */
function* randomWords(count: number): Generator<number> {
  let state = 0x1234_5678;
  for (let n = 0; n < count; n++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    yield state >>> 0;
  }
}

describe("decode", () => {
  test("each instruction's own match is that instruction, and no two overlap", () => {
    for (const { name, instruction } of allInstructions) {
      expect(decode(instruction.match)?.name).toBe(name);
      expect((instruction.match & ~instruction.mask) === 0, name).toBe(true);
      const rivals = allInstructions.filter(({ instruction: other }) => {
        return ((instruction.match ^ other.match) & instruction.mask & other.mask) === 0;
      });
      expect(rivals.map((rival) => rival.name)).toEqual([name]);
    }
  });

  test("the index finds what a search of the whole table finds, in a million random words", () => {
    let found = 0;
    for (const random of randomWords(1_000_000)) {
      const word = (random | 3) >>> 0;
      const searched = allInstructions.find(({ instruction: { match, mask } }) => ((word ^ match) & mask) === 0);
      if (identify(word) !== searched) expect(identify(word)?.name).toBe(searched?.name);
      if (searched) found++;
    }
    expect(found).toBeGreaterThan(100_000);
  });

  test("compressed instructions stand for no other instructions than those named by kind", () => {
    const halfwords = Array.from({ length: 0x1_0000 }, (_, halfword) => halfword).filter((each) => (each & 3) !== 3);
    const searched = new Set(halfwords.flatMap((halfword) => identify(expand(halfword) ?? 0)?.name ?? []));
    expect(new Set(expansionsByKind().map((word) => identify(word)?.name))).toEqual(searched);
  });

  test("numbers are places in the list", () => {
    expect(allInstructions.map(({ number }) => number)).toEqual(allInstructions.map((_, place) => place));
  });

  test.each([-2048, -1, 0, 1, 2047])("I and S immediates: %i", (imm) => {
    expect(immediateOf(encodeI(0x13, 1, 2, imm), "I")).toBe(imm);
    expect(immediateOf(encodeS(0x23, 1, 2, imm), "S")).toBe(imm);
  });

  test.each([-4096, -2, 0, 2, 0x800, 0x7e0, 4094])("B immediates: %i", (imm) => {
    expect(immediateOf(encodeB(0x63, 31, 31, imm), "B")).toBe(imm);
  });

  test.each([-0x10_0000, -2, 0, 2, 0x800, 0x1000, 0xf_f000, 0xf_fffe])("J immediates: %i", (imm) => {
    expect(immediateOf(encodeJ(0x6f, 31, imm), "J")).toBe(imm);
  });

  test.each([-0x8000_0000, -0x1000, 0, 0x1000, 0x7fff_f000])("U immediates: %i", (imm) => {
    expect(immediateOf(encodeU(0x37, 31, imm), "U")).toBe(imm);
  });

  test("fields stand where the manual has them", () => {
    expect(operandsOf(0xfff5_7ac3, "R4")).toEqual({
      rd: 21,
      rs1: 10,
      rs2: 31,
      rs3: 31,
      imm: 0,
      rm: 7,
      word: 0xfff5_7ac3,
    });
  });
});

describe("compressed", () => {
  test("every halfword expands to an instruction or to nothing", () => {
    const counts = { legal: 0, illegal: 0 };
    for (let halfword = 0; halfword < 0x1_0000; halfword++) {
      const word = expand(halfword);
      if (instructionLength(halfword) === 4) expect(word).toBeUndefined();
      else counts[word === undefined ? "illegal" : "legal"]++;
      if (word === undefined) continue;
      if (!decode(word)) expect(halfword.toString(16)).toBe("legal");
    }
    // Reserved: c.addi4spn 8, quadrant 0's funct3 100 2048, c.addiw 64, c.addi16sp 1, c.lui 31, c.subw's row 128, c.lwsp and c.ldsp 128, c.jr 1.
    expect(counts).toEqual({ legal: 46_743, illegal: 2_409 });
  });

  test.each([
    [0x0001, "c.addi"],
    [0x6105, "c.addi16sp"],
    [0x9002, "c.ebreak"],
    [0x8082, "c.jr"],
    [0x852e, "c.mv"],
    [0x0000, undefined],
    [0x8002, undefined],
  ])("0x%s is %s", (halfword, name) => {
    expect(compressedName(halfword)).toBe(name);
  });
});
