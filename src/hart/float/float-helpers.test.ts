import { expect, test } from "vitest";
import { floatHelpers } from "./float-helpers.ts";

const view = new DataView(new ArrayBuffer(16));
const helpers = floatHelpers({ view, fcsrAddress: 8, illegal: () => -1n });
const one = 0xffff_ffff_3f80_0000n;

/** A helper's result and the fcsr it leaves. */
function call(name: keyof typeof helpers, fcsr: number, ...args: bigint[]): [bigint, number] {
  view.setUint32(8, fcsr, true);
  return [helpers[name](...args), view.getUint32(8, true)];
}

test("singles are NaN-boxed, and a register that is not boxed counts as the canonical NaN", () => {
  expect(call("fadd.s", 0, one, one, 0n)).toEqual([0xffff_ffff_4000_0000n, 0]);
  expect(call("fadd.s", 0, one, 0x3f80_0000n, 0n)).toEqual([0xffff_ffff_7fc0_0000n, 0]);
  expect(call("feq.s", 0, one, one)).toEqual([1n, 0]);
  expect(call("fcvt.d.s", 0, one, 0n)).toEqual([0x3ff0_0000_0000_0000n, 0]);
  expect(call("fcvt.s.d", 0, 0x3ff0_0000_0000_0000n, 0n)).toEqual([one, 0]);
  expect(call("fcvt.s.w", 0, 0xffff_ffff_0000_0001n, 0n)).toEqual([one, 0]);
});

test("flags accrue in fcsr beside frm", () => {
  expect(call("fdiv.s", 0x61, one, 0xffff_ffff_0000_0000n, 7n)).toEqual([0xffff_ffff_7f80_0000n, 0x69]);
});

test("a reserved rounding mode is illegal, said in the instruction or in frm", () => {
  expect(call("fadd.s", 0, one, one, 5n)).toEqual([-1n, 0]);
  expect(call("fcvt.d.w", 0xc0, 1n, 7n)).toEqual([-1n, 0xc0]);
  expect(call("fmax.s", 0xc0, one, one)).toEqual([one, 0xc0]);
});
