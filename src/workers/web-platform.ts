/** SHA-256 of the bytes in lower-case hex, by the platform's own crypto. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes that a gzip stream holds; rejects when it is damaged or cut, or holds more than `mostBytes`. */
export async function gunzip(bytes: Uint8Array, mostBytes: number): Promise<Uint8Array> {
  let held = 0;
  const limit = new TransformStream<Uint8Array, Uint8Array>({
    transform(piece, controller) {
      held += piece.length;
      if (held > mostBytes) throw new RangeError(`the stream holds more than ${mostBytes} bytes`);
      controller.enqueue(piece);
    },
  });
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream.pipeThrough(limit)).arrayBuffer());
}
