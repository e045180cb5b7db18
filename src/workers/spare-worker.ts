/** How long after a worker was taken the next is started: a guest that is booting needs the cores itself. */
const REPLACED_AFTER_MS = 3000;

/** Keeps one worker that is up already, so that a guest need not wait for it. */
export class SpareWorker {
  readonly #start: () => Worker;
  #spare: Worker | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(start: () => Worker) {
    this.#start = start;
    this.#replaceAfter(0);
  }

  /** The spare worker, or a new one. */
  take(): Worker {
    const worker = this.#spare ?? this.#start();
    this.#spare = undefined;
    this.#replaceAfter(REPLACED_AFTER_MS);
    return worker;
  }

  #replaceAfter(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const worker = this.#start();
      // Whoever needs a worker then starts one and is told why there is none.
      worker.addEventListener("error", (event) => {
        if (worker !== this.#spare) return;
        event.preventDefault();
        this.#spare = undefined;
      });
      this.#spare = worker;
    }, ms);
  }
}
