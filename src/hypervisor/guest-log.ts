import type { LogEntry } from "#protocol/tabvisor.ts";

const ENTRIES = 500;
/** Entries a second that a guest may cause; more are counted and left out. */
const PER_SECOND = 20;

/** What happened to one guest, newest last. A hostile guest can fill it but not grow it. */
export class GuestLog {
  readonly #epoch: () => number;
  readonly #logged: (entry: LogEntry) => void;
  #entries: readonly LogEntry[] = [];
  #second = 0;
  #inSecond = 0;

  constructor(epoch: () => number, logged: (entry: LogEntry) => void) {
    this.#epoch = epoch;
    this.#logged = logged;
  }

  get entries(): readonly LogEntry[] {
    return this.#entries;
  }

  add(level: LogEntry["level"], message: string): void {
    const entry = { at: this.#epoch(), level, message };
    this.#entries = [...this.#entries.slice(1 - ENTRIES), entry];
    this.#logged(entry);
  }

  /** As `add`, for what a guest's worker says: at most so many a second. */
  addLimited(level: LogEntry["level"], message: string): void {
    const second = Math.floor(this.#epoch() / 1000);
    if (second !== this.#second) [this.#second, this.#inSecond] = [second, 0];
    this.#inSecond++;
    if (this.#inSecond === PER_SECOND) return this.add("warning", "The guest causes more log entries than are kept.");
    if (this.#inSecond < PER_SECOND) this.add(level, message);
  }
}
