import { mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { guestsFolder } from "#cli/guests-folder.ts";
import { loadImage } from "#cli/load-image.ts";
import type { ImageManifest } from "#protocol/image.ts";
import { cutFile } from "#recipes/chunk.ts";
import { ImageFolder } from "#recipes/image-folder.ts";
import { benchFolder } from "./program.ts";
import { DISK_MIB } from "./side.ts";
import type { CommandLine } from "./work.ts";

/** Our `linux` image with an empty disk, as `writeDiskImage` makes it. */
export const DISK_IMAGE = "bench";

/** The built `linux` image's files put together again, for a machine that is not ours. */
export interface ImageFiles {
  readonly manifest: ImageManifest;
  readonly kernel: string;
  readonly initrd: string;
  readonly commandLines: Readonly<Record<CommandLine, string>>;
}

/** Puts the kernel and the initrd of the built `linux` image into the bench's folder. */
export async function writeImageFiles(): Promise<ImageFiles> {
  const { manifest, kernel, initrd } = await loadImage(guestsFolder(), "linux");
  const files = { kernel: join(benchFolder, "linux-kernel"), initrd: join(benchFolder, "linux-initrd") };
  const debianDefault = manifest.commandLines?.["debian-default"];
  if (!initrd || debianDefault === undefined) throw new Error("The linux image is not ours: run `npx tabvisor build`");
  mkdirSync(benchFolder, { recursive: true });
  writeFileSync(files.kernel, kernel);
  writeFileSync(files.initrd, initrd);
  return { manifest, ...files, commandLines: { fast: manifest.commandLine, "debian-default": debianDefault } };
}

/** An empty disk in a file, this process's own. */
export function writeEmptyDisk(): string {
  const path = diskPath();
  writeFileSync(path, "");
  truncateSync(path, DISK_MIB << 20);
  return path;
}

/** Removes what `writeEmptyDisk` wrote. */
export function removeDisk(): void {
  rmSync(diskPath(), { force: true });
}

function diskPath(): string {
  return join(benchFolder, `disk-${process.pid}`);
}

/** Makes the image `DISK_IMAGE` from ours, and resolves with the folder to serve beside `public`, where its other parts stand. */
export function writeDiskImage(linux: ImageManifest): string {
  const served = join(benchFolder, "served");
  const folder = new ImageFolder(join(served, "guests"));
  const { file, stored } = cutFile("disk", new Uint8Array(DISK_MIB << 20));
  for (const { chunk, bytes } of stored) folder.addChunk(chunk, bytes);
  folder.addManifest({ ...linux, id: DISK_IMAGE, files: [...linux.files, file] });
  return served;
}
