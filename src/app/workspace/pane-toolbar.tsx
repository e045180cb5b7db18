import { IconButton } from "#app/ui/button.tsx";
import { Menu } from "#app/ui/menu.tsx";
import { useActs, useApp, useWorld } from "#app/store/app-context.tsx";
import type { GuestView } from "#app/store/guests-slice.ts";
import { guestMenu } from "./guest-menu.ts";
import styles from "./workspace.module.css";

/** The tools of the pane's front guest. */
export function PaneToolbar({ guest }: { readonly guest: GuestView }) {
  const world = useWorld();
  const acts = useActs();
  const { id, runState } = guest;
  const isLoading = runState === "loading";
  const target = guest.snapshots.find((snapshot) => snapshot.id === guest.standsOn);
  return (
    <div role="toolbar" aria-label={`Tools for ${guest.name}`} className={styles["tools"]} data-guest={id}>
      {runState === "running" && <Speed guestId={id} />}
      {runState === "running" && <IconButton icon="pause" label="Pause" onPress={() => void acts.pause(id)} />}
      {runState === "paused" && <IconButton icon="play" label="Resume" onPress={() => void acts.resume(id)} />}
      <IconButton
        icon="snapshot"
        label="Snapshot"
        shortcut="Ctrl+Shift+S"
        disabled={isLoading}
        onPress={() => void acts.snapshot(id)}
      />
      <IconButton
        icon="reset"
        label={target ? `Reset to “${target.label}”` : "Reset: no snapshot yet"}
        disabled={isLoading || !target}
        onPress={() => acts.askReset(id)}
      />
      <Menu label={`More for ${guest.name}`} entries={guestMenu(world, guest)}>
        <IconButton icon="more" label={`More for ${guest.name}`} />
      </Menu>
    </div>
  );
}

function Speed({ guestId }: { readonly guestId: string }) {
  const mips = useApp((state) => state.meters[guestId]?.stats.mips);
  return mips === undefined ? null : <span className={styles["mips"]}>{Math.round(mips)} MIPS</span>;
}
