import type { Value } from "#hart/emit/value-stack.ts";

/** Of how many of its low bits a value is known to be the sign extension. */
export function signedBitsOf(value: Value): number | undefined {
  if (value.kind !== "local") return undefined;
  return value.local.type === "i32" ? 2 : value.signedBits;
}

/** The value with this known of it; knowledge that would only say 64 bits, or of no bits at all, is none. */
export function withBits(value: Value, bits: number | undefined): Value {
  return value.kind !== "local" || bits === undefined || bits < 1 || bits > 63 ? value : { ...value, signedBits: bits };
}
