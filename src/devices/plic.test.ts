import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TestLine } from "./line.fixture.ts";
import { Plic, PLIC_SOURCES } from "./plic.ts";

const M = { line: 0, enable: 0x2000, threshold: 0x20_0000, claim: 0x20_0004 };
const S = { line: 1, enable: 0x2080, threshold: 0x20_1000, claim: 0x20_1004 };

function make() {
  const lines = [new TestLine(), new TestLine()];
  const log: string[] = [];
  const plic = new Plic(lines, (message) => log.push(message));
  const enable = (context: typeof S, ...sources: number[]) => {
    for (const source of sources) {
      const at = context.enable + (source >>> 5) * 4;
      plic.write(at, 4, (plic.read(at, 4) | (1 << (source & 31))) >>> 0);
      plic.write(source * 4, 4, 1);
    }
  };
  return { plic, machine: lines[0]!, supervisor: lines[1]!, enable, log };
}

describe("PLIC", () => {
  test("a source reaches only contexts that enable it, above their threshold", () => {
    const { plic, machine, supervisor, enable } = make();
    enable(S, 10);
    plic.source(10).set(true);
    expect([machine.level, supervisor.level, plic.read(0x1000, 4)]).toEqual([false, true, 1 << 10]);
    plic.write(S.threshold, 4, 1);
    expect(supervisor.level).toBe(false);
    plic.write(10 * 4, 4, 2);
    expect(supervisor.level).toBe(true);
    plic.write(10 * 4, 4, 0);
    expect(supervisor.level).toBe(false);
  });

  test("claim takes the highest priority, the lowest number among equals, whatever the threshold", () => {
    const { plic, enable } = make();
    enable(S, 3, 40, 41, 95);
    for (const source of [95, 41, 40, 3]) plic.source(source).set(true);
    plic.write(41 * 4, 4, 5);
    plic.write(95 * 4, 4, 5);
    plic.write(S.threshold, 4, 7);
    const claims = Array.from({ length: 5 }, () => plic.read(S.claim, 4));
    expect(claims).toEqual([41, 95, 3, 40, 0]);
  });

  test("a claimed source is silent until completed, and then until its device drives the line anew", () => {
    const { plic, supervisor, enable } = make();
    enable(S, 10);
    plic.source(10).set(true);
    expect(plic.read(S.claim, 4)).toBe(10);
    expect([supervisor.level, plic.read(0x1000, 4), plic.read(S.claim, 4)]).toEqual([false, 0, 0]);
    plic.write(S.claim, 4, 10);
    expect(supervisor.level).toBe(false);
    plic.source(10).set(true);
    expect([supervisor.level, plic.read(S.claim, 4)]).toEqual([true, 10]);
    plic.source(10).set(false);
    plic.write(S.claim, 4, 10);
    expect([supervisor.level, plic.read(0x1000, 4)]).toEqual([false, 0]);
  });

  test.each([
    ["high", [true]],
    ["low and high", [false, true]],
  ])("a source that is driven %s while claimed is raised by the completion", (_, levels) => {
    const { plic, supervisor, enable } = make();
    enable(S, 10);
    plic.source(10).set(true);
    plic.read(S.claim, 4);
    for (const level of levels) plic.source(10).set(level);
    expect([supervisor.level, plic.read(0x1000, 4)]).toEqual([false, 1 << 10]);
    plic.write(S.claim, 4, 10);
    expect(supervisor.level).toBe(true);
  });

  test("a context's line is touched when its level changes only", () => {
    let sets = 0;
    const plic = new Plic([{ set: () => void sets++ }]);
    plic.source(10).set(true);
    plic.write(0x2000, 4, 1 << 10);
    expect(sets).toBe(1);
    plic.write(40, 4, 1);
    plic.write(40, 4, 2);
    plic.write(40, 4, 3);
    expect(sets).toBe(2);
    plic.restore(plic.save());
    expect(sets).toBe(3);
  });

  test("two contexts: who claims first has it", () => {
    const { plic, machine, supervisor, enable } = make();
    enable(M, 5);
    enable(S, 5);
    plic.source(5).set(true);
    expect([machine.level, supervisor.level]).toEqual([true, true]);
    expect([plic.read(M.claim, 4), plic.read(S.claim, 4)]).toEqual([5, 0]);
    expect([machine.level, supervisor.level]).toEqual([false, false]);
  });

  test("source 0 and sources above 95 do not exist", () => {
    const { plic } = make();
    plic.write(0, 4, 7);
    plic.write(96 * 4, 4, 7);
    for (let word = 0; word < 32; word++) plic.write(S.enable + word * 4, 4, 0xffff_ffff);
    expect([plic.read(0, 4), plic.read(96 * 4, 4)]).toEqual([0, 0]);
    expect([0, 1, 2, 3, 31].map((word) => plic.read(S.enable + word * 4, 4))).toEqual([
      0xffff_fffe, 0xffff_ffff, 0xffff_ffff, 0, 0,
    ]);
    expect(() => plic.source(0)).toThrow(RangeError);
    expect(() => plic.source(PLIC_SOURCES + 1)).toThrow(RangeError);
    plic.write(S.claim, 4, 0xffff_ffff);
  });

  test("priorities and thresholds have three bits", () => {
    const { plic } = make();
    plic.write(4, 4, 0xffff_ffff);
    plic.write(S.threshold, 4, 9);
    expect([plic.read(4, 4), plic.read(S.threshold, 4)]).toEqual([7, 1]);
  });

  test.each([1, 2, 8] as const)(
    "accesses of %i bytes do nothing, and are logged once: a claim by one claims nothing",
    (width) => {
      const { plic, enable, log } = make();
      enable(S, 10);
      plic.source(10).set(true);
      plic.write(10 * 4, width, 7);
      expect([plic.read(S.claim, width), plic.read(S.claim + 1, 4), plic.read(40, 4)]).toEqual([0, 0, 1]);
      expect(plic.read(S.claim, 4)).toBe(10);
      expect(log).toEqual([
        `plic: an access of ${width} bytes at offset 0x28; registers are aligned words, so it reads 0 and ignores writes`,
      ]);
    },
  );

  test("save and restore keep open claims and drive the contexts", () => {
    const { plic, enable } = make();
    enable(S, 9, 10);
    plic.source(9).set(true);
    plic.source(10).set(true);
    plic.read(S.claim, 4);
    const saved = structuredClone(plic.save());
    const other = make();
    other.plic.restore(saved);
    expect(other.supervisor.level).toBe(true);
    expect(other.plic.save()).toEqual(saved);
    expect([other.plic.read(S.claim, 4), other.plic.read(S.claim, 4)]).toEqual([10, 0]);
    other.plic.reset();
    expect([other.supervisor.level, other.plic.read(S.enable, 4), other.plic.read(0x1000, 4)]).toEqual([false, 0, 0]);
  });

  test("reset and restore drive the contexts, whatever was made of the hart meanwhile", () => {
    const { plic, supervisor, enable } = make();
    supervisor.set(true);
    plic.reset();
    expect(supervisor.level).toBe(false);
    enable(S, 9);
    plic.source(9).set(true);
    const saved = plic.save();
    supervisor.set(false);
    plic.restore(saved);
    expect(supervisor.level).toBe(true);
  });

  test.each([
    ["priority", new Uint8Array(5)],
    ["priority", new Uint8Array(96).fill(8)],
    ["level", [1, 0, 0]],
    ["claimed", [0, 0]],
    ["claimed", [0, 0, -2]],
    ["contexts", [{ enabled: [0, 0, 0], threshold: 0 }]],
    ["contexts", [null, null]],
    ["contexts", Array.from({ length: 2 }, () => ({ enabled: [0, 0, 0], threshold: 8 }))],
  ])("refuses a state with a wrong %s", (field, value) => {
    const { plic } = make();
    const before = plic.save() as object;
    expect(() => plic.restore({ ...before, [field]: value })).toThrow(TypeError);
    expect(plic.save()).toEqual(before);
  });

  test("accesses of any place, width and value are harmless", () => {
    const { plic } = make();
    const access = fc.record({
      offset: fc.oneof(fc.nat(0x5f_fff8), fc.nat(0x3000), fc.integer({ min: 0x20_0000, max: 0x20_3000 })),
      width: fc.constantFrom(1, 2, 4),
      value: fc.nat(0xffff_ffff),
    });
    fc.assert(
      fc.property(fc.array(access), (accesses) => {
        for (const { offset, width, value } of accesses) {
          plic.write(offset, width as 4, value);
          const read = plic.read(offset, width as 4);
          expect(read >>> 0).toBe(read);
        }
        plic.restore(plic.save());
      }),
    );
  });
});
