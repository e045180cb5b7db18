import type { ValueType } from "#wasm/opcodes.ts";

/**
 * How regions are called, from the interpreter and from each other: (virtual address of the page, budget, number of the
 * entry) → budget left, with pc in its slot. With `STEP_FLAG`, the instruction at pc is to be interpreted.
 */
export const regionParameters: readonly ValueType[] = ["i64", "i32", "i32"];
export const regionResults: readonly ValueType[] = ["i32"];

/**
 * The interpreter's function that goes on elsewhere: (pc, budget), results as a region's. Registers are in their slots. It
 * goes on in the region that begins at pc, where the fetch TLB knows of one, and else comes back to the interpreter.
 */
export const GO_ON = "goOn";
export const goOnParameters: readonly ValueType[] = ["i64", "i32"];

/** What a region is told of an access to a device. */
export const DeviceAnswer = {
  /** Nothing was done: the interpreter is to run the instruction. */
  none: 0,
  /** Done; what was loaded is in the `xSink` slot. */
  done: 1,
  /** Done, and the region is to be left behind the instruction, with the budget that is in its slot. */
  leave: 2,
} as const;

/** Added to a region's result: it does not take the instruction at pc, even if it begins there. */
export const STEP_FLAG = 0x8000_0000 | 0;
