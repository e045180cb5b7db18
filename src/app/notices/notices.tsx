import { useEffect } from "react";
import { IconButton } from "#app/ui/button.tsx";
import { cx } from "#app/ui/cx.ts";
import { Icon } from "#app/ui/icon.tsx";
import { useApp } from "#app/store/app-context.tsx";
import type { Notice } from "#app/store/notices-slice.ts";
import styles from "./notices.module.css";

const icons = { good: "check", plain: "info", bad: "alert" } as const;
const STAY_MS = { good: 6000, plain: 6000, bad: 20_000 } as const;

/** Short messages about what has just happened, read out by screen readers. */
export function Notices() {
  const notices = useApp((state) => state.notices);
  return (
    <div className={styles["notices"]} role="status" aria-live="polite">
      {notices.map((notice) => (
        <NoticeCard key={notice.id} notice={notice} />
      ))}
    </div>
  );
}

function NoticeCard({ notice }: { readonly notice: Notice }) {
  const dismissed = useApp((state) => state.noticeDismissed);
  const { id, tone, text } = notice;
  useEffect(() => {
    const timer = setTimeout(() => dismissed(id), STAY_MS[tone]);
    return () => clearTimeout(timer);
  }, [id, tone, dismissed]);
  return (
    <div className={cx(styles["notice"], styles[tone])} data-notice={tone}>
      <Icon name={icons[tone]} className={styles["icon"]} />
      <span className={styles["text"]}>{text}</span>
      <IconButton icon="close" small label="Dismiss" onPress={() => dismissed(id)} />
    </div>
  );
}
