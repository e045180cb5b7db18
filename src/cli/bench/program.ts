import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { root } from "#cli/bundle.mjs";
import { ensurePrograms } from "#cli/debian-packages.ts";

/** `-nostdlib` and so on only say that there is no C library; code is generated as GCC does by default. */
const FLAGS = [
  "-O2",
  "-static",
  "-nostdlib",
  "-ffreestanding",
  "-fno-math-errno",
  "-fno-stack-protector",
  "-fno-tree-loop-distribute-patterns",
  "-fno-pie",
  "-no-pie",
  "-s",
];

/** A compiler and what it is told beside `FLAGS`. */
interface Target {
  readonly compiler: string;
  readonly debianPackage: string;
  readonly flags: readonly string[];
}

/** With SSE2, which v86 has: the x87 unit would round differently and be slower. */
const I386_FLAGS = ["-march=pentium4", "-mfpmath=sse"];
const IS_X64 = process.arch === "x64";

const TARGETS = {
  riscv64: {
    compiler: "riscv64-linux-gnu-gcc",
    debianPackage: "gcc-riscv64-linux-gnu",
    flags: ["-march=rv64gc", "-mabi=lp64d"],
  },
  "x86-64": { compiler: "gcc", debianPackage: "gcc", flags: [] },
  i386: IS_X64
    ? { compiler: "gcc", debianPackage: "gcc", flags: ["-m32", ...I386_FLAGS] }
    : { compiler: "i686-linux-gnu-gcc", debianPackage: "gcc-i686-linux-gnu", flags: I386_FLAGS },
} satisfies Record<string, Target>;

/** What the workload program is compiled for. */
export type Architecture = keyof typeof TARGETS;

/** Whether this host can run the program itself. */
export const hostArchitecture: Architecture | undefined = IS_X64 ? "x86-64" : undefined;

/** Where the bench keeps what it makes. */
export const benchFolder = join(root, ".cache/bench");

/** The workload program, compiled. */
export interface Program {
  readonly path: string;
  /** The compiler's version and all its flags. */
  readonly madeBy: string;
}

/** Compiles the workload program, freestanding. */
export function buildProgram(architecture: Architecture, say: (text: string) => void): Program {
  const { compiler, debianPackage, flags } = TARGETS[architecture];
  ensurePrograms([{ program: compiler, debianPackage }], say);
  mkdirSync(benchFolder, { recursive: true });
  const path = join(benchFolder, `workload-${architecture}`);
  const args = [...FLAGS, ...flags];
  const source = join(root, "src/cli/bench/workload.c");
  execFileSync(compiler, [...args, "-o", path, source], { stdio: ["ignore", "inherit", "inherit"] });
  const version = execFileSync(compiler, ["-dumpfullversion"], { encoding: "utf8" }).trim();
  return { path, madeBy: `${compiler} ${version} ${args.join(" ")}` };
}

/** What to type into a guest's shell so that it has the program at /tmp/workload. */
export function typedProgram(path: string): string {
  const text = gzipSync(readFileSync(path), { level: 9 }).toString("base64");
  const lines = text.match(/.{1,120}/g) ?? [];
  return [
    "stty -echo; base64 -d <<END | gunzip >/tmp/workload; chmod +x /tmp/workload; stty echo",
    ...lines,
    "END",
  ].join("\n");
}
