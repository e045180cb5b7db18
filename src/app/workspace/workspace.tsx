import { Fragment } from "react";
import { Group, Panel, Separator } from "react-resizable-panels";
import { Gallery } from "#app/gallery/gallery.tsx";
import { Button } from "#app/ui/button.tsx";
import { useActs, useApp } from "#app/store/app-context.tsx";
import { type LayoutNode, type PaneSplit, withOnly } from "#app/store/layout-tree.ts";
import { Pane } from "./pane.tsx";
import styles from "./workspace.module.css";

/** The consoles, as tabs and splits; the gallery while there is no guest or one is being chosen. */
export function Workspace() {
  const layout = useApp((state) => state.layout);
  const guests = useApp((state) => state.guests);
  const view = useApp((state) => state.view);
  if (guests.length === 0 || view === "gallery") return <Gallery />;
  const shown = withOnly(layout, (guestId) => guests.some(({ id }) => id === guestId));
  if (!shown) return <NothingOpen />;
  return <Node node={shown} />;
}

function Node({ node }: { readonly node: LayoutNode }) {
  return node.kind === "group" ? <Pane group={node} /> : <Split split={node} />;
}

function Split({ split }: { readonly split: PaneSplit }) {
  const splitResized = useApp((state) => state.splitResized);
  const orientation = split.direction === "row" ? "horizontal" : "vertical";
  const layout = Object.fromEntries(split.children.map((child, index) => [child.id, split.sizes[index] ?? 50]));
  return (
    <Group
      key={split.children.map(({ id }) => id).join(" ")}
      id={split.id}
      orientation={orientation}
      defaultLayout={layout}
      onLayoutChanged={(sizes, { isUserInteraction }) => {
        if (isUserInteraction)
          splitResized(
            split.id,
            split.children.map(({ id }) => sizes[id] ?? 50),
          );
      }}
    >
      {split.children.map((child, index) => (
        <Fragment key={child.id}>
          {index > 0 && <Separator className={styles["separator"]} aria-label="Resize the panes beside this line" />}
          <Panel id={child.id} minSize={120}>
            <Node node={child} />
          </Panel>
        </Fragment>
      ))}
    </Group>
  );
}

function NothingOpen() {
  const guests = useApp((state) => state.guests);
  const { goTo } = useActs();
  return (
    <div className={styles["nothing"]}>
      <p>No console is open. The guests run on.</p>
      <div className={styles["choices"]}>
        {guests.map(({ id, name }) => (
          <Button key={id} onPress={() => goTo(id)}>{`Open ${name}`}</Button>
        ))}
      </div>
    </div>
  );
}
