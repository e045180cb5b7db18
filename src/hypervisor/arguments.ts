import { words } from "#base/words.ts";
import { TabvisorError, type CreateOptions } from "#protocol/tabvisor.ts";

/**
 * Checks of what scripts hand to `window.tabvisor`. Each returns the value with its type, or throws a TabvisorError that names
 * the argument and says what it may be. Fields of options are read once, and only their own.
 */

const MOST_NAME = 100;
const MOST_TIMEOUT_MS = 2 ** 31 - 1;
// oxlint-disable-next-line no-control-regex -- they are what is refused
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** A guest's name or a snapshot's label: one line, not empty, at most 100 characters; without spaces around it. */
export function line(value: unknown, what: string): string {
  const text = string(value, what).trim();
  if (text === "") throw new TabvisorError(`${what} cannot be empty.`);
  if (text.length > MOST_NAME)
    throw new TabvisorError(`${what} has at most ${MOST_NAME} characters, not ${text.length}.`);
  if (CONTROLS.test(text)) throw new TabvisorError(`${what} is one line, without control characters.`);
  return text;
}

export function string(value: unknown, what: string): string {
  if (typeof value !== "string") throw new TabvisorError(`${what} is a text, not ${shown(value)}.`);
  return value;
}

/** `check`'s, or undefined where there is none. */
export function optional<T>(value: unknown, what: string, check: (value: unknown, what: string) => T): T | undefined {
  return value === undefined ? undefined : check(value, what);
}

export function wholeNumber(value: unknown, what: string, least: number, most: number): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least || value > most) {
    throw new TabvisorError(`${what} is a whole number from ${least} to ${most}; ${shown(value)} is not.`);
  }
  return value;
}

function oneOf<const T extends string>(value: unknown, what: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined) {
    const names = allowed.map((each) => `“${each}”`).join(" or ");
    throw new TabvisorError(`${what} is ${names}, not ${shown(value)}.`);
  }
  return found;
}

export function flag(value: unknown, what: string): boolean {
  if (typeof value !== "boolean") throw new TabvisorError(`${what} is true or false, not ${shown(value)}.`);
  return value;
}

export function callable<T>(value: T, what: string): T {
  if (typeof value !== "function") throw new TabvisorError(`${what} is a function, not ${shown(value)}.`);
  return value;
}

export function bytes(value: unknown, what: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TabvisorError(`${what} is a Uint8Array, not ${shown(value)}.`);
  return value;
}

/** An object that has no other fields than those named. */
function fields<const K extends string>(
  value: unknown,
  what: string,
  known: readonly K[],
): Readonly<Record<K, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TabvisorError(`${what} is an object, not ${shown(value)}.`);
  }
  const unknown = Object.keys(value).find((key) => !known.includes(key as K));
  if (unknown !== undefined) {
    throw new TabvisorError(`${what} has no “${unknown.slice(0, MOST_NAME)}”. There are: ${known.join(", ")}.`);
  }
  const own = (key: K) => (Object.hasOwn(value, key) ? (value as Readonly<Record<string, unknown>>)[key] : undefined);
  try {
    return Object.fromEntries(known.map((key) => [key, own(key)])) as Record<K, unknown>;
  } catch (error) {
    throw new TabvisorError(`${what} cannot be read: ${words(error)}`);
  }
}

const CREATE_OPTIONS = ["image", "name", "memoryMiB", "boot", "commandLine", "clock", "pauseAtInstructions"] as const;

/** The options of `create`; whether the image has such a command line, and memory enough, is for the hypervisor to say. */
export function createOptions(value: unknown): CreateOptions {
  const given = fields(value, "create's options", CREATE_OPTIONS);
  const clock = optional(given.clock, "clock", (each, what) => oneOf(each, what, ["wall", "virtual"]));
  const pauseAtInstructions = optional(given.pauseAtInstructions, "pauseAtInstructions", (each, what) =>
    wholeNumber(each, what, 1, Number.MAX_SAFE_INTEGER),
  );
  if (pauseAtInstructions !== undefined && clock !== "virtual") {
    throw new TabvisorError('pauseAtInstructions needs the virtual clock: add clock: "virtual".');
  }
  const options: { -readonly [K in keyof CreateOptions]: CreateOptions[K] | undefined } = {
    image: string(given.image, "image"),
    name: optional(given.name, "name", line),
    memoryMiB: optional(given.memoryMiB, "memoryMiB", (each, what) => wholeNumber(each, what, 1, 2 ** 20)),
    boot: optional(given.boot, "boot", (each, what) => oneOf(each, what, ["instant", "cold"])),
    commandLine: optional(given.commandLine, "commandLine", string),
    clock,
    pauseAtInstructions,
  };
  return Object.fromEntries(
    Object.entries(options).filter(([, each]) => each !== undefined),
  ) as unknown as CreateOptions;
}

/** The options of `reset`. */
export function resetOptions(value: unknown): { readonly paused: boolean } {
  const given = fields(value, "reset's options", ["paused"]);
  return { paused: optional(given.paused, "paused", flag) ?? false };
}

/** The pattern of `waitFor`. */
export function waitPattern(value: unknown): string | RegExp {
  if (value instanceof RegExp) return value;
  if (string(value, "waitFor's pattern") === "") throw new TabvisorError("waitFor's pattern cannot be empty.");
  return value as string;
}

/** The options of `waitFor`. */
export function waitOptions(value: unknown): { readonly timeoutMs?: number; readonly from?: number } {
  const given = fields(value, "waitFor's options", ["timeoutMs", "from"]);
  const timeoutMs = optional(given.timeoutMs, "timeoutMs", milliseconds);
  const from = optional(given.from, "from", (each, what) => wholeNumber(each, what, 0, Number.MAX_SAFE_INTEGER));
  return { ...(timeoutMs !== undefined && { timeoutMs }), ...(from !== undefined && { from }) };
}

/** A host's timers hold no more: 24 days. */
function milliseconds(value: unknown, what: string): number {
  if (typeof value !== "number" || !(value >= 0) || value > MOST_TIMEOUT_MS) {
    throw new TabvisorError(`${what} is milliseconds from 0 to ${MOST_TIMEOUT_MS}; ${shown(value)} is not.`);
  }
  return value;
}

function shown(value: unknown): string {
  if (typeof value === "string") return `“${value.slice(0, MOST_NAME)}”`;
  if (typeof value === "number" || typeof value === "boolean" || value === undefined || value === null)
    return String(value);
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
