/** One thing that the bench times: a shell command that ends by printing a line with `done NAME CHECKSUM`. */
export interface Work {
  readonly name: string;
  readonly what: string;
  /** The argument of the workload program. */
  readonly count: number;
  /** Typed once into a guest before anything is timed. */
  readonly setup?: (count: number) => string;
  /** What is typed, where that is not the workload program with name and count. Such works need a guest: they do not run natively. */
  readonly command?: (count: number) => string;
  /** Typed at the command once it has printed "go", when the clock starts. */
  readonly input?: (count: number) => string;
  /** Instruction sets with a fused multiply-add, which GCC uses by default, round differently from those without. */
  readonly rounds?: true;
}

/** A kernel command line of the guests, by name. */
export type CommandLine = "fast" | "debian-default";

/** Booting to the shell's prompt. */
export interface Boot {
  readonly name: string;
  readonly what: string;
  readonly commandLine: CommandLine;
}

export const BOOTS: readonly Boot[] = [
  { name: "boot", what: "linux to its prompt, fast command line", commandLine: "fast" },
  { name: "boot-default", what: "linux to its prompt, Debian's command line", commandLine: "debian-default" },
];

/** Where a guest's scratch disk is found, whatever its kernel calls it, and where it is mounted. */
const MOUNT_DISK = "disk=$(ls /dev/[vs]da); mke2fs -b 4096 $disk >/tmp/made && mount -t ext4 $disk /mnt";

/** What consoles are given and give. */
const LINE = "a line of text on the serial console, no more";

/** Prints the result line of a work: half of an MD5 sum. */
function sum(name: string, input = ""): string {
  return `md5sum ${input} | (read sum rest; echo done ${name} \${sum%????????????????})`;
}

/** Each takes QEMU half a second to two and a half. */
export const WORKS: readonly Work[] = [
  { name: "integer", what: "records, strings, branches", count: 16_000_000 },
  { name: "chase", what: "dependent loads over 64 MiB", count: 4_000_000 },
  { name: "copy", what: "memcpy of 32 MiB, 32 times", count: 32 },
  { name: "sha256", what: "SHA-256 of 37 MiB", count: 600_000 },
  { name: "nbody", what: "double floating point", count: 1_000_000, rounds: true },
  { name: "bytecode", what: "an interpreter in the guest", count: 8_000_000 },
  { name: "sort", what: "heap sort of 1 M words", count: 1_000_000 },
  { name: "getpid", what: "system calls", count: 1_000_000 },
  { name: "pipe", what: "round trips between two processes", count: 15_000 },
  { name: "fork-exec", what: "processes started", count: 500 },
  {
    name: "file",
    what: "16 MiB to the disk and back, 5 times",
    count: 5,
    setup: () => MOUNT_DISK,
    command: (count) => `(cd /mnt; /tmp/workload file ${count})`,
  },
  {
    name: "gzip",
    what: "busybox gzip -9 of 6 MiB",
    count: 6,
    setup: (count) => `/tmp/workload text ${count} >/tmp/text`,
    command: () => "gzip -9 </tmp/text >/tmp/text.gz; /tmp/workload gzip 1 </tmp/text.gz",
  },
  {
    name: "print",
    what: "300 kB printed on the serial console",
    count: 7_000,
    setup: (count) => `yes '${LINE}' | head -n ${count} >/tmp/lines`,
    command: () => `cat /tmp/lines; ${sum("print", "</tmp/lines")}`,
  },
  {
    name: "type",
    what: "300 kB typed at the serial console",
    count: 7_000,
    command: (count) => `stty -echo; echo g""o; head -n ${count} | ${sum("type")}; stty echo`,
    input: (count) => `${LINE}\n`.repeat(count),
  },
];

/** What is typed into a guest's shell to do a work. */
export function commandOf({ name, count, command }: Work): string {
  return command?.(count) ?? `/tmp/workload ${name} ${count}`;
}

/** The same works at a hundredth of their size, for a smoke run. */
export function quickly(works: readonly Work[]): readonly Work[] {
  return works.map((work) => ({ ...work, count: Math.max(1, Math.round(work.count / 100)) }));
}
