import type { Guest, GuestStats, LogEntry, RunState, SnapshotSummary } from "#protocol/tabvisor.ts";
import type { Slice } from "./slice.ts";

/** What the page shows of a guest: a plain copy, taken after each of its events. */
export interface GuestView {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly memoryMiB: number;
  readonly runState: RunState;
  readonly reason: string | undefined;
  readonly progress: Guest["progress"];
  readonly log: readonly LogEntry[];
  readonly standsOn: string | undefined;
  readonly snapshots: readonly SnapshotSummary[];
}

/** A guest's newest counters and the recent past of two of them, oldest first, a second apart. */
export interface Meter {
  readonly stats: GuestStats;
  readonly mips: readonly number[];
  readonly cpuPercent: readonly number[];
}

const HISTORY = 60;

/** The guests as last seen; the guests themselves live in the hypervisor and its workers. */
export interface GuestsSlice {
  /** In the order in which they were made. */
  readonly guests: readonly GuestView[];
  readonly meters: Readonly<Record<string, Meter>>;
  receiveGuests(guests: readonly GuestView[]): void;
  receiveStats(stats: Readonly<Record<string, GuestStats>>): void;
}

/** Copies what the page shows out of a live guest. */
export function viewOf(guest: Guest): GuestView {
  const { id, name, image, memoryMiB, runState, reason, progress, standsOn } = guest;
  const [log, snapshots] = [[...guest.log], [...guest.snapshots()]];
  return { id, name, image, memoryMiB, runState, reason, progress, log, standsOn, snapshots };
}

function measured(before: Meter | undefined, stats: GuestStats): Meter {
  return {
    stats,
    mips: [...(before?.mips ?? []), stats.mips].slice(-HISTORY),
    cpuPercent: [...(before?.cpuPercent ?? []), stats.cpuPercent].slice(-HISTORY),
  };
}

export const createGuestsSlice: Slice<GuestsSlice> = (set) => ({
  guests: [],
  meters: {},
  receiveGuests: (guests) => set({ guests }),
  receiveStats: (stats) =>
    set(({ meters }) => ({
      meters: Object.fromEntries(Object.entries(stats).map(([id, newest]) => [id, measured(meters[id], newest)])),
    })),
});
