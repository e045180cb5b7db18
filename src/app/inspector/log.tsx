import { clockTime } from "#app/ui/format.ts";
import { Icon } from "#app/ui/icon.tsx";
import { cx } from "#app/ui/cx.ts";
import type { GuestView } from "#app/store/guests-slice.ts";
import styles from "./inspector.module.css";

const icons = { info: "info", warning: "alert", error: "cross" } as const;

/** What has happened to the guest, newest first. */
export function Log({ guest }: { readonly guest: GuestView }) {
  if (guest.log.length === 0) return <p className={styles["quiet"]}>Nothing has been logged yet.</p>;
  return (
    <ol className={styles["log"]} aria-label="Log, newest first">
      {guest.log.toReversed().map(({ at, level, message }, index) => (
        <li key={guest.log.length - index} className={cx(styles["entry"], styles[level])}>
          <Icon name={icons[level]} size={12} />
          <time dateTime={new Date(at).toISOString()}>{clockTime(at)}</time>
          <span className="visually-hidden">{level}: </span>
          <span className={styles["message"]}>{message}</span>
        </li>
      ))}
    </ol>
  );
}
