import type { ImageManifest } from "#protocol/image.ts";

/** Output looked through for the prompt and for a kernel's death. */
const WATCHED_CHARACTERS = 4096;
const LINE_CHARACTERS = 200;

/** Looks through what a guest prints for what its image says of it. */
export class ConsoleWatch {
  readonly #prompt: RegExp;
  readonly #crashPattern: RegExp | undefined;

  constructor({ prompt, crashPattern }: ImageManifest) {
    this.#prompt = new RegExp(prompt);
    this.#crashPattern = crashPattern === undefined ? undefined : new RegExp(crashPattern);
  }

  /** The line with which its kernel said that it dies, if the newest of `text` has one. */
  death(text: string): string | undefined {
    const tail = text.slice(-WATCHED_CHARACTERS);
    const match = this.#crashPattern?.exec(tail);
    return match ? lineAround(tail, match.index) : undefined;
  }

  /** Whether the newest of `text` has the prompt. */
  prompts(text: string): boolean {
    return this.#prompt.test(text.slice(-WATCHED_CHARACTERS));
  }
}

/** The line of `text` that holds `index`. */
function lineAround(text: string, index: number): string {
  const start = text.lastIndexOf("\n", index) + 1;
  const end = text.indexOf("\n", index);
  return text
    .slice(start, end < 0 ? undefined : end)
    .trim()
    .slice(0, LINE_CHARACTERS);
}
