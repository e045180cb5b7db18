const PIECE_BYTES = 64 * 1024;

/** A first-in-first-out queue of bytes that grows as it must. Bytes may come one by one: pieces are filled, not collected. */
export class ByteQueue {
  readonly #pieces: Uint8Array[] = [];
  /** Bytes taken of the first piece. */
  #start = 0;
  /** Bytes filled of the last piece. */
  #end = 0;

  get length(): number {
    return this.#pieces.length === 0 ? 0 : (this.#pieces.length - 1) * PIECE_BYTES + this.#end - this.#start;
  }

  push(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      const piece = this.#unfilled();
      const part = bytes.subarray(from, from + PIECE_BYTES - this.#end);
      piece.set(part, this.#end);
      this.#end += part.length;
      from += part.length;
    }
  }

  pushByte(byte: number): void {
    this.#unfilled()[this.#end++] = byte;
  }

  /** Offers its bytes to `take`, oldest first, until it says that it took fewer than it was offered. */
  moveTo(take: (bytes: Uint8Array) => number): void {
    for (let [first] = this.#pieces; first; [first] = this.#pieces) {
      const waiting = first.subarray(this.#start, this.#pieces.length === 1 ? this.#end : PIECE_BYTES);
      const taken = take(waiting);
      this.#start += taken;
      if (taken < waiting.length) return;
      this.#pieces.shift();
      this.#start = 0;
    }
  }

  clear(): void {
    this.#pieces.length = 0;
    this.#start = 0;
  }

  /** The last piece, with room. */
  #unfilled(): Uint8Array {
    const last = this.#pieces.at(-1);
    if (last && this.#end < PIECE_BYTES) return last;
    const made = new Uint8Array(PIECE_BYTES);
    this.#pieces.push(made);
    this.#end = 0;
    return made;
  }
}
