/** Tells a person what set-up is doing. */
export interface Progress {
  /** One line that stays. */
  say(message: string): void;
  /** How far a long step is; on a terminal one line that is written over, else a line each quarter. */
  bytes(label: string, doneBytes: number, totalBytes: number): void;
}

const LINES_WITHOUT_TERMINAL = 4;

/** Progress as lines of text on a stream such as `process.stderr`. */
export class TextProgress implements Progress {
  readonly #stream: { readonly isTTY?: boolean; write(text: string): unknown };
  #label = "";
  #step = -1;
  #open = false;

  constructor(stream: { readonly isTTY?: boolean; write(text: string): unknown }) {
    this.#stream = stream;
  }

  say(message: string): void {
    this.#endLine();
    this.#stream.write(`${message}\n`);
  }

  bytes(label: string, doneBytes: number, totalBytes: number): void {
    const ratio = totalBytes > 0 ? Math.min(1, doneBytes / totalBytes) : 1;
    const text = `  ${label}: ${mebibytes(doneBytes)} of ${mebibytes(totalBytes)} MiB (${Math.floor(ratio * 100)} %)`;
    const step = Math.floor(ratio * (this.#stream.isTTY ? 100 : LINES_WITHOUT_TERMINAL));
    if (label === this.#label && step === this.#step) return;
    if (label !== this.#label) this.#endLine();
    this.#label = label;
    this.#step = step;
    this.#open = this.#stream.isTTY === true && ratio < 1;
    const start = this.#stream.isTTY ? "\r" : "";
    this.#stream.write(`${start}${text}${this.#open ? "" : "\n"}`);
  }

  #endLine(): void {
    if (this.#open) this.#stream.write("\n");
    this.#open = false;
    this.#label = "";
    this.#step = -1;
  }
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
