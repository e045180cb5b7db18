import type { KeyboardEvent } from "react";
import { StatusIcon } from "#app/ui/status.tsx";
import { cx } from "#app/ui/cx.ts";
import { useActs, useApp } from "#app/store/app-context.tsx";
import type { PaneGroup } from "#app/store/layout-tree.ts";
import styles from "./workspace.module.css";

/** The type under which a dragged tab carries its guest's id. */
export const GUEST_DRAG = "application/x-tabvisor-guest";

/** A pane's guests. Tabs can be dragged to another pane or to an edge of one; the guest's menu does the same by keyboard. */
export function PaneTabs({ group }: { readonly group: PaneGroup }) {
  const tabPlaced = useApp((state) => state.tabPlaced);
  const guestSelected = useApp((state) => state.guestSelected);
  const move = (event: KeyboardEvent, index: number) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const next = group.tabs[(index + step + group.tabs.length) % group.tabs.length];
    if (step === 0 || next === undefined) return;
    event.preventDefault();
    const tabs = event.currentTarget.parentElement?.children;
    guestSelected(next);
    (tabs?.[group.tabs.indexOf(next)] as HTMLElement | undefined)?.focus();
  };
  return (
    <div
      role="tablist"
      aria-label="Consoles in this pane"
      className={styles["tabs"]}
      onDragOver={(event) => event.dataTransfer.types.includes(GUEST_DRAG) && event.preventDefault()}
      onDrop={(event) => tabPlaced(event.dataTransfer.getData(GUEST_DRAG), { groupId: group.id, at: "centre" })}
    >
      {group.tabs.map((guestId, index) => (
        <Tab
          key={guestId}
          guestId={guestId}
          active={guestId === group.active}
          onKeyDown={(event) => move(event, index)}
        />
      ))}
    </div>
  );
}

interface TabProps {
  readonly guestId: string;
  readonly active: boolean;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

function Tab({ guestId, active, onKeyDown }: TabProps) {
  const guest = useApp((state) => state.guests.find(({ id }) => id === guestId));
  const { goTo } = useActs();
  if (!guest) return null;
  return (
    <button
      type="button"
      role="tab"
      aria-selected={active}
      aria-controls={active ? `console-${guestId}` : undefined}
      tabIndex={active ? 0 : -1}
      className={cx(styles["tab"], active && styles["active"])}
      draggable
      onDragStart={(event) => event.dataTransfer.setData(GUEST_DRAG, guestId)}
      onClick={() => goTo(guestId)}
      onKeyDown={onKeyDown}
    >
      <StatusIcon runState={guest.runState} />
      <span className={styles["tabName"]}>{guest.name}</span>
      <span className={styles["tabState"]}>{guest.runState}</span>
    </button>
  );
}
