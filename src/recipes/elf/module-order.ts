import type { Modinfo } from "./modinfo.ts";

/** A module of the initramfs: its file name (without folder) and what it says of itself. */
export interface ModuleFile {
  readonly fileName: string;
  readonly modinfo: Modinfo;
}

/**
 * The modules that `wanted` needs, itself last: what each depends on comes before it. `find` answers undefined for what
 * is built into the kernel. Throws where modules depend on each other in a circle.
 */
export function loadOrder(wanted: string, find: (name: string) => Modinfo | undefined): readonly Modinfo[] {
  const order = new Map<string, Modinfo>();
  const open = new Set<string>();
  const visit = (name: string) => {
    const modinfo = find(name);
    if (!modinfo || order.has(modinfo.name)) return;
    if (open.has(modinfo.name))
      throw new Error(`Kernel modules depend on each other in a circle: ${[...open].join(", ")}`);
    open.add(modinfo.name);
    for (const needed of [...modinfo.softBefore, ...modinfo.depends]) visit(needed);
    open.delete(modinfo.name);
    order.set(modinfo.name, modinfo);
  };
  visit(wanted);
  return [...order.values()];
}

/** `modules.dep`, as modprobe reads it: each file, then what must be loaded before it, nearest first. */
export function modulesDep(modules: readonly ModuleFile[]): string {
  const fileNames = new Map(modules.map(({ fileName, modinfo }) => [modinfo.name, fileName]));
  const find = finder(modules.map(({ modinfo }) => modinfo));
  const lines = modules.map(({ fileName, modinfo }) => {
    const before = loadOrder(modinfo.name, find).slice(0, -1).toReversed();
    return `${fileName}:${before.map(({ name }) => ` ${fileNames.get(name)}`).join("")}\n`;
  });
  return lines.join("");
}

/** `modules.alias`, as modprobe reads it. */
export function modulesAlias(modules: readonly ModuleFile[]): string {
  return modules.flatMap(({ modinfo }) => modinfo.aliases.map((alias) => `alias ${alias} ${modinfo.name}\n`)).join("");
}

/** Finds a module by its name or one of its aliases. */
export function finder(modules: readonly Modinfo[]): (name: string) => Modinfo | undefined {
  const byName = new Map<string, Modinfo>();
  for (const modinfo of modules) for (const alias of modinfo.aliases) byName.set(alias, modinfo);
  for (const modinfo of modules) byName.set(modinfo.name, modinfo);
  return (name) => byName.get(name);
}
