/** A first-in-first-out queue of at most `capacity` bytes, without allocation. */
export class ByteFifo {
  readonly #bytes: Uint8Array;
  #head = 0;
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  get capacity(): number {
    return this.#bytes.length;
  }

  /** Adds a byte; false when there is no room. */
  push(byte: number): boolean {
    if (this.#length === this.#bytes.length) return false;
    this.#bytes[(this.#head + this.#length) % this.#bytes.length] = byte;
    this.#length++;
    return true;
  }

  /** The oldest byte, which stays; -1 when empty. */
  peek(): number {
    return this.#length === 0 ? -1 : this.#bytes[this.#head]!;
  }

  /** Takes the oldest byte; -1 when empty. */
  shift(): number {
    const byte = this.peek();
    if (byte >= 0) {
      this.#head = (this.#head + 1) % this.#bytes.length;
      this.#length--;
    }
    return byte;
  }

  /** Holds these bytes instead of its own, as far as they fit. */
  refill(bytes: Uint8Array): void {
    this.clear();
    for (const byte of bytes) this.push(byte);
  }

  clear(): void {
    this.#head = 0;
    this.#length = 0;
  }

  /** A copy of all bytes, oldest first. */
  toBytes(): Uint8Array {
    return Uint8Array.from(
      { length: this.#length },
      (_, index) => this.#bytes[(this.#head + index) % this.#bytes.length]!,
    );
  }
}
