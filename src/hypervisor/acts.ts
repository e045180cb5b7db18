import type { TabvisorError } from "#protocol/tabvisor.ts";

/** What an act knows of itself while it goes on. */
export interface Turn {
  readonly isCut: boolean;
  /** Throws where the act was cut off: called after every wait, since all may be different by then. */
  check(): void;
}

/** A guest's acts: one at a time, in the order asked for. All that are pending can be cut off at once. */
export class Acts {
  #last: Promise<unknown> = Promise.resolve();
  #cut = new Cut();

  /** Runs `act` once those before it are done. Rejects as it does, or as soon as it is cut off. */
  run<T>(act: (turn: Turn) => Promise<T>): Promise<T> {
    const cut = this.#cut;
    const done = this.#last.then(() => {
      cut.check();
      return act(cut);
    });
    this.#last = done.catch(() => {});
    return cut.orElse(done);
  }

  /** Whoever waits for an act is told so with `error`; what an act still waits for will find it cut off. */
  cutOff(error: TabvisorError): void {
    this.#cut.off(error);
    this.#cut = new Cut();
    this.#last = Promise.resolve();
  }
}

class Cut implements Turn {
  #error: TabvisorError | undefined;
  readonly #waiting = new Set<(error: TabvisorError) => void>();

  get isCut(): boolean {
    return this.#error !== undefined;
  }

  check(): void {
    if (this.#error) throw this.#error;
  }

  orElse<T>(done: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.add(reject);
      done.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    });
  }

  off(error: TabvisorError): void {
    this.#error = error;
    for (const reject of this.#waiting) reject(error);
    this.#waiting.clear();
  }
}
