import type { ReactNode } from "react";
import { Button } from "#app/ui/button.tsx";
import { cx } from "#app/ui/cx.ts";
import { clockTime, downloadSize, sentence } from "#app/ui/format.ts";
import { Icon, type IconName } from "#app/ui/icon.tsx";
import { useActs, useApp } from "#app/store/app-context.tsx";
import type { GuestView } from "#app/store/guests-slice.ts";
import styles from "./workspace.module.css";

/** What there is to say about a guest that does not run, and what can be done about it. */
export function StateBanner({ guest }: { readonly guest: GuestView }) {
  if (guest.runState === "loading") return <Loading guest={guest} />;
  if (guest.runState === "crashed") return <Crashed guest={guest} />;
  if (guest.runState === "stopped") return <Stopped guest={guest} />;
  if (guest.runState === "paused") return <Paused guest={guest} />;
  return null;
}

function Loading({ guest }: { readonly guest: GuestView }) {
  const dialogOpened = useApp((state) => state.dialogOpened);
  const { destroy } = useActs();
  const { doneBytes, totalBytes } = guest.progress ?? { doneBytes: 0, totalBytes: 0 };
  const share = totalBytes === 0 ? 0 : doneBytes / totalBytes;
  const words = totalBytes === 0 ? "Getting ready…" : `${downloadSize(doneBytes)} of ${downloadSize(totalBytes)}`;
  const cancel = () =>
    guest.snapshots.length === 0 ? void destroy(guest.id) : dialogOpened({ type: "destroyGuest", guestId: guest.id });
  return (
    <div className={styles["loading"]}>
      <div className={styles["loadingWords"]}>
        <span>{`Loading ${guest.name}`}</span>
        <span className={styles["numbers"]}>{words}</span>
        <Button onPress={cancel}>Cancel</Button>
      </div>
      <div
        className={styles["track"]}
        role="progressbar"
        aria-label={`Loading ${guest.name}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
        aria-valuetext={words}
      >
        <div className={styles["filled"]} style={{ width: `${share * 100}%` }} />
      </div>
    </div>
  );
}

function Crashed({ guest }: { readonly guest: GuestView }) {
  const acts = useActs();
  const at = guest.log.findLast(({ level }) => level === "error")?.at;
  const target = guest.snapshots.find(({ id }) => id === guest.standsOn);
  return (
    <Banner tone="bad" icon="alert">
      <p>
        <strong>{`${guest.name} crashed`}</strong>
        {at === undefined ? ". " : ` at ${clockTime(at)}. `}
        {guest.reason === undefined ? "It gave no reason." : sentence(guest.reason)} Nothing outside this guest was
        touched.
      </p>
      <div className={styles["bannerActions"]}>
        {target ? (
          <Button tone="primary" onPress={() => void acts.reset(guest.id)}>{`Reset to “${target.label}”`}</Button>
        ) : (
          <Button tone="primary" onPress={() => void acts.start(guest.id)}>
            Start again
          </Button>
        )}
        {target && (
          <Button onPress={() => void acts.snapshot(guest.id, "the crash")}>Keep a snapshot of the crash</Button>
        )}
      </div>
    </Banner>
  );
}

function Stopped({ guest }: { readonly guest: GuestView }) {
  const acts = useActs();
  const target = guest.snapshots.find(({ id }) => id === guest.standsOn);
  return (
    <Banner tone="plain" icon="power">
      <p>
        <strong>{`${guest.name} is off.`}</strong> {guest.reason ? sentence(guest.reason) : ""} Its snapshots are kept.
      </p>
      <div className={styles["bannerActions"]}>
        <Button tone="primary" onPress={() => void acts.start(guest.id)}>
          Start
        </Button>
        {target && <Button onPress={() => void acts.reset(guest.id)}>{`Reset to “${target.label}”`}</Button>}
      </div>
    </Banner>
  );
}

function Paused({ guest }: { readonly guest: GuestView }) {
  const { resume } = useActs();
  return (
    <div className={styles["paused"]} role="status">
      <Icon name="pause" size={12} />
      <span>Paused. What you type waits.</span>
      <Button onPress={() => void resume(guest.id)}>Resume</Button>
    </div>
  );
}

function Banner({
  tone,
  icon,
  children,
}: {
  readonly tone: "bad" | "plain";
  readonly icon: IconName;
  readonly children: ReactNode;
}) {
  return (
    <div className={cx(styles["banner"], tone === "bad" && styles["bad"])} role={tone === "bad" ? "alert" : "status"}>
      <Icon name={icon} className={styles["bannerIcon"]} />
      <div className={styles["bannerBody"]}>{children}</div>
    </div>
  );
}
