import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { root } from "#cli/bundle.mjs";
import { ensurePrograms } from "#cli/debian-packages.ts";

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
  "-ffp-contract=off",
  "-s",
];

/** Where the bench keeps what it makes. */
export const benchFolder = join(root, ".cache/bench");

export interface BuiltProgram {
  /** For this host; undefined where it is not x86-64. */
  readonly native: string | undefined;
  readonly riscv: string;
}

/** Compiles the workload program for the guest and, where it can, for this host. */
export function buildProgram(say: (text: string) => void): BuiltProgram {
  ensurePrograms(
    [
      { program: "gcc", debianPackage: "gcc" },
      { program: "riscv64-linux-gnu-gcc", debianPackage: "gcc-riscv64-linux-gnu" },
    ],
    say,
  );
  mkdirSync(benchFolder, { recursive: true });
  const source = join(root, "src/cli/bench/workload.c");
  const compile = (compiler: string, name: string, ...more: string[]): string => {
    const output = join(benchFolder, name);
    execFileSync(compiler, [...FLAGS, ...more, "-o", output, source], { stdio: ["ignore", "inherit", "inherit"] });
    return output;
  };
  return {
    native: process.arch === "x64" ? compile("gcc", "workload-native") : undefined,
    riscv: compile("riscv64-linux-gnu-gcc", "workload-riscv64", "-march=rv64gc", "-mabi=lp64d"),
  };
}

/** What to type into a guest's shell so that it has the program at /tmp/workload. */
export function typedProgram(path: string): string {
  const text = gzipSync(readFileSync(path), { level: 9 }).toString("base64");
  const lines = text.match(/.{1,120}/g) ?? [];
  return [
    "stty -echo; mkdir -p /tmp; base64 -d <<END | gunzip > /tmp/workload; chmod +x /tmp/workload; stty echo; echo typed $((1+1))",
    ...lines,
    "END",
    "",
  ].join("\n");
}
