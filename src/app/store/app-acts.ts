import type { CreateOptions, Guest, ImageSummary, SnapshotSummary, Tabvisor } from "#protocol/tabvisor.ts";
import { milliseconds } from "#app/ui/format.ts";
import type { TerminalSessions } from "#app/terminal/terminal-sessions.ts";
import type { AppStore } from "./app-store.ts";
import { tilesThatFit } from "./window-width.ts";

/** What a person can do to guests; each act tells how it went, and none rejects. */
export interface AppActs {
  create(options: CreateOptions): Promise<void>;
  readImages(): Promise<void>;
  pause(guestId: string): Promise<void>;
  resume(guestId: string): Promise<void>;
  start(guestId: string): Promise<void>;
  powerOff(guestId: string): Promise<void>;
  snapshot(guestId: string, label?: string): Promise<void>;
  /** Without a snapshot: to the one the guest stands on. */
  reset(guestId: string, snapshotId?: string): Promise<void>;
  /** As `reset`, after a question where there is something to lose and the person wants to be asked. */
  askReset(guestId: string, snapshotId?: string): void;
  fork(guestId: string): Promise<void>;
  destroy(guestId: string): Promise<void>;
  rename(guestId: string, name: string): void;
  renameSnapshot(guestId: string, snapshotId: string, label: string): void;
  deleteSnapshot(guestId: string, snapshotId: string): Promise<void>;
  copySelection(guestId: string): Promise<void>;
  pasteClipboard(guestId: string): Promise<void>;
  /** Selects the guest, brings its tab to the front and the keyboard to its console. */
  goTo(guestId: string): void;
}

/** Binds the acts to the hypervisor, the store that shows how they went, and the terminals. */
export function createAppActs(tabvisor: Tabvisor, store: AppStore, terminals: TerminalSessions): AppActs {
  const tell = new Teller(store);
  const guestOf = (guestId: string) => tabvisor.guests().find(({ id }) => id === guestId);
  const withGuest = (guestId: string, doing: string, act: (guest: Guest) => Promise<void>) =>
    tell.attempt(doing, async () => {
      const guest = guestOf(guestId);
      if (guest) await act(guest);
    });
  const focusConsole = (guestId: string) => requestAnimationFrame(() => terminals.of(guestId)?.focus());
  const goTo = (guestId: string) => {
    store.getState().guestOpened(guestId, tilesThatFit());
    focusConsole(guestId);
  };
  const reset = (guestId: string, snapshotId?: string) =>
    withGuest(guestId, "Reset", async (guest) => {
      const snapshot = snapshotOf(guest, snapshotId);
      const { milliseconds: taken } = await guest.reset(snapshotId);
      tell.good(`Reset to ${snapshot ? `“${snapshot.label}”` : "its beginning"} in ${milliseconds(taken)}`);
      focusConsole(guestId);
    });
  return {
    create: (options) => tell.attempt("Starting the guest", async () => void (await tabvisor.create(options))),
    readImages: () => readImages(tabvisor, store),
    pause: (guestId) => withGuest(guestId, "Pausing", (guest) => guest.pause()),
    resume: (guestId) => withGuest(guestId, "Resuming", (guest) => guest.resume()),
    start: (guestId) => withGuest(guestId, "Starting", (guest) => guest.start()),
    powerOff: (guestId) => withGuest(guestId, "Power off", (guest) => guest.powerOff()),
    snapshot: (guestId, label) =>
      withGuest(guestId, "Taking a snapshot", async (guest) => {
        const began = performance.now();
        const made = await guest.snapshot(label);
        tell.good(`Snapshot “${made.label}” taken in ${milliseconds(performance.now() - began)}`);
      }),
    reset,
    askReset: (guestId, snapshotId) => {
      const guest = guestOf(guestId);
      const target = guest && snapshotOf(guest, snapshotId);
      if (!guest) return;
      const { askBeforeReset, dialogOpened } = store.getState();
      const losesNothing = guest.runState === "crashed" || guest.runState === "stopped";
      if (!target || losesNothing || !askBeforeReset) void reset(guestId, snapshotId);
      else dialogOpened({ type: "resetGuest", guestId, snapshotId: target.id });
    },
    fork: (guestId) =>
      withGuest(guestId, "Fork", async (guest) => {
        const forked = await guest.fork();
        tell.good(`“${forked.name}” forked from “${guest.name}”`);
      }),
    destroy: (guestId) =>
      withGuest(guestId, "Destroying the guest", async (guest) => {
        const { name } = guest;
        await guest.destroy();
        tell.plain(`“${name}” destroyed`);
      }),
    rename: (guestId, name) => guestOf(guestId)?.rename(name),
    renameSnapshot: (guestId, snapshotId, label) => guestOf(guestId)?.renameSnapshot(snapshotId, label),
    deleteSnapshot: (guestId, snapshotId) =>
      withGuest(guestId, "Deleting the snapshot", async (guest) => {
        const label = snapshotOf(guest, snapshotId)?.label ?? snapshotId;
        await guest.deleteSnapshot(snapshotId);
        tell.plain(`Snapshot “${label}” deleted`);
      }),
    copySelection: (guestId) =>
      tell.attempt("Copying", async () => {
        const copied = await terminals.of(guestId)?.copy();
        if (copied === false) tell.plain("Nothing is selected in this console.");
      }),
    pasteClipboard: (guestId) => pasteClipboard(terminals, tell, guestId),
    goTo,
  };
}

/** Says on the page how an act went. */
class Teller {
  readonly #store: AppStore;

  constructor(store: AppStore) {
    this.#store = store;
  }

  good(text: string): void {
    this.#store.getState().notify("good", text);
  }

  plain(text: string): void {
    this.#store.getState().notify("plain", text);
  }

  async attempt(doing: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#store.getState().notify("bad", `${doing} failed. ${inWords(error)}`);
    }
  }
}

async function readImages(tabvisor: Tabvisor, store: AppStore): Promise<void> {
  try {
    const images = await tabvisor.images();
    store.getState().receiveImages(images);
    prefetchFirst(tabvisor, images);
  } catch (error) {
    store.getState().imagesFailed(inWords(error));
  }
}

/** The first image is what most people start: it is there when they do, unless they asked their browser to save data. */
function prefetchFirst(tabvisor: Tabvisor, images: readonly ImageSummary[]): void {
  const { connection } = navigator as { readonly connection?: { readonly saveData?: boolean } };
  const first = images.find(({ problem }) => problem === undefined);
  // What goes wrong is said when it is started.
  if (first && connection?.saveData !== true) tabvisor.prefetch(first.id).catch(() => {});
}

async function pasteClipboard(terminals: TerminalSessions, tell: Teller, guestId: string): Promise<void> {
  try {
    terminals.of(guestId)?.paste(await navigator.clipboard.readText());
  } catch {
    tell.plain("The browser does not let the page read the clipboard. Press Ctrl+Shift+V in the console instead.");
  }
}

function snapshotOf(guest: Guest, snapshotId: string | undefined): SnapshotSummary | undefined {
  const wanted = snapshotId ?? guest.standsOn;
  return guest.snapshots().find(({ id }) => id === wanted);
}

function inWords(error: unknown): string {
  return error instanceof Error && error.message !== "" ? error.message : "The browser gave no reason.";
}
