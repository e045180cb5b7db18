import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const COMPILER = "riscv64-linux-gnu-gcc";
const EMULATOR = "qemu-riscv64";
const SYSTEM_EMULATOR = "qemu-system-riscv64";

/** Throws, naming the packages to install, where the cross compiler or QEMU is not there. */
export function requireTools(): void {
  const missing = [
    [COMPILER, "gcc-riscv64-linux-gnu"],
    [EMULATOR, "qemu-user"],
    [SYSTEM_EMULATOR, "qemu-system-misc"],
  ].filter(([program]) => spawnSync(program!, ["--version"]).error !== undefined);
  if (missing.length === 0) return;
  const packages = missing.map(([, name]) => name).join(" ");
  throw new Error(`These tests compare with QEMU. Install what they need: apt-get install -y ${packages}`);
}

/** A folder for the duration of one call. */
export async function withTemporaryFolder<T>(act: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "tabvisor-differential-"));
  try {
    return await act(folder);
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

/** Runs an ELF as the firmware of QEMU's virt board, with a file as its RAM, until it writes to the test finisher. Throws unless it passes. */
export function runSystemUnderQemu(elf: string, ram: string, memoryMiB: number): void {
  const cpu = "rv64,h=off,v=off,sstc=off,zba=off,zbb=off,zbc=off,zbs=off";
  const memory = `memory-backend-file,id=ram,share=on,mem-path=${ram},size=${memoryMiB}M`;
  const machine = ["-M", "virt,memory-backend=ram", "-cpu", cpu, "-object", memory, "-m", `${memoryMiB}M`];
  const quiet = ["-display", "none", "-monitor", "none", "-serial", "none", "-no-reboot"];
  execFileSync(SYSTEM_EMULATOR, [...machine, "-bios", "none", "-kernel", elf, ...quiet], {
    stdio: ["ignore", "ignore", "inherit"],
    timeout: 60_000,
  });
}
