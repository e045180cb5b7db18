import type { FunctionBuilder, Local } from "#wasm/function-builder.ts";
import { HartSlot } from "#memory/layout.ts";

/** Leaves a slot of the state of the hart at `hart`. */
export function pushSlot(
  f: FunctionBuilder,
  hart: number,
  load: "i32.load" | "i64.load",
  slot: number,
): FunctionBuilder {
  return f.i32(0).memory(load, hart + slot);
}

/** Sets the low 32 bits of a slot to what `value` leaves. */
export function storeSlot(f: FunctionBuilder, hart: number, slot: number, value: () => void): void {
  f.i32(0);
  value();
  f.memory("i32.store", hart + slot);
}

/** Sets the `exception` slot: `cause` leaves the cause, `value` holds tval. */
export function emitRaise(f: FunctionBuilder, hart: number, cause: () => void, value: Local): void {
  f.i32(0);
  cause();
  f.i32(1)
    .op("i32.add")
    .memory("i32.store", hart + HartSlot.exception);
  f.i32(0)
    .get(value)
    .memory("i64.store", hart + HartSlot.exceptionValue);
}

/** Adds one to a counter of the page's meters. */
export function emitCount(f: FunctionBuilder, hart: number, counter: number): void {
  const address = hart + HartSlot.counters + counter;
  f.i32(0).i32(0).memory("i64.load", address).i64(1n).op("i64.add").memory("i64.store", address);
}
