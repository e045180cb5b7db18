import type { GuestStats } from "#protocol/tabvisor.ts";
import type { SharedGuestMemory } from "./host.ts";

interface Sample {
  readonly at: number;
  readonly instructions: number;
  readonly busyMicroseconds: number;
}

/** Rates are taken over about this long. */
const WINDOW_MS = 1000;

/** Reads a guest's counters straight from its memory; the worker may write anything there, so all of it is only shown. */
export class GuestMeter {
  readonly #memory: SharedGuestMemory;
  readonly #now: () => number;
  readonly #view: DataView;
  readonly #startedAt: number;
  #samples: readonly Sample[];

  constructor(memory: SharedGuestMemory, now: () => number) {
    this.#memory = memory;
    this.#now = now;
    this.#view = new DataView(memory.buffer);
    this.#startedAt = now();
    this.#samples = [this.#take()];
  }

  /** Called about twice a second, so that rates have something to start from. */
  sample(): void {
    const now = this.#now();
    const fresh = this.#samples.filter(({ at }) => now - at <= 2 * WINDOW_MS);
    this.#samples = [...fresh, this.#take()];
  }

  stats(snapshotBytes: number): GuestStats {
    const last = this.#take();
    const first = this.#samples.findLast(({ at }) => last.at - at >= WINDOW_MS) ?? this.#samples[0] ?? last;
    const elapsedMs = Math.max(1, last.at - first.at);
    const instructions = Math.max(0, last.instructions - first.instructions);
    const busyMs = Math.max(0, last.busyMicroseconds - first.busyMicroseconds) / 1000;
    const counters = Object.entries(this.#memory.counters).map(([name, offset]) => [name, this.#load(offset)] as const);
    return {
      instructions: last.instructions,
      mips: instructions / elapsedMs / 1000,
      cpuPercent: Math.min(100, (busyMs / elapsedMs) * 100),
      memoryBytes: this.#memory.buffer.byteLength + snapshotBytes,
      dirtyPages: this.#dirtyPages(),
      uptimeMs: last.at - this.#startedAt,
      counters: Object.fromEntries(counters),
    };
  }

  #take(): Sample {
    return {
      at: this.#now(),
      instructions: this.#load(this.#memory.ticks),
      busyMicroseconds: this.#load(this.#memory.counters["busyMicroseconds"] ?? 0),
    };
  }

  #load(offset: number): number {
    return Number(this.#view.getBigUint64(offset, true));
  }

  #dirtyPages(): number {
    const { buffer, pageFlags, pageCount, dirtyFlag } = this.#memory;
    const flags = new Uint8Array(buffer, pageFlags, pageCount);
    let count = 0;
    for (let page = 0; page < flags.length; page++) if ((flags[page] ?? 0) & dirtyFlag) count++;
    return count;
  }
}
