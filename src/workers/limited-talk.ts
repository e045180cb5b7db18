import type { WorkerMessage } from "#protocol/messages.ts";

/** Messages of this kind in a second. The page takes a worker that says more for a corrupt one. */
const PER_SECOND = 20;

/** What a guest can make its worker say by itself, such as that it rebooted: so often that a person sees it, and no more. */
export class LimitedTalk {
  readonly #post: (message: WorkerMessage) => void;
  #second = 0;
  #said = 0;

  constructor(post: (message: WorkerMessage) => void) {
    this.#post = post;
  }

  say(message: WorkerMessage): void {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) [this.#second, this.#said] = [second, 0];
    if (++this.#said <= PER_SECOND) this.#post(message);
  }
}
