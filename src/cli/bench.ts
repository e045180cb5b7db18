import { mkdirSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { makeSides, SIDES, type MadeSides } from "./bench/make-sides.ts";
import { benchFolder } from "./bench/program.ts";
import { json, markdown, type Report } from "./bench/report.ts";
import { measureBoots, measureWorks } from "./bench/rounds.ts";
import { hostName } from "./bench/versions.ts";
import { BOOTS, quickly, WORKS } from "./bench/work.ts";
import { UsageError } from "./usage-error.ts";

const NAMES = [...BOOTS, ...WORKS].map(({ name }) => name);

/** v86 would have to fetch a guest of its own, and boots for half a minute. */
const QUICK_SIDES = SIDES.filter((name) => name !== "v86");

const USAGE = `Usage: npm run bench [-- OPTIONS]

Times the same work natively, in qemu-system-riscv64, in Tabvisor in Node and in Chromium, and in v86 in Chromium, in
interleaved rounds. A full run takes about a quarter of an hour.

  --rounds N        default 5; v86, which takes half a minute for it, boots in every other one only
  --only A,B        only these works: ${NAMES.join(", ")}
  --sides A,B       only these sides: ${SIDES.join(", ")}
  --quick           a smoke run: one round, a hundredth of the work, without v86 unless --sides names it
  --help`;

function say(text: string): void {
  console.error(`[bench] ${text}`);
}

interface Options {
  readonly rounds: number;
  readonly works: readonly string[];
  readonly sides: readonly (typeof SIDES)[number][];
  readonly isQuick: boolean;
}

/** Undefined where only help was asked for. */
function parse(argv: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: "string" },
      only: { type: "string" },
      sides: { type: "string" },
      quick: { type: "boolean", default: false },
      help: { type: "boolean" },
    },
  });
  if (values.help) return undefined;
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 5));
  if (!Number.isInteger(rounds) || rounds < 1) throw new UsageError(`--rounds ${values.rounds}: a number from 1`);
  return {
    rounds,
    works: chosen("work", NAMES, values.only),
    sides: values.sides === undefined && values.quick ? QUICK_SIDES : chosen("side", SIDES, values.sides),
    isQuick: values.quick,
  };
}

/** The known names that were asked for, all of them where nobody asked. */
function chosen<T extends string>(what: string, known: readonly T[], asked: string | undefined): readonly T[] {
  const names = asked?.split(",") ?? known;
  const unknown = names.find((name) => !known.some((each) => each === name));
  if (unknown !== undefined) throw new UsageError(`There is no ${what} "${unknown}": ${known.join(", ")}`);
  return known.filter((each) => names.includes(each));
}

async function measure({ sides, versions, memoryMiB, baselines }: MadeSides, options: Options): Promise<Report> {
  const { rounds } = options;
  const works = WORKS.filter(({ name }) => options.works.includes(name));
  const boots = BOOTS.filter(({ name }) => options.works.includes(name));
  const startedAt = new Date().toISOString();
  const loadAtStart = loadavg();
  const rows = [
    ...(await measureBoots(sides, boots, { rounds, say })),
    ...(await measureWorks(sides, options.isQuick ? quickly(works) : works, { rounds, say })),
  ];
  return {
    startedAt,
    host: hostName(),
    loadAtStart,
    loadAtEnd: loadavg(),
    rounds,
    memoryMiB,
    sides: sides.map(({ name, architecture }) => ({ name, architecture })),
    isQuick: options.isQuick,
    baselines,
    versions,
    rows,
  };
}

/** `npm run bench`: a table of times, and the same as JSON. */
export async function main(argv: readonly string[]): Promise<number> {
  const options = parse(argv);
  if (!options) {
    console.log(USAGE);
    return 0;
  }
  const made = await makeSides(options.sides, say);
  try {
    const report = await measure(made, options);
    console.log(markdown(report));
    mkdirSync(benchFolder, { recursive: true });
    const name = options.isQuick ? "smoke" : "report";
    writeFileSync(join(benchFolder, `${name}.md`), `${markdown(report)}\n`);
    writeFileSync(join(benchFolder, `${name}.json`), `${json(report)}\n`);
    say(`written: .cache/bench/${name}.md and ${name}.json`);
  } finally {
    await made.close();
  }
  return 0;
}
