import type { FunctionReference } from "#wasm/function-builder.ts";
import type { ModuleBuilder } from "#wasm/module-builder.ts";

/** What the slow paths ask of the host. */
export interface MemoryImports {
  /** (va, physical address, width) → value */
  readonly readDevice: FunctionReference;
  /** (va, physical address, width, value) */
  readonly writeDevice: FunctionReference;
  /** (physical address, width, low and high half of a value, whether it is a store) → `DeviceAnswer` */
  readonly accessDevice: FunctionReference;
  /** (RAM page number) → decoded page index, never 0 */
  readonly decodePage: FunctionReference;
  /** (RAM page number): it holds data now */
  readonly releasePage: FunctionReference;
  /** (RAM page number, first byte, end): bytes of a page that has regions are about to change */
  readonly codeChanged: FunctionReference;
}

/** The emitted slow paths. After each, a nonzero `exception` slot says that it faulted. */
export interface MemoryFunctions {
  /** (va, width) → value, zero-extended */
  readonly load: FunctionReference;
  /** (va, width, value) */
  readonly store: FunctionReference;
  /** (va): raises what an atomic store there would raise; devices take no atomics (Privileged ISA §3.6.3) */
  readonly probe: FunctionReference;
  /** (pc) → address of the decoded page that holds it, 0 on a fault */
  readonly fetch: FunctionReference;
  /**
   * (va, width) → address in our memory where a translated region may load or store, or 0 where only the interpreter knows what
   * to do: a fault, a device, two pages, code, or a page-table entry to be marked. Changes nothing that a guest can see.
   */
  readonly hostForLoad: FunctionReference;
  readonly hostForStore: FunctionReference;
  /**
   * What a translated region does where those give 0: (va, width, budget) and (va, width, value, budget) → `DeviceAnswer`. The
   * budget is what is left behind the instruction.
   */
  readonly loadFromDevice: FunctionReference;
  readonly storeToDevice: FunctionReference;
}

/** Declares what the slow paths ask of the host. */
export function importMemory(module: ModuleBuilder): MemoryImports {
  return {
    readDevice: module.import("readDevice", ["i64", "i64", "i32"], ["i64"]),
    writeDevice: module.import("writeDevice", ["i64", "i64", "i32", "i64"], []),
    accessDevice: module.import("accessDevice", ["i32", "i32", "i32", "i32", "i32"], ["i32"]),
    decodePage: module.import("decodePage", ["i32"], ["i32"]),
    releasePage: module.import("releasePage", ["i32"], []),
    codeChanged: module.import("codeChanged", ["i32", "i32", "i32"], []),
  };
}
