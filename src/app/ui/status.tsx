import type { RunState } from "#protocol/tabvisor.ts";
import { cx } from "./cx.ts";
import { Icon, type IconName } from "./icon.tsx";
import styles from "./status.module.css";

const icons = {
  loading: "loading",
  running: "dot",
  paused: "pause",
  stopped: "square",
  crashed: "cross",
} as const satisfies Record<RunState, IconName>;

/** A state by its colour and its drawing; the word stands beside it or is told to screen readers only. */
export function StatusIcon({
  runState,
  withWord = false,
}: {
  readonly runState: RunState;
  readonly withWord?: boolean;
}) {
  return (
    <span className={cx(styles["status"], styles[runState])}>
      <Icon name={icons[runState]} size={12} />
      {withWord && <span>{runState}</span>}
    </span>
  );
}
