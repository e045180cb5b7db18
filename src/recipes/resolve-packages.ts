import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TabvisorError } from "#protocol/tabvisor.ts";
import type { PackageRecord, PackageSource } from "./archive/package-source.ts";
import { writeFileAtomically } from "./atomic-file.ts";
import type { Progress } from "./progress.ts";
import type { PackageWish } from "./recipe.ts";

const DAY_MS = 24 * 3600 * 1000;

/** What the archive had when it was last asked. */
interface Resolution {
  readonly origin: string;
  readonly at: number;
  readonly packages: Readonly<Record<string, PackageRecord>>;
}

/**
 * The newest versions of what recipes wish for. The archive is asked at most once a day, or when `refresh` is set; where
 * it cannot be asked, what it last said holds on.
 */
export async function resolvePackages(
  wishes: readonly PackageWish[],
  source: PackageSource,
  options: {
    readonly cacheFolder: string;
    readonly refresh: boolean;
    readonly now: number;
    readonly progress: Progress;
  },
): Promise<ReadonlyMap<string, PackageRecord>> {
  const path = join(options.cacheFolder, "resolution.json");
  const known = readResolution(path, source.origin);
  const isComplete = known && wishes.every(({ name }) => name in known.packages);
  const age = options.now - (known?.at ?? 0);
  if (isComplete && !options.refresh && age >= 0 && age < DAY_MS) return new Map(Object.entries(known.packages));
  try {
    await source.update(options.progress);
    const packages = { ...known?.packages, ...(await findAll(wishes, source)) };
    writeFileAtomically(path, JSON.stringify({ origin: source.origin, at: options.now, packages }));
    return new Map(Object.entries(packages));
  } catch (error) {
    if (!isComplete || options.refresh) throw error;
    options.progress.say(`The archive cannot be asked for newer packages; going on with those known.`);
    return new Map(Object.entries(known.packages));
  }
}

async function findAll(wishes: readonly PackageWish[], source: PackageSource): Promise<Record<string, PackageRecord>> {
  const found: Record<string, PackageRecord> = {};
  for (const wish of wishes) found[wish.name] = await find(wish, source);
  return found;
}

async function find(wish: PackageWish, source: PackageSource): Promise<PackageRecord> {
  const asked = await need(wish.name, source);
  const { dependency } = wish;
  if (!dependency) return asked;
  const name = asked.depends.find((each) => dependency.test(each));
  if (!name)
    throw new TabvisorError(`${wish.name} in Debian ${source.archive.suite} does not depend on what was expected.`);
  return need(name, source);
}

async function need(name: string, source: PackageSource): Promise<PackageRecord> {
  const record = await source.find(name);
  if (!record) throw new TabvisorError(`Debian ${source.archive.suite} at this mirror has no package ${name}.`);
  return record;
}

function readResolution(path: string, origin: string): Resolution | undefined {
  try {
    const resolution = JSON.parse(readFileSync(path, "utf8")) as Resolution;
    return resolution.origin === origin && typeof resolution.packages === "object" ? resolution : undefined;
  } catch {
    return undefined;
  }
}
