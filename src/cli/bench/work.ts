/** One thing that the bench times: a shell command that ends by printing a line with `done NAME CHECKSUM`. */
export interface Work {
  readonly name: string;
  readonly what: string;
  /** The argument of the workload program, up to two thousand million guest instructions. */
  readonly count: number;
}

export const WORKS: readonly Work[] = [
  { name: "integer", what: "records, strings, branches", count: 10_000_000 },
  { name: "chase", what: "dependent loads over 64 MiB", count: 4_000_000 },
  { name: "copy", what: "memcpy of 32 MiB, 32 times", count: 32 },
  { name: "sha256", what: "SHA-256 of 18 MiB", count: 300_000 },
  { name: "nbody", what: "double floating point", count: 1_000_000 },
  { name: "bytecode", what: "an interpreter in the guest", count: 8_000_000 },
  { name: "sort", what: "heap sort of 1 M words", count: 1_000_000 },
  { name: "getpid", what: "system calls", count: 1_000_000 },
  { name: "pipe", what: "round trips between two processes", count: 20_000 },
  { name: "fork-exec", what: "processes started", count: 500 },
];

/** The same works at a hundredth of their size, for a smoke run. */
export function quickly(works: readonly Work[]): readonly Work[] {
  return works.map((work) => ({ ...work, count: Math.max(1, Math.round(work.count / 100)) }));
}
