import { TabvisorError } from "#protocol/tabvisor.ts";
import type { ImageManifest } from "#protocol/image.ts";
import type { PackageRecord, PackageSource } from "./archive/package-source.ts";
import { debFiles } from "./archive/deb.ts";
import type { Cache } from "./cache.ts";
import { cutFile, sha256 } from "./chunk.ts";
import { withFolderLock } from "./folder-lock.ts";
import { copyImage, ImageFolder } from "./image-folder.ts";
import type { Progress } from "./progress.ts";
import type { OpenedPackage, Recipe } from "./recipe.ts";
import { resolvePackages } from "./resolve-packages.ts";
import { needProgram } from "./tools.ts";

/** Raised with every change of how images are cut and stored. */
const FORMAT_REVISION = 3;

/** What a build works with. */
export interface BuildOptions {
  /** Where the images shall stand. */
  readonly target: string;
  readonly cache: Cache;
  readonly source: PackageSource;
  readonly progress: Progress;
  /** Ask the archive for newer packages even if it was asked today. */
  readonly refresh: boolean;
  /** Every recipe there is: the catalogue keeps their order. */
  readonly catalogue: readonly Recipe[];
}

/** Builds images into `target`, from the cache where it has them. Safe to cut at any moment and to run again. */
export function buildImages(wanted: readonly Recipe[], options: BuildOptions): Promise<void> {
  return withFolderLock(options.cache.folder, options.progress, async () => {
    const target = new ImageFolder(options.target);
    const wishes = wanted.flatMap(({ packages }) => packages);
    const found = await resolvePackages(wishes, options.source, {
      cacheFolder: options.cache.folder,
      refresh: options.refresh,
      now: Date.now(),
      progress: options.progress,
    });
    for (const recipe of wanted) {
      const records = recipe.packages.map(({ name }) => found.get(name)).filter((record) => record !== undefined);
      await buildImage(recipe, records, target, options);
    }
    finish(target, options.catalogue);
    options.cache.removeOld(Date.now());
  });
}

/** Copies ready images from a folder, after checking all of them. */
export function importImages(ids: readonly string[], from: string, to: string, progress: Progress): void {
  const source = new ImageFolder(from);
  const target = new ImageFolder(to);
  const wanted = ids.length > 0 ? ids : source.ids();
  if (wanted.length === 0) throw new TabvisorError(`${from} has no images: there is no readable index.json in it.`);
  for (const id of wanted) {
    progress.say(`Copying ${id} from ${from}`);
    let manifest: ImageManifest;
    try {
      manifest = source.manifest(id);
    } catch (error) {
      throw new TabvisorError(
        `${from}/${id}.json cannot be used: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    if (!copyImage(manifest, source, target))
      throw new TabvisorError(`${from} lacks chunks of ${id}, or some are damaged.`);
  }
  target.writeCatalogue([...new Set([...target.ids(), ...wanted])]);
}

async function buildImage(
  recipe: Recipe,
  records: readonly PackageRecord[],
  target: ImageFolder,
  { cache, source, progress }: BuildOptions,
): Promise<void> {
  const key = `${recipe.id}-${imageKey(recipe, records)}`;
  const cached = cachedManifest(cache.images, key);
  if (cached && copyImage(cached, cache.images, target)) {
    cache.images.touch(key);
    progress.say(`${recipe.id}: ready (${versions(records)}, from the cache)`);
    return;
  }
  progress.say(`${recipe.id}: building from ${versions(records)}`);
  await needProgram("xz", "xz-utils", progress);
  const packages: OpenedPackage[] = [];
  for (const record of records) {
    const deb = await cache.package(record, source, progress);
    packages.push({ record, files: await debFiles(deb) });
  }
  const manifest = await cutImage(recipe, packages, cache.images, progress);
  cache.images.addManifest(manifest, key);
  if (!copyImage(manifest, cache.images, target)) {
    throw new TabvisorError(
      `${recipe.id} was built, but what was written to ${cache.folder} cannot be read back. Check the disk.`,
    );
  }
  progress.say(`${recipe.id}: ready`);
}

async function cutImage(
  recipe: Recipe,
  packages: readonly OpenedPackage[],
  images: ImageFolder,
  progress: Progress,
): Promise<ImageManifest> {
  const { properties, files } = await recipe.build(packages, progress);
  const cut = files.map(({ role, bytes }) => cutFile(role, bytes));
  for (const { stored } of cut) for (const { chunk, bytes } of stored) images.addChunk(chunk, bytes);
  return {
    formatVersion: 2,
    id: recipe.id,
    ...properties,
    files: cut.map(({ file }) => file),
    packages: packages.map(({ record }) => {
      const { name, version, architecture } = record;
      return { name, version, architecture, sha256: record.sha256 };
    }),
  };
}

/** What an image is found by in the cache: the recipe's revision and the packages' checksums. */
function imageKey(recipe: Recipe, records: readonly PackageRecord[]): string {
  const sums = records.map((record) => record.sha256);
  return sha256(JSON.stringify([FORMAT_REVISION, recipe.id, recipe.revision, sums])).slice(0, 16);
}

function cachedManifest(images: ImageFolder, key: string): ImageManifest | undefined {
  try {
    return images.manifest(key);
  } catch {
    return undefined;
  }
}

/** Writes the catalogue of what stands in the target, and removes chunks of images before these. */
function finish(target: ImageFolder, catalogue: readonly Recipe[]): void {
  const ids = new Set([...catalogue.map(({ id }) => id), ...target.ids()]);
  const manifests = [...ids].map((id) => cachedManifest(target, id)).filter((manifest) => manifest !== undefined);
  target.prune(manifests);
  target.writeCatalogue(manifests.map(({ id }) => id));
}

function versions(records: readonly PackageRecord[]): string {
  return records.map(({ name, version }) => `${name} ${version}`).join(", ");
}
