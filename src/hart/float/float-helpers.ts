import type { FloatHelper } from "#riscv/engine.ts";
import { floatOperandCount, floatOperations, hasRounding, resolveRounding } from "./float-unit.ts";
import { RoundingMode, SINGLE } from "./format.ts";

const NAN_BOX = 0xffff_ffff_0000_0000n;
const SINGLE_MASK = 0xffff_ffffn;

/** The single in an f register: the canonical NaN unless NaN-boxed (D §21.2). */
function unbox(register: bigint): bigint {
  return register >= NAN_BOX ? register & SINGLE_MASK : SINGLE.canonicalNan;
}

/** What the helpers ask of the hart around them. */
export interface FloatHart {
  /** The memory that holds the hart's fcsr, and where. */
  readonly view: DataView;
  readonly fcsrAddress: number;
  /** The instruction's rounding mode is reserved: throws, or returns what the helper is to return. */
  illegal(): bigint;
}

/** A helper over whole register contents, as `call` has it: operands, then rm where the operation rounds. */
export type RegisterOperation = (...args: readonly bigint[]) => bigint;

/** Every floating-point helper over raw registers, accruing flags in fcsr: what the evaluator calls, and the slow path of emitted code. */
export function floatHelpers(hart: FloatHart): Readonly<Record<FloatHelper, RegisterOperation>> {
  const names = Object.keys(floatOperations) as FloatHelper[];
  const entries = names.map((name) => [name, registerOperation(hart, name)] as const);
  return Object.fromEntries(entries) as Record<FloatHelper, RegisterOperation>;
}

function registerOperation(hart: FloatHart, name: FloatHelper): RegisterOperation {
  const operation = floatOperations[name];
  const count = floatOperandCount(name);
  const rounds = hasRounding(name);
  const fromSingle = name.endsWith(".s");
  const toSingle = /^(f(add|sub|mul|div|sqrt|madd|min|max)\.s|fcvt\.s\..+)$/.test(name);
  const take = (register: bigint | undefined): bigint => (fromSingle ? unbox(register ?? 0n) : (register ?? 0n));
  return (...args) => {
    const fcsr = hart.view.getUint32(hart.fcsrAddress, true);
    const rounding = rounds ? resolveRounding(Number(args[count]), fcsr) : RoundingMode.RNE;
    if (rounding === undefined) return hart.illegal();
    const status = { flags: fcsr };
    const value = operation(status, rounding, take(args[0]), take(args[1]), take(args[2]));
    if (status.flags !== fcsr) hart.view.setUint32(hart.fcsrAddress, status.flags, true);
    return toSingle ? NAN_BOX | value : value;
  };
}
