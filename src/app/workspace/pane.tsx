import { type DragEvent, type ReactNode, useState } from "react";
import { TerminalView } from "#app/terminal/terminal-view.tsx";
import { cx } from "#app/ui/cx.ts";
import { useApp } from "#app/store/app-context.tsx";
import type { PaneGroup, Place } from "#app/store/layout-tree.ts";
import { PaneToolbar } from "./pane-toolbar.tsx";
import { GUEST_DRAG, PaneTabs } from "./pane-tabs.tsx";
import { StateBanner } from "./state-banner.tsx";
import styles from "./workspace.module.css";

/** One pane: tabs and tools on top, what there is to say about the guest, its console. */
export function Pane({ group }: { readonly group: PaneGroup }) {
  const guest = useApp((state) => state.guests.find(({ id }) => id === group.active));
  const isFocused = useApp((state) => state.selectedGuest === group.active);
  const guestSelected = useApp((state) => state.guestSelected);
  if (!guest) return null;
  return (
    <section
      className={cx(styles["pane"], isFocused && styles["focused"])}
      aria-label={`Pane of ${guest.name}`}
      onFocusCapture={() => !isFocused && guestSelected(guest.id)}
    >
      <div className={styles["bar"]}>
        <PaneTabs group={group} />
        <PaneToolbar guest={guest} />
      </div>
      <StateBanner guest={guest} />
      <DropArea groupId={group.id}>
        <TerminalView key={guest.id} guest={guest} />
      </DropArea>
    </section>
  );
}

/** Shows where a dragged tab would land, and puts it there. */
function DropArea({ groupId, children }: { readonly groupId: string; readonly children: ReactNode }) {
  const [at, setAt] = useState<Place["at"]>();
  const tabPlaced = useApp((state) => state.tabPlaced);
  const onDragOver = (event: DragEvent<HTMLDivElement>) => {
    if (!event.dataTransfer.types.includes(GUEST_DRAG)) return;
    event.preventDefault();
    setAt(placeUnder(event));
  };
  const onDrop = (event: DragEvent<HTMLDivElement>) => {
    const guestId = event.dataTransfer.getData(GUEST_DRAG);
    setAt(undefined);
    if (guestId === "") return;
    event.preventDefault();
    tabPlaced(guestId, { groupId, at: placeUnder(event) });
  };
  return (
    <div
      className={styles["body"]}
      onDragOver={onDragOver}
      onDragLeave={(event) => !event.currentTarget.contains(event.relatedTarget as Node | null) && setAt(undefined)}
      onDrop={onDrop}
    >
      {children}
      {at && <div className={cx(styles["drop"], styles[at])} />}
    </div>
  );
}

const EDGE_SHARE = 0.25;

function placeUnder(event: DragEvent<HTMLDivElement>): Place["at"] {
  const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
  const x = (event.clientX - left) / width;
  const y = (event.clientY - top) / height;
  const distances = [
    ["left", x],
    ["right", 1 - x],
    ["top", y],
    ["bottom", 1 - y],
  ] as const;
  const [edge, distance] = distances.reduce((nearest, next) => (next[1] < nearest[1] ? next : nearest));
  return distance < EDGE_SHARE ? edge : "centre";
}
