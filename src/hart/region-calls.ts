import type { ValueType } from "#wasm/opcodes.ts";

/**
 * How regions are called, from the interpreter and from each other: (virtual address of the page, budget, number of the
 * entry) → budget left, with pc in its slot. With `STEP_FLAG`, the instruction at pc is to be interpreted.
 */
export const regionParameters: readonly ValueType[] = ["i64", "i32", "i32"];
export const regionResults: readonly ValueType[] = ["i32"];

/** The interpreter's function that leaves a region for another: its parameters, then its place in the table. */
export const GO_ON = "goOn";

/** Added to a region's result: it does not take the instruction at pc, even if it begins there. */
export const STEP_FLAG = 0x8000_0000 | 0;
