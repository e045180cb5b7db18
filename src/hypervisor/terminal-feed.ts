/** Bytes that one terminal may owe before the guest has to wait for it. */
const CREDIT_BYTES = 256 * 1024;

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

  close(): void {
    this.#closed = true;
    this.#queue = [];
  }

  async #pump(): Promise<void> {
    this.#busy = true;
    try {
      for (let bytes = this.#queue.shift(); bytes; bytes = this.#queue.shift()) {
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
