import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import type { ImageManifest } from "#protocol/image.ts";
import { parseImageCatalogue, parseImageManifest } from "#protocol/parse-manifest.ts";
import { writeFileAtomically } from "./atomic-file.ts";
import { type Chunk, openChunk } from "./chunk.ts";

const CATALOGUE = "index.json";

/** A folder of images: `<id>.json` manifests, `chunks/<sha256>`, and the catalogue `index.json`. */
export class ImageFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The ids that the catalogue lists; none where it is missing or cannot be read. */
  ids(): readonly string[] {
    try {
      return parseImageCatalogue(readFileSync(join(this.#folder, CATALOGUE), "utf8")).images;
    } catch {
      return [];
    }
  }

  /** A manifest; throws where it is missing or wrong. */
  manifest(id: string): ImageManifest {
    return parseImageManifest(readFileSync(this.#manifestPath(id), "utf8"));
  }

  /** A chunk as it is stored, once it was found to be what it should be; undefined otherwise. */
  chunk(chunk: Chunk): Uint8Array | undefined {
    try {
      const stored = readFileSync(this.#chunkPath(chunk.sha256));
      openChunk(chunk, stored);
      return stored;
    } catch {
      return undefined;
    }
  }

  addChunk(chunk: Chunk, stored: Uint8Array): void {
    writeFileAtomically(this.#chunkPath(chunk.sha256), stored);
  }

  /** Puts a manifest in place, checked and in its one order of fields; its chunks must be there already. */
  addManifest(manifest: ImageManifest, fileName = manifest.id): void {
    const checked = parseImageManifest(JSON.stringify(manifest));
    writeFileAtomically(this.#manifestPath(fileName), `${JSON.stringify(checked, undefined, 2)}\n`);
  }

  writeCatalogue(ids: readonly string[]): void {
    writeFileAtomically(join(this.#folder, CATALOGUE), `${JSON.stringify({ formatVersion: 1, images: ids })}\n`);
  }

  /** Notes that a manifest was used just now, for `removeUnused`. */
  touch(fileName: string): void {
    const now = new Date();
    utimesSync(this.#manifestPath(fileName), now, now);
  }

  /** Removes the manifests that were last used before a time, and the chunks that only these named. */
  removeUnused(before: number): void {
    const kept: ImageManifest[] = [];
    for (const name of existsSync(this.#folder) ? readdirSync(this.#folder) : []) {
      if (!name.endsWith(".json") || name === CATALOGUE) continue;
      const path = join(this.#folder, name);
      try {
        if (statSync(path).mtimeMs >= before) kept.push(parseImageManifest(readFileSync(path, "utf8")));
        else rmSync(path);
      } catch {
        rmSync(path, { force: true });
      }
    }
    this.prune(kept);
  }

  /** Removes the chunks that none of these manifests names. */
  prune(manifests: readonly ImageManifest[]): void {
    const used = new Set(manifests.flatMap(({ files }) => files.flatMap(({ chunks }) => chunks.map((c) => c.sha256))));
    const folder = join(this.#folder, "chunks");
    for (const name of existsSync(folder) ? readdirSync(folder) : []) {
      if (!used.has(name)) rmSync(join(folder, name), { force: true });
    }
  }

  #manifestPath(id: string): string {
    return join(this.#folder, `${id}.json`);
  }

  #chunkPath(sha256: string): string {
    return join(this.#folder, "chunks", sha256);
  }
}

/**
 * Makes an image of one folder stand in another, writing only what is not there whole already. False, with nothing
 * changed but chunks, where the image is not whole in the first folder.
 */
export function copyImage(manifest: ImageManifest, from: ImageFolder, to: ImageFolder): boolean {
  for (const chunk of manifest.files.flatMap(({ chunks }) => chunks)) {
    if (to.chunk(chunk)) continue;
    const stored = from.chunk(chunk);
    if (!stored) return false;
    to.addChunk(chunk, stored);
  }
  to.addManifest(manifest);
  return true;
}
