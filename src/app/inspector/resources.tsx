import type { ReactNode } from "react";
import { count, duration, memorySize } from "#app/ui/format.ts";
import { Sparkline } from "#app/ui/sparkline.tsx";
import { StatusIcon } from "#app/ui/status.tsx";
import { useApp } from "#app/store/app-context.tsx";
import type { GuestView } from "#app/store/guests-slice.ts";
import styles from "./inspector.module.css";

/** What the guest uses, once a second. */
export function Resources({ guest }: { readonly guest: GuestView }) {
  const meter = useApp((state) => state.meters[guest.id]);
  const stats = meter?.stats;
  return (
    <>
      <div className={styles["meters"]}>
        <Meter name="Speed" figure={stats ? `${Math.round(stats.mips)} MIPS` : "–"}>
          <Sparkline values={meter?.mips ?? []} width={128} height={32} top={50} colour="var(--accent)" />
        </Meter>
        <Meter name="Processor" figure={stats ? `${Math.round(stats.cpuPercent)} %` : "–"}>
          <Sparkline values={meter?.cpuPercent ?? []} width={128} height={32} top={100} colour="var(--run)" />
        </Meter>
      </div>
      <dl className={styles["rows"]}>
        <Row name="State">
          <StatusIcon runState={guest.runState} withWord />
        </Row>
        <Row name="Up">{stats ? duration(stats.uptimeMs) : "–"}</Row>
        <Row name="Instructions">{stats ? count(stats.instructions) : "–"}</Row>
        <Row name="Guest memory">{`${guest.memoryMiB} MiB`}</Row>
        <Row name="In the browser">{stats ? memorySize(stats.memoryBytes) : "–"}</Row>
        <Row name="Changed pages">{stats ? stats.dirtyPages.toLocaleString() : "–"}</Row>
        <Row name="Snapshots">{`${guest.snapshots.length}, ${memorySize(guest.snapshots.reduce((sum, { bytes }) => sum + bytes, 0))}`}</Row>
      </dl>
      {stats && Object.keys(stats.counters).length > 0 && (
        <>
          <h3 className={styles["heading"]}>Engine</h3>
          <dl className={styles["rows"]}>
            {Object.entries(stats.counters).map(([name, value]) => (
              <Row key={name} name={spaced(name)}>
                {count(value)}
              </Row>
            ))}
          </dl>
        </>
      )}
    </>
  );
}

function Meter({
  name,
  figure,
  children,
}: {
  readonly name: string;
  readonly figure: string;
  readonly children: ReactNode;
}) {
  return (
    <div className={styles["meter"]}>
      <span className={styles["meterName"]}>{name}</span>
      <span className={styles["meterFigure"]}>{figure}</span>
      {children}
    </div>
  );
}

/** One named figure. */
export function Row({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className={styles["row"]}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

const ACRONYMS = /\b(tlb|mmio|sbi|csr|jit|fpu)\b/gi;

/** `tlbMisses` → `TLB misses`. */
function spaced(name: string): string {
  const words = name
    .replace(/[-_]/g, " ")
    .replace(/([a-z])([A-Z])/g, (_, before: string, after: string) => `${before} ${after.toLowerCase()}`)
    .replace(ACRONYMS, (acronym) => acronym.toUpperCase());
  return words.charAt(0).toUpperCase() + words.slice(1);
}
