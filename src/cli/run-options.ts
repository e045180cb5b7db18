import { parseArgs } from "node:util";
import { MAX_MEMORY_MIB } from "#machine/boot/boot.ts";
import type { EngineName } from "#machine/face.ts";
import { UsageError } from "./usage-error.ts";

export const RUN_USAGE = `Usage: tabvisor run IMAGE [OPTIONS]      boot an image of the catalogue (see \`tabvisor images\`)
       tabvisor run FILE.elf [OPTIONS]   run a bare-metal program in machine mode

The console is on standard input and output; Ctrl-A x quits, Ctrl-A h lists the keys.

  --exec COMMAND         wait for the prompt, run COMMAND, print its output, exit with its status
  --memory MIB           memory of the machine
  --command-line NAME    another of the image's kernel command lines
  --disk FILE|SIZE       a disk with the file's content, or an empty one (64M, 1G); may be given several times.
                         What the guest writes is kept in memory and is gone at the end.
  --virtual-clock        time counts instructions: every run with the same input is the same
  --max-instructions N   stop after N instructions, with exit status 124
  --state-hash           print the hash of the machine's state at the end, on standard error
  --engine NAME          translator (default), interpreter or evaluator
  --profile              print at the end, on standard error, where host time went and the hottest guest code
  --symbols FILE         names for --profile: an ELF file, a System.map or a copy of /proc/kallsyms; may be given
                         several times. A FILE.elf that is run gives its own.
  --help

Exit status: the guest's own (0 for pass or power-off); 2 for a wrong command line, 1 for what cannot start,
124 when --max-instructions was reached, 125 when the guest waits for good.`;

const ENGINES: readonly EngineName[] = ["translator", "interpreter", "evaluator"];

/** What `tabvisor run` was asked to do. */
export interface RunOptions {
  /** An image's id, or the path of an ELF file. */
  readonly target: string;
  readonly exec?: string;
  readonly memoryMiB?: number;
  readonly commandLine?: string;
  readonly disks: readonly string[];
  readonly virtualClock: boolean;
  readonly maxInstructions: number;
  readonly stateHash: boolean;
  readonly engine: EngineName;
  readonly profile: boolean;
  /** Files that name guest code, for the profile. */
  readonly symbols: readonly string[];
}

/** Parses `run`'s arguments; undefined where only help was asked for. Throws UsageError. */
export function parseRunOptions(args: readonly string[]): RunOptions | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  const [target] = positionals;
  if (target === undefined || positionals.length > 1) {
    throw new UsageError(`\`tabvisor run\` takes one image or one ELF file, not ${positionals.length}.`);
  }
  const engine = values.engine ?? "translator";
  if (!isEngine(engine)) throw new UsageError(`There is no engine "${engine}": ${ENGINES.join(" or ")}.`);
  const { memory, profile = false, symbols = [] } = values;
  if (symbols.length > 0 && !profile) throw new UsageError("--symbols is for --profile.");
  return {
    target,
    ...(values.exec === undefined ? {} : { exec: values.exec }),
    ...(memory === undefined ? {} : { memoryMiB: wholeNumber("--memory", memory, MAX_MEMORY_MIB) }),
    ...(values["command-line"] === undefined ? {} : { commandLine: values["command-line"] }),
    disks: values.disk ?? [],
    virtualClock: values["virtual-clock"] ?? false,
    maxInstructions:
      values["max-instructions"] === undefined
        ? Infinity
        : wholeNumber("--max-instructions", values["max-instructions"], Number.MAX_SAFE_INTEGER),
    stateHash: values["state-hash"] ?? false,
    engine,
    profile,
    symbols,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        exec: { type: "string" },
        memory: { type: "string" },
        "command-line": { type: "string" },
        disk: { type: "string", multiple: true },
        "virtual-clock": { type: "boolean" },
        "max-instructions": { type: "string" },
        "state-hash": { type: "boolean" },
        engine: { type: "string" },
        profile: { type: "boolean" },
        symbols: { type: "string", multiple: true },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function isEngine(name: string): name is EngineName {
  return ENGINES.some((engine) => engine === name);
}

/** Accepts `1000000`, `1_000_000` and `1e6`. */
function wholeNumber(option: string, text: string, maximum: number): number {
  const value = Number(text.replaceAll("_", ""));
  if (!Number.isSafeInteger(value) || value < 1 || value > maximum) {
    throw new UsageError(`${option} takes a whole number from 1 to ${maximum}, not "${text}".`);
  }
  return value;
}
