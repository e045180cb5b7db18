import type { HelperName } from "#riscv/engine.ts";
import type { FunctionReference } from "#wasm/function-builder.ts";
import { ModuleBuilder } from "#wasm/module-builder.ts";
import type { ValueType } from "#wasm/opcodes.ts";
import { helperArity } from "#hart/emit/host-functions.ts";
import { GO_ON, goOnParameters, regionParameters, regionResults } from "#hart/emit/region-calls.ts";
import { RegionEmitter, type RegionPlace } from "./region-emitter.ts";
import type { Region } from "./region.ts";

/** What regions are translated for. */
export interface RegionTarget {
  /** Of the guest's memory, in 64 KiB. */
  readonly memoryPages: number;
  /** Where the hart's state stands in memory. */
  readonly hart: number;
  readonly hasTailCalls: boolean;
  /** The host's relaxed_madd rounds once. */
  readonly fused: boolean;
}

/**
 * Translates regions into one WebAssembly module, which exports them as "0", "1", … and imports, as `env`, the memory and what the
 * interpreter's module exports.
 */
export function buildRegionModule(
  regions: readonly { readonly region: Region; readonly place: RegionPlace }[],
  { memoryPages, hart, hasTailCalls, fused }: RegionTarget,
): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder(memoryPages);
  const importing = (name: string, parameters: readonly ValueType[], result: ValueType): FunctionReference =>
    module.import(name, parameters, [result]);
  const calls = {
    hostForLoad: importing("hostForLoad", ["i64", "i32"], "i32"),
    hostForStore: importing("hostForStore", ["i64", "i32"], "i32"),
    loadFromDevice: importing("loadFromDevice", ["i64", "i32", "i32"], "i32"),
    storeToDevice: importing("storeToDevice", ["i64", "i32", "i64", "i32"], "i32"),
    multiply: {
      signed: importing("signed", ["i64", "i64"], "i64"),
      unsigned: importing("unsigned", ["i64", "i64"], "i64"),
      signedUnsigned: importing("signedUnsigned", ["i64", "i64"], "i64"),
    },
    helpers: importHelpers(
      regions.map(({ region }) => region),
      importing,
    ),
    goOn: hasTailCalls ? module.import(GO_ON, goOnParameters, regionResults) : undefined,
    fused,
  };
  for (const [index, { region, place }] of regions.entries()) {
    const body = module.function(regionParameters, regionResults);
    new RegionEmitter(body.body, calls, hart, region, place).emit();
    module.export(String(index), body);
  }
  return module.encode();
}

/** Imports the helpers that instructions of these regions may call. */
function importHelpers(
  regions: readonly Region[],
  importing: (name: string, parameters: readonly ValueType[], result: ValueType) => FunctionReference,
): Readonly<Partial<Record<HelperName, FunctionReference>>> {
  const helpers: Partial<Record<HelperName, FunctionReference>> = {};
  for (const { decoded } of regions.flatMap(({ blocks }) => blocks.flatMap(({ instructions }) => instructions))) {
    const name = helperOf(decoded.name);
    if (name === undefined || helpers[name]) continue;
    const parameters = Array.from({ length: helperArity[name] }, () => "i64" as const);
    helpers[name] = importing(name, parameters, "i64");
  }
  return helpers;
}

const helpersByName = new Map<string, HelperName | undefined>();

/** The helper that an instruction calls. */
function helperOf(name: string): HelperName | undefined {
  if (!helpersByName.has(name)) helpersByName.set(name, findHelper(name));
  return helpersByName.get(name);
}

function findHelper(name: string): HelperName | undefined {
  const helper = name.replace(/^f(n?m)(add|sub)\./, "fmadd.");
  return helper in helperArity && helper.startsWith("f") && helper !== "fence.i" ? (helper as HelperName) : undefined;
}
