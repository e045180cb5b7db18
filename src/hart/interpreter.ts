import type { HelperName } from "#riscv/engine.ts";
import { ModuleBuilder } from "#wasm/module-builder.ts";
import type { GuestMemory } from "#memory/guest-memory.ts";
import { HartSlot, type MemoryLayout } from "#memory/layout.ts";
import { emitFloatFunctions } from "./float/fast-path.ts";
import { importHelpers } from "./host-functions.ts";
import { InterpreterEmitter } from "./interpreter-emitter.ts";
import { emitMemoryFunctions, importMemory } from "./memory-code.ts";
import { emitMultiply } from "./multiply-code.ts";
import type { OperandUse } from "./operation.ts";
import { PrivilegedCode } from "./privileged-code.ts";

/** Everything the emitted interpreter calls out to; see the emitters for each one's meaning. Nothing here may throw. */
export interface InterpreterHost {
  readonly helpers: Readonly<Record<HelperName, (...args: bigint[]) => bigint>>;
  readDevice(va: bigint, physical: bigint, width: number): bigint;
  writeDevice(va: bigint, physical: bigint, width: number, value: bigint): void;
  decodePage(page: number): number;
  releasePage(page: number): void;
  decode(address: number): void;
  decodeSpanning(): void;
  trap(): void;
  useFloat(): void;
  interruptsChanged(): void;
}

/** An interpreter bound to one hart: runs from the pc slot until the budget slot is 0. */
export type Interpreter = () => void;

/** The interpreter as a module: everything but the hart it will run on. */
export interface InterpreterModule {
  readonly module: WebAssembly.Module;
  readonly uses: readonly OperandUse[];
}

/** Emits and compiles the interpreter for memories of one layout and the hart at `hart`. Takes some tens of milliseconds. */
export function compileInterpreter(layout: MemoryLayout, hart: number): InterpreterModule {
  const module = new ModuleBuilder(layout.totalBytes / 0x1_0000);
  const helpers = importHelpers(module);
  const memoryImports = importMemory(module);
  const imports = {
    decode: module.import("decode", ["i32"], []),
    decodeSpanning: module.import("decodeSpanning", [], []),
    trap: module.import("trap", [], []),
  };
  const useFloat = module.import("useFloat", [], []);
  const interruptsChanged = module.import("interruptsChanged", [], []);
  const memory = emitMemoryFunctions(module, memoryImports, layout, hart);
  const multiply = emitMultiply(module);
  const { csr, ecall, sret } = helpers;
  const privileged = new PrivilegedCode(module, { csr, ecall, sret, trap: imports.trap, interruptsChanged }, hart);
  const functions = {
    memory,
    useFloat,
    helpers: {
      ...helpers,
      ...emitFloatFunctions(module, helpers, hart + HartSlot.fcsr),
      csr: privileged.csr(),
      ecall: privileged.ecall(),
      sret: privileged.sret(),
    },
  };
  const loopImports = { ...imports, trap: privileged.trap() };
  const run = module.function([], []);
  const emitter = new InterpreterEmitter(run.body, functions, multiply, loopImports, hart);
  const uses = emitter.emitLoop();
  module.export("run", run);
  return { module: new WebAssembly.Module(module.encode()), uses };
}

/** Binds a compiled interpreter to a guest's memory and its host. */
export function instantiateInterpreter(
  compiled: InterpreterModule,
  memory: GuestMemory,
  host: InterpreterHost,
): Interpreter {
  const { helpers, ...functions } = host;
  const instance = new WebAssembly.Instance(compiled.module, {
    env: { memory: memory.wasm, ...helpers, ...functions },
  });
  return instance.exports["run"] as Interpreter;
}
