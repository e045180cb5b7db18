import { TabvisorError } from "#protocol/tabvisor.ts";

/** What is done to one guest: one act at a time, in the order asked for, until one comes that waits for nobody. */
export class GuestActs {
  readonly #name: () => string;
  /** The last of the acts that must not overlap. */
  #last: Promise<unknown> = Promise.resolve();
  /** Counts what ended whatever was under way. */
  #interruptions = 0;
  #destroyed = false;

  /** `name`: the guest's, for errors. */
  constructor(name: () => string) {
    this.#name = name;
  }

  get destroyed(): boolean {
    return this.#destroyed;
  }

  /** After those that were asked for before. Rejects with a TabvisorError where the guest is no more. */
  inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#last.then(async () => {
      this.checkAlive();
      return act();
    });
    this.#last = done.catch(() => {});
    return done;
  }

  /** At once: what is under way is not wanted any more. */
  interrupt(): void {
    this.#interruptions++;
  }

  /** As `interrupt`, and nothing comes after. */
  destroy(): void {
    this.#destroyed = true;
    this.#interruptions++;
  }

  /** Tells, from now on, whether what is under way is still wanted. */
  underWay(): () => boolean {
    const interruptions = this.#interruptions;
    return () => interruptions === this.#interruptions;
  }

  interrupted(): TabvisorError {
    return new TabvisorError(`${this.#name()} was ${this.#destroyed ? "destroyed" : "powered off"} meanwhile.`);
  }

  checkAlive(): void {
    if (this.#destroyed) throw new TabvisorError(`${this.#name()} was destroyed.`);
  }
}
