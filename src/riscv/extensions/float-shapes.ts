import type { Engine, FloatHelper } from "#riscv/engine.ts";
import type { Semantics } from "#riscv/instruction.ts";

/** The sign bit of a single or double within its register; flipping it leaves the NaN box alone. */
const SIGN = { s: 0x8000_0000n, d: 0x8000_0000_0000_0000n } as const;

/** Which sign a fused multiply-add turns round before it multiplies. */
export interface Negated {
  readonly product: boolean;
  readonly addend: boolean;
}

/** frd from frs1 and frs2, rounded. */
export function arithmetic(helper: FloatHelper): Semantics {
  return (e, { rd, rs1, rs2, rm }) => {
    e.useFloat();
    e.writeF(rd, e.call(helper, e.readF(rs1), e.readF(rs2), e.immediate(rm)));
  };
}

/** frd from frs1, rounded: square root, and conversion between formats. */
export function unary(helper: FloatHelper): Semantics {
  return (e, { rd, rs1, rm }) => {
    e.useFloat();
    e.writeF(rd, e.call(helper, e.readF(rs1), e.immediate(rm)));
  };
}

/** frd = ±(frs1 × frs2) ± frs3, rounded once. */
export function fused(precision: "s" | "d", negated: Negated): Semantics {
  return (e, { rd, rs1, rs2, rs3, rm }) => {
    e.useFloat();
    const signed = <V>(engine: Engine<V>, value: V, negate: boolean): V =>
      negate ? engine.xor(value, engine.constant(SIGN[precision])) : value;
    const multiplicand = signed(e, e.readF(rs1), negated.product);
    const addend = signed(e, e.readF(rs3), negated.addend);
    e.writeF(rd, e.call(`fmadd.${precision}`, multiplicand, e.readF(rs2), addend, e.immediate(rm)));
  };
}

/** frd from frs1 and frs2, exact: minimum and maximum. */
export function choice(helper: FloatHelper): Semantics {
  return (e, { rd, rs1, rs2 }) => {
    e.useFloat();
    e.writeF(rd, e.call(helper, e.readF(rs1), e.readF(rs2)));
  };
}

/** rd = 0 or 1 from frs1 and frs2. */
export function comparison(helper: FloatHelper): Semantics {
  return (e, { rd, rs1, rs2 }) => {
    e.useFloat();
    e.writeX(rd, e.call(helper, e.readF(rs1), e.readF(rs2)));
  };
}

/** rd = the class of frs1. */
export function classify(helper: FloatHelper): Semantics {
  return (e, { rd, rs1 }) => {
    e.useFloat();
    e.writeX(rd, e.call(helper, e.readF(rs1)));
  };
}

/** rd = frs1 as an integer, rounded and saturated; words are sign-extended. */
export function toInteger(helper: FloatHelper): Semantics {
  return (e, { rd, rs1, rm }) => {
    e.useFloat();
    e.writeX(rd, e.call(helper, e.readF(rs1), e.immediate(rm)));
  };
}

/** frd = the integer in rs1, rounded. */
export function fromInteger(helper: FloatHelper): Semantics {
  return (e, { rd, rs1, rm }) => {
    e.useFloat();
    e.writeF(rd, e.call(helper, e.readX(rs1), e.immediate(rm)));
  };
}
