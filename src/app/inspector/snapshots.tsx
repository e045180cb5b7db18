import { type CSSProperties, useState } from "react";
import { Button, IconButton } from "#app/ui/button.tsx";
import { cx } from "#app/ui/cx.ts";
import { count, dayAndTime, memorySize } from "#app/ui/format.ts";
import { Menu, type MenuEntry } from "#app/ui/menu.tsx";
import { type AppWorld, useActs, useApp, useWorld } from "#app/store/app-context.tsx";
import type { GuestView } from "#app/store/guests-slice.ts";
import { type SnapshotRow, snapshotRows } from "./snapshot-tree.ts";
import styles from "./inspector.module.css";

/** The tree of the guest's snapshots: take one, go back to one, branch off. */
export function Snapshots({ guest }: { readonly guest: GuestView }) {
  const acts = useActs();
  const dialogOpened = useApp((state) => state.dialogOpened);
  const [picked, setPicked] = useState<string>();
  const target =
    guest.snapshots.find(({ id }) => id === picked) ?? guest.snapshots.find(({ id }) => id === guest.standsOn);
  const isLoading = guest.runState === "loading";
  return (
    <>
      <div className={styles["actions"]}>
        <Button
          tone="primary"
          disabled={isLoading}
          onPress={() => dialogOpened({ type: "takeSnapshot", guestId: guest.id })}
        >
          Snapshot
        </Button>
        <Button disabled={isLoading || !target} onPress={() => acts.askReset(guest.id, target?.id)}>
          Reset
        </Button>
        <Button disabled={isLoading} onPress={() => void acts.fork(guest.id)}>
          Fork
        </Button>
      </div>
      {guest.snapshots.length === 0 && (
        <p className={styles["quiet"]}>
          No snapshot yet. One is taken by itself at the first prompt; take others wherever it is worth coming back to.
        </p>
      )}
      <ul className={styles["tree"]} aria-label="Snapshots">
        {snapshotRows(guest.snapshots).map((row) => (
          <Row
            key={row.snapshot.id}
            guest={guest}
            row={row}
            picked={row.snapshot.id === target?.id}
            onPick={() => setPicked(row.snapshot.id)}
          />
        ))}
      </ul>
    </>
  );
}

interface RowProps {
  readonly guest: GuestView;
  readonly row: SnapshotRow;
  readonly picked: boolean;
  readonly onPick: () => void;
}

function Row({ guest, row, picked, onPick }: RowProps) {
  const world = useWorld();
  const { snapshot, depth } = row;
  const isHere = snapshot.id === guest.standsOn;
  const style = { "--depth": depth } as CSSProperties;
  return (
    <li className={cx(styles["node"], isHere && styles["here"], picked && styles["picked"])} style={style}>
      <Lines row={row} />
      <button
        type="button"
        className={styles["nodeButton"]}
        aria-pressed={picked}
        onClick={onPick}
        onDoubleClick={() => world.acts.askReset(guest.id, snapshot.id)}
      >
        <span className={styles["nodeName"]}>{snapshot.label}</span>
        {isHere && <HereWords guestId={guest.id} />}
        <span className={styles["nodeFigures"]}>
          <span>{dayAndTime(snapshot.createdAt)}</span>
          <span>{`${snapshot.parent === undefined ? "" : "+"}${memorySize(snapshot.bytes)}`}</span>
        </span>
      </button>
      <Menu label={`Snapshot ${snapshot.label}`} entries={snapshotMenu(world, guest, snapshot.id, isHere)}>
        <IconButton icon="more" label={`More for snapshot ${snapshot.label}`} />
      </Menu>
    </li>
  );
}

function HereWords({ guestId }: { readonly guestId: string }) {
  const dirtyPages = useApp((state) => state.meters[guestId]?.stats.dirtyPages);
  return (
    <span className={styles["hereWords"]}>
      {dirtyPages ? `here · ${count(dirtyPages)} pages changed since` : "you are here"}
    </span>
  );
}

function Lines({ row: { depth, branches, above, below } }: { readonly row: SnapshotRow }) {
  const at = (lineDepth: number) => ({ "--depth": lineDepth }) as CSSProperties;
  return (
    <>
      {above.map((line) => (
        <span key={`above-${line}`} className={cx(styles["line"], styles["above"])} style={at(line)} />
      ))}
      {below.map((line) => (
        <span key={`below-${line}`} className={cx(styles["line"], styles["below"])} style={at(line)} />
      ))}
      {branches && <span className={styles["branch"]} style={at(depth - 1)} />}
    </>
  );
}

function snapshotMenu(
  { acts, store }: AppWorld,
  guest: GuestView,
  snapshotId: string,
  isHere: boolean,
): readonly MenuEntry[] {
  const { dialogOpened } = store.getState();
  const guestId = guest.id;
  return [
    { id: "reset", title: "Reset to this", icon: "reset", run: () => acts.askReset(guestId, snapshotId) },
    {
      id: "rename",
      title: "Rename…",
      icon: "rename",
      run: () => dialogOpened({ type: "renameSnapshot", guestId, snapshotId }),
    },
    {
      id: "delete",
      title: isHere ? "Delete (the guest stands on it)" : "Delete…",
      icon: "trash",
      danger: true,
      apart: true,
      disabled: isHere,
      run: () => dialogOpened({ type: "deleteSnapshot", guestId, snapshotId }),
    },
  ];
}
