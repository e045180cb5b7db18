import { Button } from "#app/ui/button.tsx";
import { cx } from "#app/ui/cx.ts";
import { sentence } from "#app/ui/format.ts";
import { Sparkline } from "#app/ui/sparkline.tsx";
import { StatusIcon } from "#app/ui/status.tsx";
import { useActs, useApp } from "#app/store/app-context.tsx";
import type { GuestView } from "#app/store/guests-slice.ts";
import styles from "./guest-list.module.css";

/** Every guest with its state; a press goes to its console. */
export function GuestList() {
  const guests = useApp((state) => state.guests);
  const selected = useApp((state) => state.selectedGuest);
  const viewChosen = useApp((state) => state.viewChosen);
  return (
    <nav className={styles["region"]} aria-label="Guests">
      <h2 className={styles["heading"]}>Guests</h2>
      {guests.length === 0 && <p className={styles["empty"]}>None yet. Start one from the gallery.</p>}
      <ul className={styles["list"]}>
        {guests.map((guest) => (
          <li key={guest.id}>
            <GuestRow guest={guest} selected={guest.id === selected} />
          </li>
        ))}
      </ul>
      {guests.length > 0 && (
        <div className={styles["foot"]}>
          <Button wide icon="plus" onPress={() => viewChosen("gallery")}>
            New guest
          </Button>
        </div>
      )}
    </nav>
  );
}

function GuestRow({ guest, selected }: { readonly guest: GuestView; readonly selected: boolean }) {
  const { goTo } = useActs();
  const meter = useApp((state) => state.meters[guest.id]);
  const images = useApp((state) => state.images);
  const os = images?.find(({ id }) => id === guest.image)?.os ?? guest.image;
  const isRunning = guest.runState === "running";
  return (
    <button
      type="button"
      className={cx(styles["guest"], selected && styles["selected"])}
      aria-current={selected ? "true" : undefined}
      onClick={() => goTo(guest.id)}
    >
      <StatusIcon runState={guest.runState} />
      <span className={styles["name"]}>{guest.name}</span>
      {isRunning && meter ? (
        <Sparkline values={meter.cpuPercent} width={36} height={16} top={100} colour="var(--run)" />
      ) : (
        <span />
      )}
      <span className={styles["detail"]}>
        <span className={styles["words"]}>{`${wordsFor(guest)} · ${os}`}</span>
        {isRunning && meter && <span>{Math.round(meter.stats.cpuPercent)} %</span>}
        {guest.progress && <span>{percent(guest.progress)} %</span>}
      </span>
    </button>
  );
}

function wordsFor({ runState, reason }: GuestView): string {
  return runState === "crashed" && reason ? `crashed: ${sentence(reason)}` : runState;
}

function percent({ doneBytes, totalBytes }: { doneBytes: number; totalBytes: number }): number {
  return totalBytes === 0 ? 0 : Math.floor((100 * doneBytes) / totalBytes);
}
