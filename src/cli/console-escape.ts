const CTRL_A = 0x01;

/** The keys of the escape, as on QEMU. */
export const ESCAPE_HELP = "Ctrl-A x  quit    Ctrl-A h  this help    Ctrl-A Ctrl-A  send Ctrl-A\r\n";

/** What a person typed, with the console's own keys taken out. */
export class ConsoleEscape {
  readonly #quit: () => void;
  readonly #help: () => void;
  #escaped = false;

  constructor(quit: () => void, help: () => void) {
    this.#quit = quit;
    this.#help = help;
  }

  /** The bytes that are the guest's. */
  filter(typed: Uint8Array): readonly number[] {
    const passed: number[] = [];
    for (const byte of typed) {
      if (!this.#escaped) {
        if (byte === CTRL_A) this.#escaped = true;
        else passed.push(byte);
        continue;
      }
      this.#escaped = false;
      if (byte === 0x78) this.#quit();
      else if (byte === 0x68 || byte === 0x3f) this.#help();
      else if (byte === CTRL_A || byte === 0x61) passed.push(CTRL_A);
    }
    return passed;
  }
}
