import { basename } from "node:path";
import { decompressXz } from "#recipes/archive/deb.ts";
import type { CpioEntry } from "#recipes/cpio.ts";
import { isElf32 } from "#recipes/elf/elf-sections.ts";
import { type Modinfo, readModinfo } from "#recipes/elf/modinfo.ts";
import { finder, loadOrder, type ModuleFile, modulesAlias, modulesDep } from "#recipes/elf/module-order.ts";
import { stripModule } from "#recipes/elf/strip-module.ts";

interface OpenedModule extends ModuleFile {
  readonly bytes: Uint8Array;
}

/** The wanted modules of a kernel package with all that they depend on, in `lib/modules/<release>/`. */
export async function moduleEntries(
  kernelFiles: ReadonlyMap<string, Uint8Array>,
  release: string,
  wanted: readonly string[],
): Promise<readonly CpioEntry[]> {
  const opened = await openWithDependencies(kernelFiles, wanted);
  const modules = order(opened, wanted);
  const folder = `lib/modules/${release}`;
  return [
    { type: "directory", path: folder },
    ...modules.map(({ fileName, bytes }): CpioEntry => ({ type: "file", path: `${folder}/${fileName}`, bytes })),
    { type: "file", path: `${folder}/modules.dep`, bytes: Buffer.from(modulesDep(modules)) },
    { type: "file", path: `${folder}/modules.alias`, bytes: Buffer.from(modulesAlias(modules)) },
    { type: "file", path: `${folder}/modules.symbols`, bytes: new Uint8Array() },
  ];
}

async function openWithDependencies(
  kernelFiles: ReadonlyMap<string, Uint8Array>,
  names: readonly string[],
): Promise<readonly OpenedModule[]> {
  const paths = new Map<string, string>();
  for (const path of kernelFiles.keys()) {
    const name = /([^/]+)\.ko(?:\.xz)?$/.exec(path)?.[1];
    if (name) paths.set(name.replaceAll("-", "_"), path);
  }
  const opened = new Map<string, OpenedModule>();
  const wanted = [...names];
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    const path = paths.get(name);
    // Without a file of that name it is built in, or an alias of one of the others.
    if (path === undefined || opened.has(name)) continue;
    const module = await openModule(path, kernelFiles.get(path) ?? new Uint8Array());
    opened.set(name, module);
    wanted.push(...module.modinfo.depends, ...module.modinfo.softBefore);
  }
  for (const name of names) if (!opened.has(name)) throw new Error(`The kernel package has no module ${name}.`);
  return [...opened.values()];
}

async function openModule(path: string, packed: Uint8Array): Promise<OpenedModule> {
  try {
    const whole = path.endsWith(".xz") ? await decompressXz(packed) : packed;
    const bytes = isElf32(whole) ? whole : stripModule(whole);
    return { fileName: basename(path, ".xz"), bytes, modinfo: readModinfo(bytes) };
  } catch (error) {
    throw new Error(`${path} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** In an order in which they can be loaded, so that equal packages make equal bytes. */
function order(opened: readonly OpenedModule[], wanted: readonly string[]): readonly OpenedModule[] {
  const find = finder(opened.map(({ modinfo }) => modinfo));
  const sorted = new Set<Modinfo>(wanted.flatMap((name) => loadOrder(name, find)));
  return [...sorted].flatMap((modinfo) => opened.filter((module) => module.modinfo === modinfo));
}
