import type { GuestStats, Tabvisor } from "#protocol/tabvisor.ts";
import type { TerminalSessions } from "#app/terminal/terminal-sessions.ts";
import { type GuestView, viewOf } from "./guests-slice.ts";
import type { AppStore } from "./app-store.ts";
import { tilesThatFit } from "./window-width.ts";

const STATS_INTERVAL_MS = 1000;
/** Events are gathered for a frame, so that a burst of them renders once. */
const GATHER_MS = 16;

/** Keeps the store in step with the hypervisor; returns how to stop. */
export function keepInStep(tabvisor: Tabvisor, store: AppStore, terminals: TerminalSessions): () => void {
  const views = new Map<string, GuestView>();
  const changed = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const gather = () => {
    timer = undefined;
    refresh(tabvisor, views, changed);
    showGuests(store, terminals, [...views.values()]);
  };
  const unsubscribe = tabvisor.subscribe(({ guestId }) => {
    changed.add(guestId);
    timer ??= setTimeout(gather, GATHER_MS);
  });
  for (const { id } of tabvisor.guests()) changed.add(id);
  gather();
  const stats = setInterval(() => void readStats(tabvisor, store), STATS_INTERVAL_MS);
  return () => {
    unsubscribe();
    clearTimeout(timer);
    clearInterval(stats);
  };
}

function refresh(tabvisor: Tabvisor, views: Map<string, GuestView>, changed: Set<string>): void {
  const guests = tabvisor.guests();
  for (const guest of guests) {
    if (changed.has(guest.id) || !views.has(guest.id)) views.set(guest.id, viewOf(guest));
  }
  for (const id of views.keys()) {
    if (!guests.some((guest) => guest.id === id)) views.delete(id);
  }
  changed.clear();
}

function showGuests(store: AppStore, terminals: TerminalSessions, guests: readonly GuestView[]): void {
  const opened = (guestId: string) => {
    store.getState().guestOpened(guestId, tilesThatFit());
    requestAnimationFrame(() => store.getState().dialog === undefined && terminals.of(guestId)?.focus());
  };
  const before = store.getState().guests;
  store.getState().receiveGuests(guests);
  const exists = (guestId: string) => guests.some(({ id }) => id === guestId);
  const vanished = before.filter(({ id }) => !exists(id));
  for (const { id } of vanished) terminals.forget(id);
  if (vanished.length > 0) {
    store.getState().guestsVanished((id) => vanished.every((gone) => gone.id !== id));
    const [heir] = guests;
    if (store.getState().selectedGuest === undefined && heir) store.getState().guestSelected(heir.id);
  }
  for (const { id, name } of guests) {
    terminals.of(id)?.rename(name);
    if (!before.some((guest) => guest.id === id)) opened(id);
  }
}

async function readStats(tabvisor: Tabvisor, store: AppStore): Promise<void> {
  if (document.hidden) return;
  const stats: Record<string, GuestStats> = {};
  await Promise.all(
    tabvisor.guests().map(async (guest) => {
      const newest = await guest.stats().catch(() => undefined);
      if (newest) stats[guest.id] = newest;
    }),
  );
  store.getState().receiveStats(stats);
}
