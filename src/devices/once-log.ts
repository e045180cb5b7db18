/** A device's line to the guest's log that says each kind of thing once, so that a guest cannot flood it. */
export class OnceLog {
  readonly #name: string;
  readonly #log: (message: string) => void;
  readonly #said = new Set<string>();

  constructor(name: string, log: (message: string) => void) {
    this.#name = name;
    this.#log = log;
  }

  /** Logs `message` unless something of this `kind` was logged before. Kinds are few and never made from guest values. */
  say(kind: string, message: string): void {
    if (this.#said.has(kind)) return;
    this.#said.add(kind);
    this.#log(`${this.#name}: ${message}`);
  }
}
