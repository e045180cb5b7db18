import type { FetchFile, ReadChunk } from "./host.ts";

/** What a chunk is read with; each place that runs JavaScript has its own. */
export interface ChunkTools {
  readonly fetchFile: FetchFile;
  /** SHA-256 of the bytes in lower-case hex. */
  readonly sha256: (bytes: Uint8Array) => Promise<string>;
  /** The bytes that a gzip stream holds; rejects when it is damaged, or holds more than `mostBytes`. */
  readonly gunzip: (bytes: Uint8Array, mostBytes: number) => Promise<Uint8Array<ArrayBuffer>>;
}

/** Reads chunks with these tools, in the thread that asks. */
export function chunkReader({ fetchFile, sha256, gunzip }: ChunkTools): ReadChunk {
  return async (chunk, options) => {
    const mostBytes = chunk.storedBytes;
    const { status, body } = await fetchFile(`chunks/${chunk.sha256}`, { ...options, mostBytes });
    if (status !== 200) return { status, bytes: undefined };
    const bytes = chunk.encoding === "gzip" ? await gunzip(body, chunk.byteLength).catch(() => undefined) : body;
    const isWhole = bytes?.length === chunk.byteLength && (await sha256(bytes)) === chunk.sha256;
    return { status, bytes: isWhole ? bytes : undefined };
  };
}
