import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ImageFile, ImageManifest } from "#protocol/image.ts";
import { parseImageManifest } from "#protocol/parse-manifest.ts";
import { TabvisorError } from "#protocol/tabvisor.ts";
import { openChunk, sha256 } from "#recipes/chunk.ts";

/** An image with its files put together and every checksum checked. */
export interface LoadedImage {
  readonly manifest: ImageManifest;
  readonly kernel: Uint8Array;
  readonly initrd: Uint8Array | undefined;
}

/** Reads an image of a folder such as `public/guests`; throws a TabvisorError that names the file that is missing or wrong. */
export async function loadImage(folder: string, id: string): Promise<LoadedImage> {
  const path = join(folder, `${id}.json`);
  const manifest = attempt(id, path, () => parseImageManifest(readFileSync(path, "utf8")));
  if (manifest.id !== id) throw damaged(id, path, `it is the manifest of ${manifest.id}`);
  const file = (role: ImageFile["role"]) => {
    const found = manifest.files.find((each) => each.role === role);
    return found && readImageFile(folder, id, found);
  };
  const kernel = file("kernel");
  if (!kernel) throw damaged(id, path, "it names no kernel");
  return { manifest, kernel, initrd: file("initrd") };
}

function readImageFile(folder: string, id: string, file: ImageFile): Uint8Array {
  const bytes = new Uint8Array(file.byteLength);
  let at = 0;
  for (const chunk of file.chunks) {
    const path = join(folder, "chunks", chunk.sha256);
    bytes.set(
      attempt(id, path, () => openChunk(chunk, readFileSync(path))),
      at,
    );
    at += chunk.byteLength;
  }
  if (sha256(bytes) !== file.sha256)
    throw damaged(id, join(folder, `${id}.json`), `the checksum of its ${file.role} is wrong`);
  return bytes;
}

function attempt<T>(id: string, path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw damaged(id, path, "it is not there");
    throw damaged(id, path, error instanceof Error ? error.message : String(error));
  }
}

function damaged(id: string, path: string, why: string): TabvisorError {
  return new TabvisorError(`The image "${id}" cannot be loaded: ${path}: ${why}. Run: tabvisor build ${id}`);
}
