import { Button as AriaButton } from "react-aria-components/Button";
import { IconButton } from "#app/ui/button.tsx";
import { memorySize } from "#app/ui/format.ts";
import { Sparkline } from "#app/ui/sparkline.tsx";
import { useApp } from "#app/store/app-context.tsx";
import { useIsWide } from "#app/store/window-width.ts";
import type { ThemeChoice } from "#app/store/preferences-slice.ts";
import { Mark } from "./mark.tsx";
import styles from "./top-bar.module.css";

const themes = {
  system: { next: "light", icon: "system", title: "as the system" },
  light: { next: "dark", icon: "sun", title: "light" },
  dark: { next: "system", icon: "moon", title: "dark" },
} as const satisfies Record<ThemeChoice, { next: ThemeChoice; icon: string; title: string }>;

/** The page's own bar: what all guests use together, everything that can be done, theme and help. */
export function TopBar() {
  const theme = useApp((state) => state.theme);
  const themeChosen = useApp((state) => state.themeChosen);
  const dialogOpened = useApp((state) => state.dialogOpened);
  const inspectorChosen = useApp((state) => state.inspectorChosen);
  const isWide = useIsWide();
  const inspectorOpen = useApp((state) => state.inspectorOpen) ?? isWide;
  const { next, icon, title } = themes[theme];
  return (
    <header className={styles["bar"]}>
      <span className={styles["name"]}>
        <Mark />
        Tabvisor
      </span>
      <Meters />
      <AriaButton
        className={styles["command"] ?? ""}

        onPress={() => dialogOpened({ type: "palette" })}
      >
        <span>Do anything…</span>
        <kbd>Ctrl+Shift+K</kbd>
      </AriaButton>
      <div className={styles["tools"]}>
        <IconButton
          icon="panel"
          label={inspectorOpen ? "Hide the inspector" : "Show the inspector"}
          onPress={() => inspectorChosen(!inspectorOpen)}
        />
        <IconButton
          icon={icon}
          label={`Theme: ${title}. Change to ${themes[next].title}`}
          onPress={() => themeChosen(next)}
        />
        <IconButton
          icon="help"
          label="Help and keys"
          shortcut="Ctrl+Shift+H"
          onPress={() => dialogOpened({ type: "help" })}
        />
      </div>
    </header>
  );
}

function Meters() {
  const meters = useApp((state) => state.meters);
  const guests = useApp((state) => state.guests);
  if (guests.length === 0) return null;
  const all = Object.values(meters);
  const length = Math.max(0, ...all.map(({ cpuPercent }) => cpuPercent.length));
  const history = Array.from({ length }, (_, index) =>
    all.reduce((sum, { cpuPercent }) => sum + (cpuPercent.at(index - length) ?? 0), 0),
  );
  const cores = (history.at(-1) ?? 0) / 100;
  const memoryBytes = guests.reduce((sum, { memoryMiB }) => sum + memoryMiB * 2 ** 20, 0);
  return (
    <div className={styles["meters"]} role="group" aria-label="Used by all guests">
      <span>
        CPU <b>{cores.toFixed(1)}</b> of {navigator.hardwareConcurrency} cores
      </span>
      <Sparkline values={history} width={64} height={16} top={100} colour="var(--accent)" />
      <span>
        Memory <b>{memorySize(memoryBytes)}</b>
      </span>
    </div>
  );
}
