import { cpus, loadavg } from "node:os";
import type { Measured } from "./side.ts";
import type { Work } from "./work.ts";

/** All rounds of one work (or of booting) on every side, by the side's name. */
export interface Row {
  readonly name: string;
  readonly what: string;
  readonly bySide: Readonly<Record<string, readonly Measured[]>>;
}

/** The middle one, or the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? Number.NaN;
  const lower = sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
  return (upper + lower) / 2;
}

function seconds(measured: readonly Measured[] | undefined): number {
  return median((measured ?? []).map((each) => each.seconds));
}

/** Guest instructions in millions, from the first side that counts them. */
function millions(row: Row): number {
  const counted = Object.values(row.bySide).flatMap((all) => all.flatMap(({ instructions }) => instructions ?? []));
  return median(counted) / 1e6;
}

function cell(row: Row, side: string, baseline: string): string {
  const own = seconds(row.bySide[side]);
  if (Number.isNaN(own)) return "–";
  const ratio = own / seconds(row.bySide[baseline]);
  const mips = millions(row) / own;
  const notes = [
    Number.isFinite(mips) && side !== "native" ? `${mips.toFixed(0)} MIPS` : "",
    side !== baseline && Number.isFinite(ratio) ? `×${ratio.toFixed(2)}` : "",
  ].filter(Boolean);
  return `${own.toFixed(3)} s${notes.length > 0 ? ` (${notes.join(", ")})` : ""}`;
}

/** A Markdown table: medians, guest MIPS, and × the baseline's time. */
export function markdown(rows: readonly Row[], sides: readonly string[], baseline: string, rounds: number): string {
  const header = ["work", "M instr", ...sides];
  const lines = rows.map((row) => {
    const counted = millions(row);
    const label = `${row.name}: ${row.what}`;
    return [label, Number.isNaN(counted) ? "–" : counted.toFixed(0), ...sides.map((side) => cell(row, side, baseline))];
  });
  const load = loadavg().map((each) => each.toFixed(1));
  return [
    `${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}, load ${load.join(" ")}; median of ${rounds}; × is the time against ${baseline}.`,
    "",
    ...[header, header.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`),
  ].join("\n");
}

/** One measurement of booting as a row's entry. */
export function bootMeasured(bootSeconds: number): Measured {
  return { seconds: bootSeconds, instructions: undefined, checksum: "" };
}

/** Throws when sides disagree about a result: then one of them computes wrongly. */
export function requireAgreement(work: Work, bySide: Readonly<Record<string, readonly Measured[]>>): void {
  const checksums = new Map(Object.entries(bySide).map(([side, all]) => [side, all.at(-1)?.checksum]));
  if (new Set(checksums.values()).size > 1) {
    throw new Error(`The sides disagree about ${work.name}: ${JSON.stringify([...checksums])}`);
  }
}
