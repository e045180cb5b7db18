const SIZES = [
  ["GiB", 2 ** 30],
  ["MiB", 2 ** 20],
  ["KiB", 2 ** 10],
] as const;
const DOWNLOADS = [
  ["GB", 1e9],
  ["MB", 1e6],
  ["kB", 1e3],
] as const;
const COUNTS = [
  ["T", 1e12],
  ["G", 1e9],
  ["M", 1e6],
  ["k", 1e3],
] as const;

type Units = readonly (readonly [string, number])[];

/** Memory and snapshots, in powers of two: `41.2 MiB`. */
export function memorySize(bytes: number): string {
  return scaled(bytes, SIZES, " ", "B");
}

/** What goes over the network, in powers of ten: `7.6 MB`. */
export function downloadSize(bytes: number): string {
  return scaled(bytes, DOWNLOADS, " ", "B");
}

/** Large counts: `1.02 G`. */
export function count(value: number): string {
  return scaled(value, COUNTS, " ", "");
}

/** `12 ms`, `1.2 s`. */
export function milliseconds(value: number): string {
  if (value < 10) return `${value.toFixed(1)} ms`;
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}

/** How long something has been up: `42 s`, `3 min 5 s`, `2 h 10 min`. */
export function duration(durationMs: number): string {
  const seconds = Math.floor(durationMs / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${seconds} s`;
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Time of day, to the second. */
export function clockTime(at: number): string {
  return new Date(at).toLocaleTimeString(undefined, { hour12: false });
}

/** When something was made: `today 13:20`, else the date as well. */
export function dayAndTime(at: number): string {
  const date = new Date(at);
  const time = date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? `today ${time}` : `${date.toLocaleDateString()} ${time}`;
}

/** A reason that a guest or its worker gave, as a sentence: without a kernel's time stamps, with its full stop. */
export function sentence(reason: string): string {
  const words = reason.replace(/\[\s*\d+\.\d+\]\s*/g, "").trim();
  return /[.!?]$/.test(words) ? words : `${words}.`;
}

function scaled(value: number, units: Units, space: string, base: string): string {
  for (const [unit, factor] of units) {
    if (value < factor) continue;
    const amount = value / factor;
    return `${amount.toFixed(amount >= 100 ? 0 : 1)}${space}${unit}`;
  }
  return `${Math.round(value)}${base === "" ? "" : `${space}${base}`}`;
}
