import { words } from "#base/words.ts";
import type { ImageFile, ImageManifest } from "#protocol/image.ts";
import { parseImageCatalogue, parseImageManifest } from "#protocol/parse-manifest.ts";
import { TabvisorError, type ImageSummary } from "#protocol/tabvisor.ts";
import type { HypervisorHost, ReadOptions } from "./host.ts";

const PARALLEL_READS = 6;
/** How often progress is told: each time the page draws. */
const PROGRESS_MS = 50;
/** A manifest has a line for each chunk and package; none comes near. */
const MOST_JSON_BYTES = 32 * 2 ** 20;

/** An image's files in memory. No worker writes to them: each gets a copy (`protocol/own-data.ts`). */
export interface ImageFiles {
  readonly kernel: ArrayBuffer;
  readonly initrd?: ArrayBuffer;
  readonly disks: readonly ArrayBuffer[];
}

export interface LoadOptions {
  /** Bytes of the stored (compressed) chunks. */
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
  readonly isCancelled: () => boolean;
}

/** An image that is being fetched before anyone has asked for it. */
interface Prefetch {
  readonly files: Promise<ImageFiles>;
  /** Who waits for it, and is told how far it is. */
  readonly reports: Set<LoadOptions["onProgress"]>;
}

/** A file of an image, and what is to be done for all of it to be there: nothing where another guest has it. */
interface LoadingFile {
  readonly file: ImageFile;
  /** The checksums of its chunks. */
  readonly key: string;
  readonly whole: ArrayBuffer;
  readonly jobs: readonly (() => Promise<void>)[];
}

/** Reads the catalogue, manifests and files of images, and checks every byte of them. */
export class ImageStore {
  readonly #host: HypervisorHost;
  /** Files in use, by the checksums of their chunks: guests of one image share them, and no manifest can pass off another's. */
  readonly #files = new Map<string, WeakRef<ArrayBuffer>>();

  /** By the image's name, while they last. */
  readonly #prefetches = new Map<string, Prefetch>();
  /** One at most: the image that was fetched ahead last is kept although no guest uses it yet. */
  readonly #kept: ImageFiles[] = [];

  constructor(host: HypervisorHost) {
    this.#host = host;
  }

  /** Fetches an image before it is asked for, and keeps its files until the next such. Rejects as `manifest` and `load` do. */
  async prefetch(id: string): Promise<void> {
    const manifest = await this.manifest(id);
    if (this.#prefetches.has(id)) return;
    const reports = new Set<LoadOptions["onProgress"]>();
    const files = this.#load(manifest, {
      onProgress: (doneBytes, totalBytes) => reports.forEach((report) => report(doneBytes, totalBytes)),
      isCancelled: () => false,
    });
    this.#prefetches.set(id, { files, reports });
    try {
      this.#kept[0] = await files;
    } finally {
      this.#prefetches.delete(id);
    }
  }

  /** What can be booted; an image whose manifest cannot be read says why in `problem`. */
  async summaries(): Promise<readonly ImageSummary[]> {
    const catalogue = await this.#json("index.json", "the list of images", parseImageCatalogue);
    return Promise.all(
      catalogue.images.map((id) =>
        this.manifest(id).then(summarize, (error: unknown) =>
          unusable(id, error instanceof Error ? error.message : ""),
        ),
      ),
    );
  }

  async manifest(id: string): Promise<ImageManifest> {
    if (!/^[a-z0-9][a-z0-9._-]{0,63}$/i.test(id)) throw new TabvisorError(`“${id}” is not the name of an image.`);
    const manifest = await this.#json(`${id}.json`, `the manifest of image “${id}”`, parseImageManifest);
    if (manifest.id !== id)
      throw new TabvisorError(`The manifest of image “${id}” says that it is “${manifest.id}”. Build the image again.`);
    return manifest;
  }

  async load(manifest: ImageManifest, options: LoadOptions): Promise<ImageFiles> {
    const prefetch = this.#prefetches.get(manifest.id);
    if (prefetch) {
      prefetch.reports.add(options.onProgress);
      // What failed then may not fail now, and says so if it does.
      await prefetch.files.catch(() => {});
      prefetch.reports.delete(options.onProgress);
    }
    if (options.isCancelled()) throw new TabvisorError("Loading was cancelled.");
    return this.#load(manifest, options);
  }

  async #load(manifest: ImageManifest, options: LoadOptions): Promise<ImageFiles> {
    const totalBytes = storedBytes(manifest);
    let doneBytes = 0;
    let told = this.#host.now();
    options.onProgress(0, totalBytes);
    const report = (more: number) => {
      doneBytes += more;
      if (this.#host.now() - told < PROGRESS_MS && doneBytes < totalBytes) return;
      told = this.#host.now();
      options.onProgress(Math.min(doneBytes, totalBytes), totalBytes);
    };
    const files = manifest.files.map((file) => this.#file(manifest, file, report, options.isCancelled));
    await inParallel(
      files.flatMap(({ jobs }) => jobs),
      PARALLEL_READS,
    );
    for (const { key, whole } of files) this.#files.set(key, new WeakRef(whole));
    const all = (role: ImageFile["role"]) => files.filter(({ file }) => file.role === role).map(({ whole }) => whole);
    const [kernel] = [...all("kernel"), ...all("firmware")];
    if (!kernel)
      throw new TabvisorError(`Image “${manifest.id}” has neither a kernel nor firmware. Build the image again.`);
    const [initrd] = all("initrd");
    return { kernel, ...(initrd && { initrd }), disks: all("disk") };
  }

  #file(
    manifest: ImageManifest,
    file: ImageFile,
    report: (bytes: number) => void,
    isCancelled: () => boolean,
  ): LoadingFile {
    const key = file.chunks.map(({ sha256 }) => sha256).join();
    const kept = this.#files.get(key)?.deref();
    if (kept?.byteLength === file.byteLength) {
      report(file.chunks.reduce((sum, chunk) => sum + chunk.storedBytes, 0));
      return { file, key, whole: kept, jobs: [] };
    }
    const whole = bufferOf(file.byteLength);
    let start = 0;
    const jobs = file.chunks.map((chunk) => {
      const place = new Uint8Array(whole, start, chunk.byteLength);
      start += chunk.byteLength;
      return () => this.#chunk(manifest, chunk, place, report, isCancelled);
    });
    if (start !== file.byteLength)
      throw new TabvisorError(`The ${file.role} of image “${manifest.id}” is cut short. Build the image again.`);
    return { file, key, whole, jobs };
  }

  async #chunk(
    manifest: ImageManifest,
    chunk: ImageFile["chunks"][number],
    place: Uint8Array,
    report: (bytes: number) => void,
    isCancelled: () => boolean,
  ): Promise<void> {
    if (isCancelled()) throw new TabvisorError("Loading was cancelled.");
    let seen = 0;
    const onBytes = (received: number) => {
      report(received - seen);
      seen = received;
    };
    const what = `a part of image “${manifest.id}”`;
    const read = (options: ReadOptions) => answered(what, this.#host.readChunk(chunk, options));
    const first = await read({ onBytes, isCancelled });
    if (isCancelled()) throw new TabvisorError("Loading was cancelled.");
    report(chunk.storedBytes - seen);
    // A damaged chunk may come from the browser's own cache, which would give it for ever.
    const bytes = first.bytes ?? (await read({ isCancelled, fresh: true })).bytes;
    if (bytes) return place.set(bytes);
    throw new TabvisorError(
      `A part of image “${manifest.id}” is damaged (its checksum differs from the manifest's). Build the image again.`,
    );
  }

  async #json<T>(path: string, what: string, parse: (text: string) => T): Promise<T> {
    const { body } = await answered(what, this.#host.fetchFile(path, { mostBytes: MOST_JSON_BYTES }));
    try {
      return parse(new TextDecoder().decode(body as Uint8Array<ArrayBuffer>));
    } catch (error) {
      const detail = words(error);
      throw new TabvisorError(`${capitalized(what)} cannot be used: ${detail}. Build the images again.`);
    }
  }
}

/** What the server answered, where it is what was asked for. */
async function answered<T extends { readonly status: number }>(what: string, answer: Promise<T>): Promise<T> {
  const result = await answer.catch((error: unknown) => {
    const detail = words(error);
    throw new TabvisorError(
      `${capitalized(what)} could not be fetched (${detail}). Check that the server still runs, then try again.`,
    );
  });
  if (result.status === 404)
    throw new TabvisorError(`${capitalized(what)} is not there. Build the images (npm start does so), then try again.`);
  if (result.status !== 200) {
    throw new TabvisorError(
      `${capitalized(what)} could not be fetched: the server answered ${result.status}. Try again.`,
    );
  }
  return result;
}

/** What of a manifest a person sees. */
function summarize(manifest: ImageManifest): ImageSummary {
  const { id, title, description, os, kind, memoryMiB, minimumMemoryMiB } = manifest;
  return {
    id,
    title,
    description,
    os,
    kind,
    memoryMiB,
    minimumMemoryMiB,
    downloadBytes: storedBytes(manifest),
    instant: false,
    commandLines: Object.keys(manifest.commandLines ?? {}),
  };
}

/** An image of which only the name is known. */
function unusable(id: string, problem: string): ImageSummary {
  return {
    id,
    title: id,
    description: "",
    os: "",
    kind: "system",
    memoryMiB: 0,
    minimumMemoryMiB: 0,
    downloadBytes: 0,
    instant: false,
    commandLines: [],
    problem,
  };
}

function storedBytes(manifest: ImageManifest): number {
  return manifest.files.flatMap((file) => file.chunks).reduce((sum, chunk) => sum + chunk.storedBytes, 0);
}

function bufferOf(byteLength: number): ArrayBuffer {
  try {
    return new ArrayBuffer(byteLength);
  } catch {
    throw new TabvisorError(
      `There is no room for ${Math.ceil(byteLength / 2 ** 20)} MiB of the image's files. Close other tabs or destroy a guest.`,
    );
  }
}

async function inParallel(jobs: readonly (() => Promise<void>)[], limit: number): Promise<void> {
  const waiting = [...jobs];
  const lane = async () => {
    for (let job = waiting.shift(); job; job = waiting.shift()) await job();
  };
  try {
    await Promise.all(Array.from({ length: limit }, lane));
  } catch (error) {
    waiting.length = 0;
    throw error;
  }
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
