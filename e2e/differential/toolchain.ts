import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const COMPILER = "riscv64-linux-gnu-gcc";
const EMULATOR = "qemu-riscv64";

/** Throws, naming the packages to install, where the cross compiler or QEMU is not there. */
export function requireTools(): void {
  const missing = [
    [COMPILER, "gcc-riscv64-linux-gnu"],
    [EMULATOR, "qemu-user"],
  ].filter(([program]) => spawnSync(program!, ["--version"]).error !== undefined);
  if (missing.length === 0) return;
  const packages = missing.map(([, name]) => name).join(" ");
  throw new Error(`These tests compare with QEMU. Install what they need: apt-get install -y ${packages}`);
}

/** A folder for the duration of one call. */
export function withTemporaryFolder<T>(act: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "tabvisor-differential-"));
  try {
    return act(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Assembles freestanding GNU assembly into a static ELF in `folder`; returns its path. */
export function assemble(folder: string, name: string, source: string, flags: readonly string[] = []): string {
  const input = join(folder, `${name}.S`);
  const output = join(folder, `${name}.elf`);
  writeFileSync(input, source);
  execFileSync(COMPILER, ["-nostdlib", "-static", "-march=rv64gc", "-mabi=lp64d", ...flags, "-o", output, input], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  return output;
}

/** Runs a static ELF under QEMU's user mode, with `input` on its standard input; returns its standard output. */
export function runUnderQemu(program: string, input: Uint8Array = new Uint8Array()): Buffer {
  return execFileSync(EMULATOR, [program], { input, maxBuffer: 1 << 30, stdio: ["pipe", "pipe", "inherit"] });
}
