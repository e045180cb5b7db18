import type { FetchFile } from "#hypervisor/host.ts";

/** SHA-256 of the bytes in lower-case hex, by the platform's own crypto. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What is inflated at once, so that a small stream cannot hold much before its size shows. */
const PIECE_BYTES = 0x1_0000;

/** The bytes that a gzip stream holds; rejects when it is damaged or cut, or holds more than `mostBytes`. */
export async function gunzip(bytes: Uint8Array, mostBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const { readable, writable } = new DecompressionStream("gzip");
  // What is wrong with the stream shows where it is read.
  feed(writable.getWriter(), bytes as Uint8Array<ArrayBuffer>).catch(() => {});
  const reader = readable.getReader();
  const held = new Uint8Array(mostBytes);
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return held.subarray(0, length);
    if (length + value.length > mostBytes) {
      await reader.cancel();
      throw new RangeError(`the stream holds more than ${mostBytes} bytes`);
    }
    held.set(value, length);
    length += value.length;
  }
}

async function feed(writer: WritableStreamDefaultWriter<BufferSource>, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) await writer.write(bytes.subarray(at, at + PIECE_BYTES));
  await writer.close();
}

/** Fetches files below a URL that ends with a slash. */
export function fetchBelow(folder: string): FetchFile {
  return async (path, { mostBytes, fresh, onBytes, isCancelled }) => {
    const response = await fetch(folder + path, {
      cache: fresh ? "reload" : path.startsWith("chunks/") ? "force-cache" : "no-cache",
    });
    if (response.status !== 200 || !response.body) return { status: response.status, body: new Uint8Array(0) };
    const parts: Uint8Array[] = [];
    let received = 0;
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      received += value.length;
      onBytes?.(received);
      if (received > mostBytes || isCancelled?.()) await reader.cancel();
    }
    return { status: 200, body: join(parts, received) };
  };
}

function join(parts: readonly Uint8Array[], byteLength: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(byteLength);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
