import type { FloatHelper, HelperName, SystemHelper } from "#riscv/engine.ts";
import type { FunctionReference } from "#wasm/function-builder.ts";
import type { ModuleBuilder } from "#wasm/module-builder.ts";
import { floatOperandCount, floatOperations, hasRounding } from "#hart/float/float-unit.ts";

/** How many values each helper takes. All take and yield 64-bit values. */
export const helperArity: Readonly<Record<HelperName, number>> = {
  ...floatArity(),
  csr: 2,
  ecall: 0,
  ebreak: 0,
  mret: 0,
  sret: 0,
  wfi: 0,
  "sfence.vma": 3,
  "fence.i": 0,
  illegal: 1,
};

function floatArity(): Readonly<Record<FloatHelper, number>> {
  const names = Object.keys(floatOperations) as FloatHelper[];
  const entries = names.map((name) => [name, floatOperandCount(name) + (hasRounding(name) ? 1 : 0)] as const);
  return Object.fromEntries(entries) as Record<FloatHelper, number>;
}

const system: ReadonlySet<string> = new Set<SystemHelper>([
  "csr",
  "ecall",
  "ebreak",
  "mret",
  "sret",
  "wfi",
  "sfence.vma",
  "fence.i",
  "illegal",
]);

/** Whether a helper may change more than its result and fcsr: pc, mode, address space. */
export function isSystemHelper(name: HelperName): name is SystemHelper {
  return system.has(name);
}

/** Every helper, imported into a module under its own name. */
export function importHelpers(module: ModuleBuilder): Readonly<Record<HelperName, FunctionReference>> {
  const entries = Object.entries(helperArity).map(([name, arity]) => {
    const parameters = Array.from({ length: arity }, () => "i64" as const);
    return [name, module.import(name, parameters, ["i64"])] as const;
  });
  return Object.fromEntries(entries) as Record<HelperName, FunctionReference>;
}
