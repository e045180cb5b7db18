import type { Measured, Side } from "./side.ts";
import type { Work } from "./work.ts";

/** All rounds of one work (or of a boot) on every side, by the side's name. */
export interface Row {
  readonly name: string;
  readonly what: string;
  readonly bySide: Readonly<Record<string, readonly Measured[]>>;
  /** Why a side did not do it. */
  readonly excuses: Readonly<Record<string, string>>;
}

/** What a run of the bench found, and all that one needs to know to run it again. */
export interface Report {
  readonly startedAt: string;
  readonly host: string;
  readonly loadAtStart: readonly number[];
  readonly loadAtEnd: readonly number[];
  readonly rounds: number;
  readonly memoryMiB: number;
  readonly sides: readonly Pick<Side, "name" | "architecture">[];
  /** A smoke run: the times say nothing. */
  readonly isQuick: boolean;
  /** Names of the sides that the others are compared with, the first of them in each cell. */
  readonly baselines: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
}

/** The middle one, or the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? Number.NaN;
  const lower = sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
  return (upper + lower) / 2;
}

function secondsOf({ bySide }: Row, side: string): number {
  return median((bySide[side] ?? []).map(({ seconds }) => seconds));
}

/** How many times as fast as the baseline a side is; NaN where one of them did not do it. */
function speedOf(row: Row, side: string, baseline: string): number {
  return secondsOf(row, baseline) / secondsOf(row, side);
}

/** The geometric mean of a side's speed against a baseline over the works that both did; NaN where there are none. */
export function meanSpeed(rows: readonly Row[], side: string, baseline: string): number {
  const logarithms = rows.map((row) => Math.log(speedOf(row, side, baseline))).filter((each) => !Number.isNaN(each));
  return Math.exp(logarithms.reduce((sum, each) => sum + each, 0) / logarithms.length);
}

/** Guest instructions in millions: the side's own count, else that of another side of the same architecture. */
function millionsOf({ bySide }: Row, { name, architecture }: Report["sides"][number], sides: Report["sides"]): number {
  const alike = sides.filter((other) => other.architecture === architecture).map((other) => other.name);
  const counts = [name, ...alike].map((each) => (bySide[each] ?? []).flatMap(({ instructions }) => instructions ?? []));
  return median(counts.find((all) => all.length > 0) ?? []) / 1e6;
}

function cell(row: Row, side: Report["sides"][number], { sides, baselines }: Report): string {
  const [baseline = ""] = baselines;
  const own = secondsOf(row, side.name);
  if (Number.isNaN(own)) return row.excuses[side.name] ?? "–";
  const speed = speedOf(row, side.name, baseline);
  const mips = millionsOf(row, side, sides) / own;
  const notes = [
    Number.isNaN(mips) || side.name === "native" ? "" : `${mips.toFixed(0)} MIPS`,
    side.name === baseline || Number.isNaN(speed) ? "" : `${speed.toFixed(2)}×`,
  ].filter(Boolean);
  return `${own.toFixed(3)} s${notes.length > 0 ? ` (${notes.join(", ")})` : ""}`;
}

function numberOr(absent: string, value: number, text: string): string {
  return Number.isNaN(value) ? absent : text;
}

function workLine(row: Row, report: Report): readonly string[] {
  const riscv = report.sides.find(({ architecture }) => architecture === "riscv64");
  const counted = riscv ? millionsOf(row, riscv, report.sides) : Number.NaN;
  const cells = report.sides.map((side) => cell(row, side, report));
  return [`${row.name}: ${row.what}`, numberOr("–", counted, counted.toFixed(0)), ...cells];
}

function meanLine({ rows, sides }: Report, baseline: string): readonly string[] {
  const means = sides.map(({ name }) => meanSpeed(rows, name, baseline));
  return [
    `**geometric mean of speed against ${baseline}**`,
    "",
    ...means.map((mean) => numberOr("–", mean, `**${mean.toFixed(2)}×**`)),
  ];
}

/** The number of rounds, and which side did what less often: `5` or `5 (boot, v86: 3)`. */
function roundsText({ rows, rounds }: Report): string {
  const fewer = rows.flatMap(({ name, bySide }) =>
    Object.entries(bySide).flatMap(([side, all]) => (all.length < rounds ? [`${name}, ${side}: ${all.length}`] : [])),
  );
  return fewer.length > 0 ? `${rounds} (${fewer.join("; ")})` : `${rounds}`;
}

/** Tables in Markdown: median times, guest MIPS, and speed against the baselines; then what was run. */
export function markdown(report: Report): string {
  const { sides, rows, baselines, versions, host, memoryMiB } = report;
  const header = ["work", "M instr", ...sides.map(({ name }) => name)];
  const lines = [
    ...rows.map((row) => workLine(row, report)),
    ...baselines.map((baseline) => meanLine(report, baseline)),
  ];
  const load = (values: readonly number[]) => values.map((each) => each.toFixed(1)).join(" ");
  return [
    ...(report.isQuick ? ["A smoke run with a hundredth of the work: the times say nothing.", ""] : []),
    `${report.startedAt}; ${host}; load average ${load(report.loadAtStart)} at the start, ${load(report.loadAtEnd)} at the end.`,
    `Medians of ${roundsText(report)} interleaved rounds, ${memoryMiB} MiB of guest memory; × is speed against ${baselines[0]} (more is faster); instructions are those of riscv64.`,
    "",
    ...[header, header.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`),
    "",
    ...Object.entries(versions).map(([what, version]) => `- ${what}: ${version}`),
  ].join("\n");
}

/** The report as data, with each row's medians and speeds beside what they are made from. */
export function json(report: Report): string {
  const { sides, baselines, rows } = report;
  const against = (speed: (baseline: string) => number) =>
    Object.fromEntries(baselines.map((baseline) => [baseline, speed(baseline)]));
  const medians = rows.map((row) => ({
    name: row.name,
    sides: sides.map((side) => ({
      name: side.name,
      seconds: secondsOf(row, side.name),
      millionInstructions: millionsOf(row, side, sides),
      speedAgainst: against((baseline) => speedOf(row, side.name, baseline)),
    })),
  }));
  const means = sides.map(({ name }) => ({
    name,
    speedAgainst: against((baseline) => meanSpeed(rows, name, baseline)),
  }));
  return JSON.stringify({ ...report, medians, means }, undefined, 1);
}

/** Throws when sides disagree about a result: then one of them computes wrongly. */
export function requireAgreement(work: Work, bySide: Row["bySide"], sides: Report["sides"]): void {
  for (const architecture of new Set(sides.map((side) => side.architecture))) {
    const compared = sides.filter((side) => !work.rounds || side.architecture === architecture);
    const checksums = compared.flatMap(({ name }) =>
      [...new Set(bySide[name]?.map(({ checksum }) => checksum))].map((checksum) => [name, checksum] as const),
    );
    if (new Set(checksums.map(([, checksum]) => checksum)).size > 1) {
      throw new Error(`The sides disagree about ${work.name}: ${JSON.stringify(checksums)}`);
    }
  }
}
