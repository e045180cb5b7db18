import type { CreateOptions, Guest, ImageSummary, Tabvisor, TabvisorEvent } from "#protocol/tabvisor.ts";
import { TabvisorError } from "#protocol/tabvisor.ts";
import { FakeGuest, type FakeHost, type FakeOptions } from "./fake-guest.fixture.ts";

const images: readonly ImageSummary[] = [
  {
    id: "linux",
    title: "Linux, tiny",
    description: "Debian 13’s own kernel with busybox: a shell with job control, vi, and a real disk.",
    os: "Debian 13, Linux 6.12",
    kind: "system",
    memoryMiB: 128,
    minimumMemoryMiB: 96,
    downloadBytes: 12_400_000,
    instant: false,
    commandLines: ["debian-default"],
  },
  {
    id: "uboot",
    title: "U-Boot",
    description: "The firmware of most boards, as Debian builds it for this one: a prompt before any kernel.",
    os: "U-Boot 2025.01",
    kind: "system",
    memoryMiB: 64,
    minimumMemoryMiB: 32,
    downloadBytes: 420_000,
    instant: false,
    commandLines: [],
  },
];

/** A Tabvisor whose guests are a few lines of script: for tests and pictures of the page. */
export class FakeTabvisor implements Tabvisor, FakeHost {
  readonly version = "0.0.0-fake";
  readonly #guests: FakeGuest[] = [];
  readonly #listeners = new Set<(event: TabvisorEvent) => void>();
  readonly #options: FakeOptions;
  #lastNumber = 0;

  constructor(options: FakeOptions) {
    this.#options = options;
  }

  images(): Promise<readonly ImageSummary[]> {
    return Promise.resolve(images);
  }

  prefetch(): Promise<void> {
    return Promise.resolve();
  }

  guests(): readonly Guest[] {
    return this.#guests;
  }

  subscribe(listener: (event: TabvisorEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async create({ image, name, memoryMiB }: CreateOptions): Promise<Guest> {
    const summary = images.find(({ id }) => id === image);
    if (!summary)
      throw new TabvisorError(`There is no image “${image}”. There are: ${images.map(({ id }) => id).join(", ")}.`);
    const guest = this.#add(name ?? this.#freeName(image), image, memoryMiB ?? summary.memoryMiB);
    await guest.load(summary.downloadBytes, this.#options);
    return guest;
  }

  fork(parent: FakeGuest, name: string | undefined): Guest {
    const guest = this.#add(name ?? `${parent.name} (fork)`, parent.image, parent.memoryMiB);
    guest.copy(parent);
    return guest;
  }

  tell(event: TabvisorEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  remove(guest: FakeGuest): void {
    this.#guests.splice(this.#guests.indexOf(guest), 1);
    this.tell({ type: "guestRemoved", guestId: guest.id });
  }

  #add(name: string, image: string, memoryMiB: number): FakeGuest {
    const guest = new FakeGuest(this, `guest-${++this.#lastNumber}`, name, image, memoryMiB);
    this.#guests.push(guest);
    this.tell({ type: "guestAdded", guestId: guest.id });
    return guest;
  }

  #freeName(image: string): string {
    const isTaken = (name: string) => this.#guests.some((guest) => guest.name === name);
    if (!isTaken(image)) return image;
    for (let number = 2; ; number++) if (!isTaken(`${image} ${number}`)) return `${image} ${number}`;
  }
}
