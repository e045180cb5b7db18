/**
 * Checks of plain data that came from outside (imported snapshots, messages). Each returns the value with its type, or
 * throws a TypeError whose message names `what` was wrong.
 */

/** An object with string keys that is not an array, null or bytes. */
export function record(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw new TypeError(`${what} is not an object`);
  }
  return value as Record<string, unknown>;
}

/** A record whose `version` is the one that this code writes. */
export function versioned(value: unknown, what: string, version: number): Readonly<Record<string, unknown>> {
  const state = record(value, what);
  if (state["version"] !== version)
    throw new TypeError(`${what} has version ${String(state["version"])}, not ${version}`);
  return state;
}

/** A safe integer from `minimum` to `maximum`, both included. */
export function integer(value: unknown, what: string, minimum: number, maximum: number): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < minimum || value > maximum) {
    throw new TypeError(`${what} is not an integer from ${minimum} to ${maximum}`);
  }
  return value;
}

/** An unsigned number of at most `bits` bits (up to 32). */
export function unsigned(value: unknown, what: string, bits: number): number {
  return integer(value, what, 0, 2 ** bits - 1);
}

/** A bigint that fits in 64 unsigned bits. */
export function unsigned64(value: unknown, what: string): bigint {
  if (typeof value !== "bigint" || value < 0n || value >> 64n !== 0n) {
    throw new TypeError(`${what} is not an unsigned 64-bit integer`);
  }
  return value;
}

export function boolean(value: unknown, what: string): boolean {
  if (typeof value !== "boolean") throw new TypeError(`${what} is not a boolean`);
  return value;
}

/** Bytes, `minimum` to `maximum` of them. */
export function byteArray(value: unknown, what: string, minimum: number, maximum = minimum): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError(`${what} is not bytes`);
  integer(value.length, `the length of ${what}`, minimum, maximum);
  return value;
}

/** An array of `minimum` to `maximum` elements, each taken by `element`. */
export function list<T>(
  value: unknown,
  what: string,
  element: (value: unknown, what: string) => T,
  minimum: number,
  maximum = minimum,
): readonly T[] {
  if (!Array.isArray(value)) throw new TypeError(`${what} is not an array`);
  integer(value.length, `the length of ${what}`, minimum, maximum);
  // Array.from visits holes too: a sparse array is checked like any other.
  return Array.from(value, (each: unknown, index) => element(each, `${what}[${index}]`));
}
