import type { GuestConsole } from "#protocol/tabvisor.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Output that waits for its reader, as the real console's does. */
export class FakeConsole implements GuestConsole {
  readonly #typed: (text: string) => void;
  #text = "";
  #accept: ((bytes: Uint8Array) => void | Promise<void>) | undefined;
  #queue: Uint8Array[] = [];
  #draining = false;
  size = { columns: 80, rows: 24 };
  /** All that was typed or pasted, for tests. */
  received = "";

  constructor(typed: (text: string) => void) {
    this.#typed = typed;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  send(text: string): void {
    this.received += text;
    this.#typed(text);
  }

  sendBytes(bytes: Uint8Array): void {
    this.send(decoder.decode(bytes));
  }

  text(): string {
    return this.#text;
  }

  async waitFor(pattern: string | RegExp): Promise<string> {
    for (;;) {
      const at = typeof pattern === "string" ? this.#text.indexOf(pattern) : this.#text.search(pattern);
      if (at >= 0) return this.#text;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  attach(accept: (bytes: Uint8Array) => void | Promise<void>): () => void {
    this.#accept = accept;
    if (this.#text !== "") this.#queue = [encoder.encode(this.#text)];
    void this.#drain();
    return () => {
      this.#accept = undefined;
    };
  }

  resize(columns: number, rows: number): void {
    this.size = { columns, rows };
  }

  print(text: string): void {
    this.#text = (this.#text + text).slice(-4_000_000);
    this.#queue.push(encoder.encode(text));
    void this.#drain();
  }

  forget(text: string): void {
    this.#text = text;
  }

  async #drain(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    while (this.#accept) {
      const bytes = this.#queue.shift();
      if (!bytes) break;
      await this.#accept(bytes);
    }
    this.#draining = false;
  }
}
