import { type MouseEvent, useEffect, useRef, useState } from "react";
import { ContextMenu, type MenuEntry } from "#app/ui/menu.tsx";
import { StatusIcon } from "#app/ui/status.tsx";
import { type AppWorld, useWorld } from "#app/store/app-context.tsx";
import type { GuestView } from "#app/store/guests-slice.ts";
import { FIND_EVENT, FindBar } from "./find-bar.tsx";
import type { TerminalSession } from "./terminal-session.ts";
import styles from "./terminal.module.css";

/** A dragged separator changes the size many times; the guest hears of the last. */
const SETTLE_MS = 60;

/** The guest's console in its pane. */
export function TerminalView({ guest }: { readonly guest: GuestView }) {
  const world = useWorld();
  const session = world.terminals.of(guest.id);
  const place = useRef<HTMLDivElement>(null);
  const [finding, setFinding] = useState(false);
  const [menuAt, setMenuAt] = useState<{ x: number; y: number }>();
  useEffect(() => (session && place.current ? shown(session, place.current) : undefined), [session]);
  useEffect(() => {
    const parent = place.current?.parentElement;
    const open = () => setFinding(true);
    parent?.addEventListener(FIND_EVENT, open);
    return () => parent?.removeEventListener(FIND_EVENT, open);
  }, []);
  if (!session) return null;
  const endFind = () => {
    setFinding(false);
    session.endFind();
    session.focus();
  };
  const onContextMenu = (event: MouseEvent) => {
    event.preventDefault();
    setMenuAt({ x: event.clientX, y: event.clientY });
  };
  return (
    <div
      id={`console-${guest.id}`}
      className={styles["view"]}
      role="tabpanel"
      aria-label={`Console of ${guest.name}`}
      data-console={guest.id}
      onContextMenu={onContextMenu}
    >
      <div ref={place} className={styles["place"]} />
      {guest.runState === "running" && <Booting key={guest.id} session={session} />}
      {finding && <FindBar session={session} onClose={endFind} />}
      <ContextMenu
        at={menuAt}
        onClose={() => setMenuAt(undefined)}
        label={`Console of ${guest.name}`}
        entries={consoleMenu(world, guest.id, session, () => setFinding(true))}
      />
    </div>
  );
}

/** A quiet kernel says nothing for seconds: the pane says that it boots. */
function Booting({ session }: { readonly session: TerminalSession }) {
  const [silent, setSilent] = useState(true);
  useEffect(() => {
    let wanted = true;
    void session.firstOutput.then(() => wanted && setSilent(false));
    return () => {
      wanted = false;
    };
  }, [session]);
  if (!silent) return null;
  return (
    <p className={styles["booting"]} role="status">
      <StatusIcon runState="loading" />
      Booting…
    </p>
  );
}

function shown(session: TerminalSession, place: HTMLElement): () => void {
  session.mount(place);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const observer = new ResizeObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(() => session.fit(), SETTLE_MS);
  });
  observer.observe(place);
  return () => {
    observer.disconnect();
    clearTimeout(timer);
    session.unmount();
  };
}

function consoleMenu(
  { acts, store }: AppWorld,
  guestId: string,
  session: TerminalSession,
  find: () => void,
): readonly MenuEntry[] {
  const { dialogOpened } = store.getState();
  return [
    {
      id: "copy",
      title: "Copy",
      icon: "copy",
      shortcut: "Ctrl+Shift+C",
      disabled: session.selection === "",
      run: () => void acts.copySelection(guestId),
    },
    {
      id: "paste",
      title: "Paste",
      icon: "paste",
      shortcut: "Ctrl+Shift+V",
      run: () => void acts.pasteClipboard(guestId),
    },
    { id: "select-all", title: "Select all", icon: "text", run: () => session.selectAll() },
    { id: "find", title: "Find…", icon: "search", shortcut: "Ctrl+Shift+F", apart: true, run: find },
    {
      id: "plain-text",
      title: "Show as plain text",
      icon: "text",
      run: () => dialogOpened({ type: "plainText", guestId }),
    },
    { id: "clear", title: "Clear the scrollback", icon: "clear", run: () => session.clear() },
  ];
}
