import { isZeroPage, PAGE_WORDS } from "./zero-pages.ts";

const PRIME_1 = 0x9e37_79b1 | 0;
const PRIME_2 = 0x85eb_ca77 | 0;
const PRIME_3 = 0xc2b2_ae3d | 0;
const PRIME_4 = 0x27d4_eb2f | 0;

/**
 * A 128-bit hash for telling states apart, not for security: four 32-bit lanes of multiply and rotate, each fed by every
 * fourth word and by its neighbour. Fast enough for all of RAM.
 */
export class StateHash {
  #a = PRIME_1;
  #b = PRIME_2;
  #c = PRIME_3;
  #d = PRIME_4;

  /** All of RAM: pages of zeros cost a look, others are taken in with their numbers. */
  ram(ram: Uint8Array): void {
    const words = new Int32Array(ram.buffer, ram.byteOffset, ram.byteLength >>> 2);
    this.#four(words.length, 0, 0, 0);
    for (let start = 0; start < words.length; start += PAGE_WORDS) {
      if (isZeroPage(words, start)) continue;
      this.#four(start, 1, 2, 3);
      this.#words(words, start, start + PAGE_WORDS);
    }
  }

  /** Bytes with their length. */
  bytes(bytes: Uint8Array): void {
    this.#four(bytes.length, 5, 6, 7);
    const padded = new Uint8Array((bytes.length + 15) & ~15);
    padded.set(bytes);
    const words = new Int32Array(padded.buffer);
    this.#words(words, 0, words.length);
  }

  /** 32 hexadecimal digits over everything taken in so far. */
  digest(): string {
    const lanes = [this.#a, this.#b, this.#c, this.#d];
    // Three rounds let every lane reach every other.
    for (let round = 0; round < 3; round++) {
      for (let lane = 0; lane < 4; lane++) {
        lanes[lane] = avalanche((lanes[lane] ?? 0) + Math.imul(lanes[(lane + 3) & 3] ?? 0, PRIME_3) + lane);
      }
    }
    return lanes.map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
  }

  #four(a: number, b: number, c: number, d: number): void {
    this.#words(Int32Array.of(a, b, c, d), 0, 4);
  }

  /** `end - start` is a multiple of four. */
  #words(words: Int32Array, start: number, end: number): void {
    let a = this.#a;
    let b = this.#b;
    let c = this.#c;
    let d = this.#d;
    for (let index = start; index < end; index += 4) {
      const previous = d;
      a = Math.imul(rotate(a + Math.imul(words[index]! ^ previous, PRIME_2), 13), PRIME_1);
      b = Math.imul(rotate(b + Math.imul(words[index + 1]!, PRIME_2), 17), PRIME_1) ^ previous;
      c = Math.imul(rotate(c + Math.imul(words[index + 2]!, PRIME_3), 11), PRIME_4);
      d = (Math.imul(rotate(d + Math.imul(words[index + 3]!, PRIME_3), 19), PRIME_4) + a) | 0;
    }
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
  }
}

/** Takes in plain data (what devices save) so that equal data give equal hashes, whatever the order of properties. */
export function hashData(hash: StateHash, value: unknown): void {
  hash.bytes(new TextEncoder().encode(canonical(value, hash)));
}

/** JSON-like text with sorted keys and types told apart; typed arrays go into the hash as bytes, and leave their length. */
function canonical(value: unknown, hash: StateHash): string {
  if (ArrayBuffer.isView(value)) {
    hash.bytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    return `#${value.byteLength}`;
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, hash)).join()}]`;
  if (value instanceof Map) return `m${canonical([...value], hash)}`;
  if (value instanceof Set) return `s${canonical([...value], hash)}`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item, hash)}`).join()}}`;
  }
  return typeof value === "bigint" ? `${value}n` : (JSON.stringify(value) ?? "u");
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function avalanche(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return hash ^ (hash >>> 16);
}
