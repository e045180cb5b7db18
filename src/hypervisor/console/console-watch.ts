import type { ImageManifest } from "#protocol/image.ts";

/** Output looked through for a kernel's death. */
const WATCHED_CHARACTERS = 4096;
const LINE_CHARACTERS = 200;

/** Looks through what a guest prints for what its image says of it: plain text, so that no output can make it slow. */
export class ConsoleWatch {
  readonly #prompt: string;
  readonly #crashText: string | undefined;

  constructor({ prompt, crashText }: ImageManifest) {
    this.#prompt = prompt;
    this.#crashText = crashText;
  }

  /** The line with which its kernel said that it dies, if the newest of `text` has one. */
  death(text: string): string | undefined {
    if (this.#crashText === undefined) return undefined;
    const tail = text.slice(-WATCHED_CHARACTERS);
    const index = tail.indexOf(this.#crashText);
    return index < 0 ? undefined : lineAround(tail, index);
  }

  /** Whether `text` ends with the prompt. */
  prompts(text: string): boolean {
    return text.endsWith(this.#prompt);
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
