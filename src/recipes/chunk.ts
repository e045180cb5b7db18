import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import type { ImageFile } from "#protocol/image.ts";

/** Disks are read where the guest reads: small enough for that and for cheap repair, large enough that gzip loses under 1 %. */
const DISK_CHUNK_BYTES = 1 << 20;
/** Other files are read whole, and browsers take 10 ms and more for each request. */
const FILE_CHUNK_BYTES = 4 << 20;

export type Chunk = ImageFile["chunks"][number];

/** A file cut into chunks, and what is stored for each. */
export interface CutFile {
  readonly file: ImageFile;
  readonly stored: readonly { readonly chunk: Chunk; readonly bytes: Uint8Array }[];
}

/** Cuts a file into chunks, each as gzip where that is smaller. */
export function cutFile(role: ImageFile["role"], bytes: Uint8Array): CutFile {
  const stored: { chunk: Chunk; bytes: Uint8Array }[] = [];
  const step = role === "disk" ? DISK_CHUNK_BYTES : FILE_CHUNK_BYTES;
  for (let at = 0; at < bytes.length; at += step) stored.push(pack(bytes.subarray(at, at + step)));
  const chunks = stored.map(({ chunk }) => chunk);
  return { file: { role, byteLength: bytes.length, sha256: sha256(bytes), chunks }, stored };
}

function pack(plain: Uint8Array): { chunk: Chunk; bytes: Uint8Array } {
  const packed = gzipSync(plain, { level: 9 });
  const encoding = packed.length < plain.length ? "gzip" : "identity";
  const bytes = encoding === "gzip" ? packed : plain;
  return { chunk: { sha256: sha256(plain), byteLength: plain.length, storedBytes: bytes.length, encoding }, bytes };
}

/** What a stored chunk decodes to; throws an Error that says what is wrong where it is not what the manifest says. */
export function openChunk(chunk: Chunk, stored: Uint8Array): Uint8Array {
  if (stored.length !== chunk.storedBytes) {
    throw new Error(`it has ${stored.length} bytes where ${chunk.storedBytes} are expected`);
  }
  const plain = chunk.encoding === "gzip" ? gunzipSync(stored, { maxOutputLength: chunk.byteLength }) : stored;
  if (plain.length !== chunk.byteLength || sha256(plain) !== chunk.sha256) throw new Error("its checksum is wrong");
  return plain;
}

/** SHA-256 as lower-case hex. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
