import { hexadecimal, TLB_REFILL_NS, type HotCode, type RunCounts, type TimeShares } from "./profile.ts";

/** Rows of the table of hot code. */
const ROWS = 25;

/** A run's profile, ready to print. */
export interface FinishedProfile {
  /** What ran the instructions that were not translated. */
  readonly engine: "evaluator" | "interpreter";
  readonly counts: RunCounts;
  readonly shares: TimeShares;
  readonly hottest: readonly HotCode[];
  readonly samples: number;
}

/** What `--profile` prints: where host time went, and the guest code that it went to. */
export function profileReport({ engine, counts, shares, hottest, samples }: FinishedProfile): string {
  const totalMs = Object.values(shares).reduce((sum, milliseconds) => sum + milliseconds, 0);
  const mips = totalMs === 0 ? 0 : counts.instructions / totalMs / 1000;
  return [
    `Profile: ${millions(counts.instructions)} instructions in ${seconds(totalMs)} s of host time (${mips.toFixed(0)} MIPS).`,
    "",
    "Host time",
    ...timeRows(engine, counts, shares).map(([what, milliseconds, note]) => {
      return `${percent(milliseconds, totalMs)} ${column(seconds(milliseconds), 9)} s  ${what.padEnd(15)}  ${note}`;
    }),
    "",
    `Hottest guest code, of ${samples} samples weighted by host time`,
    "  share      time  translated  mode  hottest at          code",
    ...hottest.slice(0, ROWS).map((code) => codeRow(code, totalMs)),
    ...restRow(hottest.slice(ROWS), totalMs),
    "",
  ].join("\n");
}

function timeRows(
  engine: string,
  counts: RunCounts,
  shares: TimeShares,
): readonly (readonly [string, number, string])[] {
  const { instructions, translated, tlbMisses, regionsTranslated, deviceAccesses } = counts;
  const part = (some: number): string =>
    `about, by instructions: ${millions(some)}, ${percent(some, instructions).trim()}`;
  return [
    ["translated code", shares.translated, part(translated)],
    [engine, shares.interpreter, `${part(instructions - translated)}; with traps and decoding`],
    ["TLB refill", shares.tlbRefill, `about: ${tlbMisses} misses, taken for ${TLB_REFILL_NS} ns each`],
    ["translation", shares.translation, `${regionsTranslated} regions`],
    ["devices", shares.devices, `${deviceAccesses} accesses, and calls of SBI`],
    ["between slices", shares.betweenSlices, "timers, and devices' looks at the host"],
  ];
}

function codeRow({ milliseconds, translatedShare, mode, hottest, name }: HotCode, totalMs: number): string {
  const start = `${percent(milliseconds, totalMs)} ${column(seconds(milliseconds), 7)} s`;
  return `${start}  ${column(percent(translatedShare, 1).trim(), 10)}  ${mode.padEnd(4)}  ${hexadecimal(hottest)}  ${name}`;
}

function restRow(rest: readonly HotCode[], totalMs: number): readonly string[] {
  if (rest.length === 0) return [];
  const milliseconds = rest.reduce((sum, code) => sum + code.milliseconds, 0);
  return [`${percent(milliseconds, totalMs)} ${column(seconds(milliseconds), 7)} s  in ${rest.length} other places`];
}

function percent(part: number, whole: number): string {
  return `${column((whole === 0 ? 0 : (part / whole) * 100).toFixed(1), 5)} %`;
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3);
}

function millions(count: number): string {
  return `${(count / 1e6).toFixed(count < 1e7 ? 3 : 0)} M`;
}

function column(text: string, width: number): string {
  return text.padStart(width);
}
