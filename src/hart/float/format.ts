/** The rounding modes that an operation can be asked for, numbered as frm has them (F §11.2). */
export const RoundingMode = { RNE: 0, RTZ: 1, RDN: 2, RUP: 3, RMM: 4 } as const;
export type Rounding = 0 | 1 | 2 | 3 | 4;

/** The rm field's value that means "as frm says". */
export const DYNAMIC_ROUNDING = 7;

/** Accrued exceptions, as fflags has them (F §11.2). */
export const FloatFlag = { NX: 1, UF: 2, OF: 4, DZ: 8, NV: 16 } as const;

/** Where operations accrue their exceptions. */
export interface FloatStatus {
  flags: number;
}

/** A binary interchange format of IEEE 754 §3.4. Fields that shift or mask patterns are bigints. */
export interface FloatFormat {
  /** Bits of the significand, the hidden one included. */
  readonly precision: number;
  readonly fractionBits: bigint;
  readonly fractionMask: bigint;
  /** 1 where the hidden bit stands. */
  readonly hiddenBit: bigint;
  readonly maximumBiased: number;
  readonly signBit: bigint;
  /** All bits but the sign's. */
  readonly magnitudeMask: bigint;
  /** The exponent of the last bit of a subnormal: no value has a bit below 2^this. */
  readonly leastExponent: number;
  readonly infinity: bigint;
  readonly largestFinite: bigint;
  readonly canonicalNan: bigint;
  /** The fraction's first bit: 1 in a quiet NaN. */
  readonly quietBit: bigint;
}

function format(exponentBits: number, fraction: number): FloatFormat {
  const fractionBits = BigInt(fraction);
  const hiddenBit = 1n << fractionBits;
  const maximumBiased = 2 ** exponentBits - 1;
  const signBit = 1n << (fractionBits + BigInt(exponentBits));
  const infinity = BigInt(maximumBiased) << fractionBits;
  const quietBit = hiddenBit >> 1n;
  return {
    precision: fraction + 1,
    fractionBits,
    fractionMask: hiddenBit - 1n,
    hiddenBit,
    maximumBiased,
    signBit,
    magnitudeMask: signBit - 1n,
    leastExponent: 2 - 2 ** (exponentBits - 1) - fraction,
    infinity,
    largestFinite: infinity - 1n,
    canonicalNan: infinity | quietBit,
    quietBit,
  };
}

export const SINGLE = format(8, 23);
export const DOUBLE = format(11, 52);

/** What kind of datum a pattern is; both NaNs compare above `infinity`. */
export const Kind = { zero: 0, finite: 1, infinity: 2, quietNan: 3, signalingNan: 4 } as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** A pattern taken apart. Where `kind` is finite the value is ±significand · 2^exponent, and the significand is not 0. */
export interface Unpacked {
  readonly kind: Kind;
  readonly negative: boolean;
  readonly exponent: number;
  readonly significand: bigint;
}

/** Takes a pattern apart. */
export function unpack(format: FloatFormat, bits: bigint): Unpacked {
  const negative = (bits & format.signBit) !== 0n;
  const biased = Number((bits & format.magnitudeMask) >> format.fractionBits);
  const fraction = bits & format.fractionMask;
  if (biased === format.maximumBiased)
    return { kind: nonFinite(format, fraction), negative, exponent: 0, significand: 0n };
  if (biased !== 0) {
    const exponent = biased - 1 + format.leastExponent;
    return { kind: Kind.finite, negative, exponent, significand: fraction | format.hiddenBit };
  }
  const kind = fraction === 0n ? Kind.zero : Kind.finite;
  return { kind, negative, exponent: format.leastExponent, significand: fraction };
}

function nonFinite(format: FloatFormat, fraction: bigint): Kind {
  if (fraction === 0n) return Kind.infinity;
  return (fraction & format.quietBit) === 0n ? Kind.signalingNan : Kind.quietNan;
}

/** ±0. */
export function zero(format: FloatFormat, negative: boolean): bigint {
  return negative ? format.signBit : 0n;
}

/** ±∞. */
export function infinity(format: FloatFormat, negative: boolean): bigint {
  return negative ? format.signBit | format.infinity : format.infinity;
}

/** The canonical NaN, raising NV: the result of an operation that has no value. */
export function invalid(status: FloatStatus, format: FloatFormat): bigint {
  status.flags |= FloatFlag.NV;
  return format.canonicalNan;
}

/** The canonical NaN as the result of an operation with a NaN operand; NV where one of the kinds is signaling. */
export function propagateNan(status: FloatStatus, format: FloatFormat, ...kinds: readonly Kind[]): bigint {
  if (kinds.includes(Kind.signalingNan)) status.flags |= FloatFlag.NV;
  return format.canonicalNan;
}
