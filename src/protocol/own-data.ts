/**
 * The rule of workers and bytes: **no two workers share bytes, and the page shares nothing with a worker but its guest's
 * memory.**
 *
 * A corrupt worker writes to every shared buffer that it can reach, at any time, after every check as well. So what more
 * than one worker needs (an image's kernel, initrd and disks; the pages and parts of snapshots, for the worker that took
 * them, its successors and its guest's forks) stands with the page in plain ArrayBuffers, and each message copies it. The
 * one SharedArrayBuffer that a worker has is its own guest's memory. The page reads there what it must (rings, counters,
 * dirty flags) and takes nothing of it for true.
 *
 * `isOwnData` holds the rule for what comes from a worker. For what goes to workers, the types of `messages.ts` say
 * ArrayBuffer, and a test looks through every message.
 */
const MOST_VALUES = 2_000_000;

/**
 * Whether a value from a worker is data of the page's own: plain objects, lists, primitive values, ArrayBuffers and views of
 * those. Anything that somebody else can still change (SharedArrayBuffer, WebAssembly.Memory), or that could not be posted
 * on (ports, streams), or that is larger than any machine's parts, is not.
 */
export function isOwnData(value: unknown): boolean {
  const seen = new Set<object>();
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next === "function" || typeof next === "symbol") return false;
    if (typeof next !== "object" || next === null || next instanceof ArrayBuffer || seen.has(next)) continue;
    if (ArrayBuffer.isView(next)) {
      if (!(next.buffer instanceof ArrayBuffer)) return false;
      continue;
    }
    const prototype: unknown = Object.getPrototypeOf(next);
    if (prototype !== Object.prototype && prototype !== Array.prototype) return false;
    seen.add(next);
    const values = Object.values(next);
    if (seen.size + waiting.length + values.length > MOST_VALUES) return false;
    for (const inner of values) waiting.push(inner);
  }
  return true;
}
