/** Bytes that one terminal may owe before the guest has to wait for it. */
const CREDIT_BYTES = 256 * 1024;
/** Most bytes given to a terminal at once: a guest can make them slow to show, and a reset waits for those that were given. */
const PIECE_BYTES = 16 * 1024;

/** Raw output on its way to one terminal, in order, as fast as it takes it. */
export class TerminalFeed {
  readonly #accept: (bytes: Uint8Array) => void | Promise<void>;
  readonly #relieved: () => void;
  #queue: Uint8Array[] = [];
  #owed = 0;
  #busy = false;
  #closed = false;

  /** `relieved` is called when a feed that was full is no longer. */
  constructor(accept: (bytes: Uint8Array) => void | Promise<void>, relieved: () => void) {
    this.#accept = accept;
    this.#relieved = relieved;
  }

  get full(): boolean {
    return !this.#closed && this.#owed >= CREDIT_BYTES;
  }

  push(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#queue.push(bytes);
    this.#owed += bytes.length;
    if (!this.#busy) void this.#pump();
  }

  /** What has not been given to the terminal yet is of no interest any more. */
  forget(): void {
    const wasFull = this.full;
    for (const { length } of this.#queue) this.#owed -= length;
    this.#queue = [];
    if (wasFull && !this.full) this.#relieved();
  }

  close(): void {
    this.#closed = true;
    this.#queue = [];
  }

  /** All that waits, up to a limit, as one piece: a terminal takes few large pieces faster than many small ones. */
  #next(): Uint8Array | undefined {
    const [first] = this.#queue;
    if (first && first.length > PIECE_BYTES) {
      this.#queue[0] = first.subarray(PIECE_BYTES);
      return first.subarray(0, PIECE_BYTES);
    }
    if (!first || this.#queue.length === 1) return this.#queue.shift();
    let count = 0;
    let byteLength = 0;
    for (const { length } of this.#queue) {
      if (byteLength + length > PIECE_BYTES) break;
      byteLength += length;
      count++;
    }
    const piece = new Uint8Array(byteLength);
    let at = 0;
    for (const bytes of this.#queue.splice(0, count)) {
      piece.set(bytes, at);
      at += bytes.length;
    }
    return piece;
  }

  async #pump(): Promise<void> {
    this.#busy = true;
    try {
      for (let bytes = this.#next(); bytes; bytes = this.#next()) {
        const later = this.#accept(bytes);
        if (later) await later;
        const wasFull = this.full;
        this.#owed -= bytes.length;
        if (wasFull && !this.full) this.#relieved();
      }
    } catch {
      // A terminal that fails must not stop the guest.
      this.close();
      this.#relieved();
    } finally {
      this.#busy = false;
    }
  }
}
