import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ChromiumSide } from "./bench/chromium-side.ts";
import { linuxFiles } from "./bench/image-files.ts";
import { NativeSide } from "./bench/native-side.ts";
import { ProcessSide } from "./bench/process-side.ts";
import { benchFolder, buildProgram, type BuiltProgram } from "./bench/program.ts";
import { bootMeasured, markdown, requireAgreement, type Row } from "./bench/report.ts";
import type { Measured, Side } from "./bench/side.ts";
import { quickly, WORKS, type Work } from "./bench/work.ts";
import { root } from "./bundle.mjs";
import { ensureChromium } from "./chromium.ts";
import { ensurePrograms } from "./debian-packages.ts";
import { ensurePageBuild, pageFolder } from "./page-build.ts";
import { ensureGuestImages } from "./start.ts";
import { startStaticServer, type StaticServer } from "./static-server.ts";

const USAGE = `Usage: npm run bench [-- OPTIONS]

Times the same work natively, in qemu-system-riscv64, and in Tabvisor in Node and in Chromium, in interleaved rounds.

  --rounds N        default 3
  --only A,B        only these works: ${WORKS.map(({ name }) => name).join(", ")}
  --sides A,B       only these sides: native, qemu, node, chromium
  --quick           a smoke run: one round, a hundredth of the work
  --help`;

const MEMORY_MIB = 512;
const QEMU = "qemu-system-riscv64 (TCG)";

function say(text: string): void {
  console.error(`[bench] ${text}`);
}

function qemuCommand(): readonly string[] {
  const { kernel, initrd, commandLine } = linuxFiles();
  const devices = ["-display", "none", "-monitor", "none", "-serial", "stdio"];
  const guest = ["-kernel", kernel, "-initrd", initrd, "-append", commandLine];
  return ["qemu-system-riscv64", "-M", "virt", "-m", String(MEMORY_MIB), "-accel", "tcg", ...devices, ...guest];
}

function nodeCommand(): readonly string[] {
  const launcher = join(root, "src/cli/launch.mjs");
  return [process.execPath, launcher, "run", "linux", "--memory", String(MEMORY_MIB)];
}

function makeSides(wanted: readonly string[], program: BuiltProgram, url: string): Side[] {
  const makers: Record<string, () => Side | undefined> = {
    native: () => (program.native ? new NativeSide(program.native) : undefined),
    qemu: () => new ProcessSide(QEMU, qemuCommand()),
    node: () => new ProcessSide("Tabvisor, Node", nodeCommand()),
    chromium: () => new ChromiumSide(ensureChromium(say), url, MEMORY_MIB),
  };
  return wanted.flatMap((name) => {
    const maker = makers[name];
    if (!maker) throw new Error(`There is no side "${name}": ${Object.keys(makers).join(", ")}`);
    return maker() ?? [];
  });
}

async function measureBoots(sides: readonly Side[], rounds: number): Promise<Row> {
  const bySide: Record<string, Measured[]> = {};
  for (let round = 0; round < rounds; round++) {
    for (const side of sides.filter(({ name }) => name !== "native")) {
      say(`round ${round + 1}: boot, ${side.name}`);
      (bySide[side.name] ??= []).push(bootMeasured(await side.boot()));
      if (round < rounds - 1) await side.close();
    }
  }
  return { name: "boot", what: "linux to its prompt", bySide };
}

async function measureWorks(sides: readonly Side[], works: readonly Work[], rounds: number): Promise<Row[]> {
  const rows = works.map((work) => ({ work, bySide: {} as Record<string, Measured[]> }));
  for (let round = 0; round < rounds; round++) {
    for (const { work, bySide } of rows) {
      for (const side of sides) {
        const measured = await side.measure(work);
        say(`round ${round + 1}: ${work.name}, ${side.name}: ${measured.seconds.toFixed(3)} s`);
        (bySide[side.name] ??= []).push(measured);
      }
      requireAgreement(work, bySide);
    }
  }
  return rows.map(({ work, bySide }) => ({ name: work.name, what: work.what, bySide }));
}

async function runBench(
  sides: readonly Side[],
  works: readonly Work[],
  rounds: number,
  program: string,
): Promise<void> {
  const boots = await measureBoots(sides, rounds);
  for (const side of sides) await side.prepare(program);
  const rows = [boots, ...(await measureWorks(sides, works, rounds))];
  const names = sides.map(({ name }) => name);
  const baseline = names.includes(QEMU) ? QEMU : (names[0] as string);
  const table = markdown(rows, names, baseline, rounds);
  console.log(table);
  writeFileSync(join(benchFolder, "report.md"), `${table}\n`);
  writeFileSync(join(benchFolder, "report.json"), `${JSON.stringify({ rounds, rows }, null, 1)}\n`);
  say(`written: ${benchFolder}/report.md and report.json`);
}

/** `npm run bench`: a table of times, and the same as JSON. */
export async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: "string", default: "3" },
      only: { type: "string" },
      sides: { type: "string", default: "native,qemu,node,chromium" },
      quick: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const rounds = values.quick ? 1 : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${values.rounds}: a number from 1`);
  const names = values.only?.split(",");
  const chosen = WORKS.filter(({ name }) => !names || names.includes(name));
  const wanted = values.sides.split(",");
  if (wanted.includes("qemu"))
    ensurePrograms([{ program: "qemu-system-riscv64", debianPackage: "qemu-system-misc" }], say);
  const program = buildProgram(say);
  await ensureGuestImages();
  await ensurePageBuild(say);
  const server: StaticServer = await startStaticServer({ folders: [pageFolder, join(root, "public")], port: 0 });
  const sides = makeSides(wanted, program, server.url);
  try {
    await runBench(sides, values.quick ? quickly(chosen) : chosen, rounds, program.riscv);
  } finally {
    for (const side of sides) await side.close();
    await server.close();
  }
  return 0;
}
