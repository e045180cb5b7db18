/** DC3 and DC1, by which a terminal driver says that its buffer is all but full, and that it has room again. */
const XOFF = 0x13;
const XON = 0x11;
/** What a person types passes whatever was said: Linux keeps room for 128 bytes behind its XOFF. */
const TYPED_BYTES = 64;
/** So much input at a stretch may fill a driver's buffer; before, an XOFF is but a byte that some program prints. */
const STRETCH_BYTES = 1024;
/** A stretch of input ends with so long a pause. */
const PAUSE_MS = 1000;

/**
 * Software flow control of a serial line (`stty ixoff`), as terminals do it: a guest that cannot take more of a paste is not
 * given it, so that nothing is lost, and a Ctrl+C typed behind it finds room.
 */
export class FlowControl {
  readonly #now: () => number;
  #isStopped = false;
  #stretchBytes = 0;
  #emptySince: number | undefined = -Infinity;

  /** `now`: milliseconds on a clock that only goes forward. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The guest printed a byte. */
  printed(byte: number): void {
    if (byte === XON) this.#isStopped = false;
    else if (byte === XOFF && this.#stretchBytes >= STRETCH_BYTES) this.#isStopped = true;
  }

  /** Whether a guest for which so many bytes wait is to be given the next one; it takes it then. */
  passes(waitingBytes: number): boolean {
    if (waitingBytes === 0) {
      this.#emptySince ??= this.#now();
      return false;
    }
    if (this.#emptySince !== undefined && this.#now() - this.#emptySince >= PAUSE_MS) this.reset();
    this.#emptySince = undefined;
    if (this.#isStopped && waitingBytes > TYPED_BYTES) return false;
    this.#stretchBytes++;
    return true;
  }

  /** As at power-on. */
  reset(): void {
    this.#isStopped = false;
    this.#stretchBytes = 0;
  }
}
