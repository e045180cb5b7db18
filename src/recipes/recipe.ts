import type { ImageFile, ImageManifest } from "#protocol/image.ts";
import type { PackageRecord } from "./archive/package-source.ts";
import type { Progress } from "./progress.ts";

/** A package that a recipe wants. */
export interface PackageWish {
  readonly name: string;
  /** For a meta package: the dependency that is wanted in its place. */
  readonly dependency?: RegExp;
}

/** What a recipe makes; the rest of the manifest is the same for every recipe. */
export interface BuiltImage {
  readonly properties: Omit<ImageManifest, "formatVersion" | "id" | "files" | "packages">;
  readonly files: readonly { readonly role: ImageFile["role"]; readonly bytes: Uint8Array }[];
}

/** A package with its .deb's files, by path without leading slash. */
export interface OpenedPackage {
  readonly record: PackageRecord;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** How an image is made from packages. Equal packages must make equal bytes. */
export interface Recipe {
  readonly id: string;
  /** Part of what a cached image is found by: raise it with every change of what `build` makes. */
  readonly revision: number;
  readonly packages: readonly PackageWish[];
  build(packages: readonly OpenedPackage[], progress: Progress): Promise<BuiltImage>;
}

/** A file of a package; throws an Error that names both where it is not there. */
export function packageFile({ record, files }: OpenedPackage, pattern: RegExp): Uint8Array {
  for (const [path, bytes] of files) if (pattern.test(path)) return bytes;
  throw new Error(`${record.name} ${record.version} has no file that matches ${pattern.source}.`);
}
