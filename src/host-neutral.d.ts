/** The few host globals that the core asks for: each exists alike in pages, in workers and in Node. */

declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
  encodeInto(text: string, destination: Uint8Array): { read: number; written: number };
}

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  /** Views of shared memory are refused: copy first. */
  decode(bytes?: ArrayBuffer | ArrayBufferView<ArrayBuffer>, options?: { stream?: boolean }): string;
}

declare const performance: { now(): number };

declare const crypto: {
  /** Views of shared memory are refused: copy first. */
  getRandomValues<T extends ArrayBufferView<ArrayBuffer>>(bytes: T): T;
  randomUUID(): string;
  readonly subtle: {
    digest(algorithm: "SHA-256", bytes: ArrayBufferView<ArrayBuffer> | ArrayBuffer): Promise<ArrayBuffer>;
  };
};

type TimerId = number & { readonly timer: unique symbol };
declare function setTimeout(callback: () => void, delayMs?: number): TimerId;
declare function clearTimeout(timer: TimerId | undefined): void;
declare function setInterval(callback: () => void, delayMs?: number): TimerId;
declare function clearInterval(timer: TimerId | undefined): void;
declare function queueMicrotask(callback: () => void): void;
