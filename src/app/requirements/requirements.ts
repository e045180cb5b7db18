/** What the page needs and this browser, or this server, does not give. */
export type MissingRequirement = "isolation" | "wasmThreads" | "webAssembly";

/** A module with one shared memory and one atomic access: valid only where WebAssembly has threads. */
const THREADS_PROBE = Uint8Array.of(
  0,
  97,
  115,
  109,
  1,
  0,
  0,
  0,
  1,
  4,
  1,
  96,
  0,
  0,
  3,
  2,
  1,
  0,
  5,
  4,
  1,
  3,
  1,
  1,
  10,
  11,
  1,
  9,
  0,
  65,
  0,
  254,
  16,
  2,
  0,
  26,
  11,
);

/** The first thing that is missing, or undefined when guests can run here. */
export function missingRequirement(): MissingRequirement | undefined {
  if (typeof WebAssembly === "undefined") return "webAssembly";
  if (!globalThis.crossOriginIsolated || typeof SharedArrayBuffer === "undefined") return "isolation";
  return WebAssembly.validate(THREADS_PROBE) ? undefined : "wasmThreads";
}
