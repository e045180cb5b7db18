import type { HelperName } from "#riscv/engine.ts";
import { ModuleBuilder } from "#wasm/module-builder.ts";
import type { GuestMemory } from "#memory/guest-memory.ts";
import { HartSlot, type MemoryLayout } from "#memory/layout.ts";
import { emitFloatFunctions } from "#hart/float/emitted/fast-path.ts";
import { hasFusedMultiplyAdd } from "#hart/float/emitted/fused.ts";
import { CsrCode } from "#hart/emit/csr-code.ts";
import { importHelpers } from "#hart/emit/host-functions.ts";
import { InterpreterEmitter, SPANNING_PLACE } from "./interpreter-emitter.ts";
import { emitMemoryFunctions } from "#hart/emit/memory-code.ts";
import { importMemory } from "#hart/emit/memory-functions.ts";
import { emitMultiply } from "#hart/emit/multiply-code.ts";
import type { EmittedTlbs } from "#hart/translation/tlb.ts";
import type { OperandUse } from "#hart/translation/operation.ts";
import { PrivilegedCode } from "#hart/emit/privileged-code.ts";
import { emitGoOn } from "./go-on-code.ts";
import { GO_ON, regionParameters, regionResults } from "#hart/emit/region-calls.ts";
import { emitSpanning } from "./spanning-code.ts";
import { emitTlbFunctions } from "#hart/emit/tlb-code.ts";
import { hasTailCalls } from "#hart/emit/tail-calls.ts";

/** Everything the emitted interpreter calls out to; see the emitters for each one's meaning. Nothing here may throw. */
export interface InterpreterHost {
  readonly helpers: Readonly<Record<HelperName, (...args: bigint[]) => bigint>>;
  readDevice(va: bigint, physical: bigint, width: number): bigint;
  writeDevice(va: bigint, physical: bigint, width: number, value: bigint): void;
  /** Gives a `DeviceAnswer`. */
  accessDevice(physical: number, width: number, low: number, high: number, isStore: number): number;
  decodePage(page: number): number;
  releasePage(page: number): void;
  decode(address: number): void;
  decodeSpanning(page: number): void;
  trap(): void;
  useFloat(): void;
  interruptsChanged(): void;
  /** The time CSR. */
  time(): bigint;
  codeChanged(page: number, first: number, end: number): void;
  hot(operation: number): void;
  declined(operation: number): void;
}

/** An interpreter bound to one hart. */
export interface Interpreter {
  /** Runs from the pc slot until the budget slot is 0. */
  readonly run: () => void;
  readonly tlbs: EmittedTlbs;
  /** What translated regions import. */
  readonly exports: Readonly<Record<string, object>>;
}

/** How an interpreter takes part in translation. */
export interface InterpreterOptions {
  /** Arrivals at an operation that make it hot; undefined: nothing is translated. */
  readonly hotThreshold: number | undefined;
}

/** Size of the table of translated regions. */
export const TABLE_SIZE = 4096;

/** The interpreter as a module: everything but the hart it will run on. */
export interface InterpreterModule {
  readonly module: WebAssembly.Module;
  readonly uses: readonly OperandUse[];
}

/** Emits and compiles the interpreter for memories of one layout and the hart at `hart`. Takes some tens of milliseconds. */
export function compileInterpreter(
  layout: MemoryLayout,
  hart: number,
  { hotThreshold }: InterpreterOptions,
): InterpreterModule {
  const module = new ModuleBuilder(layout.totalBytes / 0x1_0000);
  const helpers = importHelpers(module);
  const memoryImports = importMemory(module);
  const imports = {
    decode: module.import("decode", ["i32"], []),
    decodeSpanning: module.import("decodeSpanning", ["i32"], []),
    trap: module.import("trap", [], []),
  };
  const useFloat = module.import("useFloat", [], []);
  const interruptsChanged = module.import("interruptsChanged", [], []);
  const time = module.import("time", [], ["i64"]);
  const hot = module.import("hot", ["i32"], []);
  const declined = module.import("declined", ["i32"], []);
  if (hotThreshold !== undefined) module.importTable(TABLE_SIZE);
  const memory = emitMemoryFunctions(module, memoryImports, layout, hart);
  const multiply = emitMultiply(module);
  const { csr, ecall, sret, "sfence.vma": fence } = helpers;
  const privilegedImports = { csr, ecall, sret, trap: imports.trap, fence, time, interruptsChanged };
  const tlbs = emitTlbFunctions(module, hart);
  const privileged = new PrivilegedCode(module, privilegedImports, tlbs, hart);
  const floats = emitFloatFunctions(module, helpers, hart + HartSlot.fcsr, hasFusedMultiplyAdd());
  const calls = {
    memory,
    useFloat,
    ...imports,
    trap: privileged.trap(),
    spanning: emitSpanning(module, hart, SPANNING_PLACE),
    helpers: {
      ...helpers,
      ...floats,
      csr: new CsrCode(module, privilegedImports, tlbs, hart).csr(),
      ecall: privileged.ecall(),
      sret: privileged.sret(),
      "sfence.vma": privileged.fence(),
      "fence.i": privileged.fetchFence(),
    },
  };
  const type = module.type(regionParameters, regionResults);
  const regions = hotThreshold === undefined ? undefined : { hot, declined, threshold: hotThreshold, type };
  const run = module.function([], []);
  const emitter = new InterpreterEmitter(run.body, calls, multiply, regions, hart);
  const uses = emitter.emitLoop();
  for (const [name, target] of Object.entries({ ...floats, ...multiply })) module.export(name, target);
  module.export("emptyContext", tlbs.emptyContext);
  module.export("emptyTranslated", tlbs.emptyTranslated);
  module.export("hostForLoad", memory.hostForLoad);
  module.export("hostForStore", memory.hostForStore);
  module.export("loadFromDevice", memory.loadFromDevice);
  module.export("storeToDevice", memory.storeToDevice);
  if (regions && hasTailCalls()) module.export(GO_ON, emitGoOn(module, type, hart));
  module.export("run", run);
  return { module: new WebAssembly.Module(module.encode()), uses };
}

/** Binds a compiled interpreter to a guest's memory and its host. */
export function instantiateInterpreter(
  compiled: InterpreterModule,
  memory: GuestMemory,
  host: InterpreterHost,
  table: WebAssembly.Table | undefined,
): Interpreter {
  const { helpers, ...functions } = host;
  const { exports } = new WebAssembly.Instance(compiled.module, {
    env: { memory: memory.wasm, ...helpers, ...functions, ...(table && { table }) },
  });
  return {
    run: exports["run"] as () => void,
    tlbs: exports as unknown as EmittedTlbs,
    exports,
  };
}
