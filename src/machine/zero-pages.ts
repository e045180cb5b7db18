import type { GuestMemory } from "#memory/guest-memory.ts";
import { PAGE_BYTES, RAM_BASE } from "#memory/layout.ts";

export const PAGE_WORDS = PAGE_BYTES / 4;

/** Whether the page of words from `start` on is all zero. */
export function isZeroPage(words: Int32Array, start: number): boolean {
  for (let index = start; index < start + PAGE_WORDS; index += 8) {
    const any =
      words[index]! |
      words[index + 1]! |
      words[index + 2]! |
      words[index + 3]! |
      words[index + 4]! |
      words[index + 5]! |
      words[index + 6]! |
      words[index + 7]!;
    if (any !== 0) return false;
  }
  return true;
}

/** Zeroes RAM. Pages that are zero already are only read, so that the host need not back them. */
export function clearRam(memory: GuestMemory): void {
  const { ram } = memory;
  const words = new Int32Array(ram.buffer, ram.byteOffset, ram.byteLength >>> 2);
  for (let start = 0; start < words.length; start += PAGE_WORDS) {
    if (!isZeroPage(words, start)) memory.fill(RAM_BASE + start * 4, PAGE_BYTES, 0);
  }
}
