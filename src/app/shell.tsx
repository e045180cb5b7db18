import { Group, Panel, Separator, type PanelSize } from "react-resizable-panels";
import { Dialogs } from "./dialogs/dialogs.tsx";
import { GuestList } from "./guest-list/guest-list.tsx";
import { Inspector } from "./inspector/inspector.tsx";
import { Notices } from "./notices/notices.tsx";
import { TopBar } from "./top-bar/top-bar.tsx";
import { Workspace } from "./workspace/workspace.tsx";
import { useApp } from "./store/app-context.tsx";
import { useIsWide } from "./store/window-width.ts";
import { useKeys } from "./use-keys.ts";
import styles from "./shell.module.css";

/** The page: gallery or consoles in the middle, the guests on the left, the selected one's inside on the right. */
export function Shell() {
  useKeys();
  const isWide = useIsWide();
  const isInspectorOpen = useApp((state) => state.inspectorOpen) ?? isWide;
  const isWorkspace = useApp((state) => state.guests.length > 0 && state.view === "workspace");
  const hasInspector = isInspectorOpen && isWorkspace;
  const guestListWidth = useApp((state) => state.guestListWidth);
  const inspectorWidth = useApp((state) => state.inspectorWidth);
  const sideResized = useApp((state) => state.sideResized);
  const keep =
    (side: "guestListWidth" | "inspectorWidth") => (size: PanelSize, _id: unknown, before: PanelSize | undefined) => {
      if (before !== undefined) sideResized(side, Math.round(size.inPixels));
    };
  return (
    <div className={styles["shell"]}>
      <TopBar />
      <Group className={styles["regions"]} orientation="horizontal" key={String(hasInspector)}>
        <Panel
          id="guest-list"
          defaultSize={guestListWidth}
          minSize={148}
          maxSize={400}
          groupResizeBehavior="preserve-pixel-size"
          onResize={keep("guestListWidth")}
        >
          <GuestList />
        </Panel>
        <Separator className={styles["separator"]} aria-label="Resize the list of guests" />
        <Panel id="workspace" minSize={240}>
          <main className={styles["main"]}>
            <Workspace />
          </main>
        </Panel>
        {hasInspector && <Separator className={styles["separator"]} aria-label="Resize the inspector" />}
        {hasInspector && (
          <Panel
            id="inspector"
            defaultSize={inspectorWidth}
            minSize={220}
            maxSize={560}
            groupResizeBehavior="preserve-pixel-size"
            onResize={keep("inspectorWidth")}
          >
            <Inspector />
          </Panel>
        )}
      </Group>
      <Notices />
      <Dialogs />
    </div>
  );
}
