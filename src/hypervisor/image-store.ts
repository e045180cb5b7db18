import type { ImageFile, ImageManifest } from "#protocol/image.ts";
import { parseImageCatalogue, parseImageManifest } from "#protocol/parse-manifest.ts";
import { TabvisorError, type ImageSummary } from "#protocol/tabvisor.ts";
import type { HypervisorHost } from "./host.ts";

const PARALLEL_FETCHES = 8;
/** A manifest has a line for each chunk and package; none comes near. */
const MOST_JSON_BYTES = 32 * 2 ** 20;

/** An image's files in memory, as workers take them. */
export interface ImageFiles {
  readonly kernel: SharedArrayBuffer;
  readonly initrd?: SharedArrayBuffer;
  readonly disks: readonly SharedArrayBuffer[];
}

export interface LoadOptions {
  /** Bytes of the stored (compressed) chunks. */
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
  readonly isCancelled: () => boolean;
}

/** Reads the catalogue, manifests and files of images, and checks every byte of them. */
export class ImageStore {
  readonly #host: HypervisorHost;
  /** Files in use, by the checksums of their chunks: guests of one image share them, and no manifest can pass off another's. */
  readonly #files = new Map<string, WeakRef<SharedArrayBuffer>>();

  constructor(host: HypervisorHost) {
    this.#host = host;
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
    const totalBytes = storedBytes(manifest);
    let doneBytes = 0;
    options.onProgress(0, totalBytes);
    const report = (more: number) => {
      doneBytes += more;
      options.onProgress(Math.min(doneBytes, totalBytes), totalBytes);
    };
    const loaded = new Map<ImageFile, SharedArrayBuffer>();
    for (const file of manifest.files) loaded.set(file, await this.#file(manifest, file, report, options.isCancelled));
    const all = (role: ImageFile["role"]) =>
      manifest.files.filter((file) => file.role === role).flatMap((file) => loaded.get(file) ?? []);
    const [kernel] = [...all("kernel"), ...all("firmware")];
    if (!kernel)
      throw new TabvisorError(`Image “${manifest.id}” has neither a kernel nor firmware. Build the image again.`);
    const [initrd] = all("initrd");
    return { kernel, ...(initrd && { initrd }), disks: all("disk") };
  }

  async #file(
    manifest: ImageManifest,
    file: ImageFile,
    report: (bytes: number) => void,
    isCancelled: () => boolean,
  ): Promise<SharedArrayBuffer> {
    const key = file.chunks.map(({ sha256 }) => sha256).join();
    const kept = this.#files.get(key)?.deref();
    if (kept?.byteLength === file.byteLength) {
      report(file.chunks.reduce((sum, chunk) => sum + chunk.storedBytes, 0));
      return kept;
    }
    const whole = sharedBuffer(file.byteLength);
    const target = new Uint8Array(whole);
    let start = 0;
    const jobs = file.chunks.map((chunk) => {
      const at = start;
      start += chunk.byteLength;
      return async () => target.set(await this.#chunk(manifest, chunk, report, isCancelled), at);
    });
    if (start !== file.byteLength)
      throw new TabvisorError(`The ${file.role} of image “${manifest.id}” is cut short. Build the image again.`);
    await inParallel(jobs, PARALLEL_FETCHES);
    this.#files.set(key, new WeakRef(whole));
    return whole;
  }

  async #chunk(
    manifest: ImageManifest,
    chunk: ImageFile["chunks"][number],
    report: (bytes: number) => void,
    isCancelled: () => boolean,
  ): Promise<Uint8Array> {
    if (isCancelled()) throw new TabvisorError("Loading was cancelled.");
    let seen = 0;
    const onBytes = (received: number) => {
      report(received - seen);
      seen = received;
    };
    const what = `a part of image “${manifest.id}”`;
    const path = `chunks/${chunk.sha256}`;
    const mostBytes = chunk.storedBytes;
    const stored = await this.#fetch(path, what, { mostBytes, onBytes, isCancelled });
    if (isCancelled()) throw new TabvisorError("Loading was cancelled.");
    report(chunk.storedBytes - seen);
    // A damaged chunk may come from the browser's own cache, which would give it for ever.
    const bytes =
      (await this.#unpack(chunk, stored)) ??
      (await this.#unpack(chunk, await this.#fetch(path, what, { mostBytes, isCancelled, fresh: true })));
    if (bytes) return bytes;
    throw new TabvisorError(
      `A part of image “${manifest.id}” is damaged (its checksum differs from the manifest's). Build the image again.`,
    );
  }

  /** What a stored chunk holds; undefined where it is not what its manifest says. */
  async #unpack(chunk: ImageFile["chunks"][number], stored: Uint8Array): Promise<Uint8Array | undefined> {
    const bytes =
      chunk.encoding === "gzip" ? await this.#host.gunzip(stored, chunk.byteLength).catch(() => undefined) : stored;
    if (bytes?.length !== chunk.byteLength || (await this.#host.sha256(bytes)) !== chunk.sha256) return undefined;
    return bytes;
  }

  async #json<T>(path: string, what: string, parse: (text: string) => T): Promise<T> {
    const body = await this.#fetch(path, what, { mostBytes: MOST_JSON_BYTES });
    try {
      return parse(new TextDecoder().decode(body as Uint8Array<ArrayBuffer>));
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      throw new TabvisorError(`${capitalized(what)} cannot be used: ${detail}. Build the images again.`);
    }
  }

  async #fetch(path: string, what: string, options: Parameters<HypervisorHost["fetchFile"]>[1]): Promise<Uint8Array> {
    const result = await this.#host.fetchFile(path, options).catch((error: unknown) => {
      const detail = error instanceof Error ? error.message : String(error);
      throw new TabvisorError(
        `${capitalized(what)} could not be fetched (${detail}). Check that the server still runs, then try again.`,
      );
    });
    if (result.status === 404)
      throw new TabvisorError(
        `${capitalized(what)} is not there. Build the images (npm start does so), then try again.`,
      );
    if (result.status !== 200) {
      throw new TabvisorError(
        `${capitalized(what)} could not be fetched: the server answered ${result.status}. Try again.`,
      );
    }
    return result.body;
  }
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

function sharedBuffer(byteLength: number): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(byteLength);
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
