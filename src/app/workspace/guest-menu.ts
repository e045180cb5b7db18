import type { GuestView } from "#app/store/guests-slice.ts";
import type { AppWorld } from "#app/store/app-context.tsx";
import { groupOf, type Edge } from "#app/store/layout-tree.ts";
import type { MenuEntry } from "#app/ui/menu.tsx";

/** Everything that can be done to a guest, for its menus. */
export function guestMenu({ store, acts }: AppWorld, guest: GuestView): readonly MenuEntry[] {
  const { dialogOpened } = store.getState();
  const { id: guestId, runState } = guest;
  const isUp = runState === "running" || runState === "paused";
  const isDown = runState === "stopped" || runState === "crashed";
  return [
    { id: "rename", title: "Rename…", icon: "rename", run: () => dialogOpened({ type: "renameGuest", guestId }) },
    { id: "fork", title: "Fork", icon: "fork", disabled: runState === "loading", run: () => void acts.fork(guestId) },
    {
      id: "plain-text",
      title: "Console as plain text",
      icon: "text",
      run: () => dialogOpened({ type: "plainText", guestId }),
    },
    ...placeEntries(store.getState(), guestId),
    isDown
      ? { id: "start", title: "Start", icon: "power", apart: true, run: () => void acts.start(guestId) }
      : {
          id: "power-off",
          title: "Power off…",
          icon: "power",
          apart: true,
          disabled: !isUp,
          run: () => dialogOpened({ type: "powerOff", guestId }),
        },
    {
      id: "destroy",
      title: "Destroy…",
      icon: "trash",
      danger: true,
      run: () => dialogOpened({ type: "destroyGuest", guestId }),
    },
  ];
}

type LayoutState = Pick<ReturnType<AppWorld["store"]["getState"]>, "layout" | "tabPlaced" | "guestTabClosed">;

function placeEntries({ layout, tabPlaced, guestTabClosed }: LayoutState, guestId: string): readonly MenuEntry[] {
  const group = groupOf(layout, guestId);
  if (!group) return [];
  const canSplit = group.tabs.length > 1;
  const place = (at: Edge) => tabPlaced(guestId, { groupId: group.id, at });
  return [
    {
      id: "split-right",
      title: "Split right",
      icon: "splitRight",
      apart: true,
      disabled: !canSplit,
      run: () => place("right"),
    },
    { id: "split-down", title: "Split down", icon: "splitDown", disabled: !canSplit, run: () => place("bottom") },
    { id: "close", title: "Close tab (runs on)", icon: "close", run: () => guestTabClosed(guestId) },
  ];
}
