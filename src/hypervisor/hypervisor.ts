import { callable, createOptions, string } from "./arguments.ts";
import type { HypervisorHost } from "./host.ts";
import { Guest } from "./guest.ts";
import type { GuestOptions } from "./guest-options.ts";
import { ImageStore } from "./image-store.ts";
import {
  TabvisorError,
  type CreateOptions,
  type ImageSummary,
  type Tabvisor,
  type TabvisorEvent,
} from "#protocol/tabvisor.ts";
import type { ImageManifest } from "#protocol/image.ts";

/** package.json's, which the core cannot read; a test keeps them in step. */
const VERSION = "0.1.0";

/** Owns the guests of one page or process: their images, limits and lives. Knows neither DOM nor Node. */
export class Hypervisor implements Tabvisor {
  readonly version = VERSION;
  readonly #host: HypervisorHost;
  readonly #images: ImageStore;
  readonly #guests = new Map<string, Guest>();
  readonly #listeners = new Set<(event: TabvisorEvent) => void>();
  #created = 0;

  constructor(host: HypervisorHost) {
    this.#host = host;
    this.#images = new ImageStore(host);
  }

  async images(): Promise<readonly ImageSummary[]> {
    return this.#images.summaries();
  }

  async prefetch(image: string): Promise<void> {
    string(image, "image");
    if (this.#host.unsupported === undefined) await this.#images.prefetch(image);
  }

  guests(): readonly Guest[] {
    return [...this.#guests.values()];
  }

  async create(wanted: CreateOptions): Promise<Guest> {
    const options = createOptions(wanted);
    if (this.#host.unsupported !== undefined) throw new TabvisorError(this.#host.unsupported);
    const manifest = await this.#images.manifest(options.image);
    const memoryMiB = options.memoryMiB ?? manifest.memoryMiB;
    this.#checkMemory(manifest, memoryMiB);
    const guest = this.#add({
      name: options.name ?? this.#freeName(manifest.id),
      manifest,
      memoryMiB,
      commandLine: commandLineOf(manifest, options.commandLine),
      clock: options.clock ?? "wall",
      pauseAtInstructions: options.pauseAtInstructions,
    });
    await guest.start();
    return guest;
  }

  subscribe(listener: (event: TabvisorEvent) => void): () => void {
    this.#listeners.add(callable(listener, "subscribe's listener"));
    return () => this.#listeners.delete(listener);
  }

  #add(
    identity: Pick<GuestOptions, "name" | "manifest" | "memoryMiB" | "commandLine" | "clock" | "pauseAtInstructions">,
  ): Guest {
    this.#created++;
    const guest: Guest = new Guest({
      id: `guest-${this.#created}`,
      ...identity,
      host: this.#host,
      images: this.#images,
      emit: (event) => this.#emit(event),
      fork: (name) => this.#fork(guest, name),
      removed: () => this.#remove(guest),
    });
    this.#guests.set(guest.id, guest);
    this.#emit({ type: "guestAdded", guestId: guest.id });
    return guest;
  }

  async #fork(origin: Guest, name: string | undefined): Promise<Guest> {
    this.#checkMemory(origin.manifest, origin.memoryMiB);
    const point = await origin.forkPoint();
    const guest = this.#add({
      name: name ?? this.#freeName(origin.name),
      manifest: origin.manifest,
      memoryMiB: origin.memoryMiB,
      commandLine: origin.commandLine,
      clock: origin.clock,
      pauseAtInstructions: undefined,
    });
    await guest.startFrom(point);
    return guest;
  }

  #remove(guest: Guest): void {
    if (!this.#guests.delete(guest.id)) return;
    this.#emit({ type: "guestRemoved", guestId: guest.id });
  }

  #checkMemory(manifest: ImageManifest, memoryMiB: number): void {
    if (memoryMiB < manifest.minimumMemoryMiB) {
      throw new TabvisorError(
        `${manifest.title} needs at least ${manifest.minimumMemoryMiB} MiB of memory; ${memoryMiB} MiB is too little.`,
      );
    }
    const { limits } = this.#host;
    if (this.#guests.size >= limits.guests) {
      throw new TabvisorError(
        `There are ${limits.guests} guests already, and a page can hold no more. Destroy one first.`,
      );
    }
    const taken = this.guests().reduce((sum, guest) => sum + guest.memoryMiB, 0);
    if (taken + memoryMiB > limits.memoryMiB) {
      throw new TabvisorError(
        `The guests have ${taken} of ${limits.memoryMiB} MiB already, so ${memoryMiB} MiB more cannot be had. Destroy a guest or ask for less.`,
      );
    }
  }

  #freeName(stem: string): string {
    const names = new Set(this.guests().map((guest) => guest.name));
    if (!names.has(stem)) return stem;
    for (let number = 2; ; number++) {
      if (!names.has(`${stem}-${number}`)) return `${stem}-${number}`;
    }
  }

  #emit(event: TabvisorEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        // One that fails must hurt neither the others nor the guest.
        this.#host.report(error);
      }
    }
  }
}

function commandLineOf(manifest: ImageManifest, name: string | undefined): string {
  if (name === undefined) return manifest.commandLine;
  const lines = manifest.commandLines ?? {};
  const line = Object.hasOwn(lines, name) ? lines[name] : undefined;
  if (line === undefined) throw new TabvisorError(`${manifest.title} has no command line called “${name}”.`);
  return line;
}
