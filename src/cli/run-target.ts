import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { BootFiles, MachineConfig } from "#machine/face.ts";
import { guestsFolder } from "./guests-folder.ts";
import { loadImage } from "./load-image.ts";
import type { RunOptions } from "./run-options.ts";
import { UsageError } from "./usage-error.ts";

/** Memory of a bare machine that nobody sized. */
const BARE_MEMORY_MIB = 128;

/** What is to be run: files, the machine for them, and how their console shows that it is ready. */
export interface RunTarget {
  readonly files: BootFiles;
  readonly config: MachineConfig;
  readonly prompt: string | undefined;
  /** What the console prints when the guest has died. */
  readonly crashText: string | undefined;
}

/** Finds what the target names: an image of the catalogue, or the path of a bare-metal program. */
export async function openTarget(options: RunOptions): Promise<RunTarget> {
  return isProgram(options.target) ? bareTarget(options) : imageTarget(options);
}

/** Ids have neither dot nor slash; a file's bare name means the file where no image has it. */
function isProgram(target: string): boolean {
  if (/[./]/.test(target)) return true;
  return existsSync(target) && statSync(target).isFile() && !existsSync(join(guestsFolder(), `${target}.json`));
}

function bareTarget(options: RunOptions): RunTarget {
  const path = options.target;
  if (!existsSync(path) || !statSync(path).isFile()) throw new UsageError(`There is no file ${path}.`);
  if (options.exec !== undefined) throw new UsageError("--exec needs an image of the catalogue, with a prompt.");
  if (options.commandLine !== undefined) throw new UsageError("--command-line needs an image of the catalogue.");
  return {
    files: { kernel: readFileSync(path) },
    config: { ...common(options), memoryMiB: options.memoryMiB ?? BARE_MEMORY_MIB, firmware: "bare", commandLine: "" },
    prompt: undefined,
    crashText: undefined,
  };
}

async function imageTarget(options: RunOptions): Promise<RunTarget> {
  const { manifest, kernel, initrd } = await loadImage(guestsFolder(), options.target);
  const memoryMiB = options.memoryMiB ?? manifest.memoryMiB;
  if (memoryMiB < manifest.minimumMemoryMiB) {
    throw new UsageError(`${manifest.id} needs --memory ${manifest.minimumMemoryMiB} or more, not ${memoryMiB}.`);
  }
  const { commandLine: name } = options;
  const commandLine = name === undefined ? manifest.commandLine : manifest.commandLines?.[name];
  if (commandLine === undefined) {
    const names = Object.keys(manifest.commandLines ?? {}).join(", ") || "none";
    throw new UsageError(`${manifest.id} has no command line "${name}"; it has: ${names}.`);
  }
  return {
    files: { kernel, ...(initrd ? { initrd } : {}) },
    config: { ...common(options), memoryMiB, firmware: manifest.firmware, commandLine },
    prompt: manifest.prompt,
    crashText: manifest.crashText,
  };
}

function common(options: RunOptions): Pick<MachineConfig, "clock" | "diskCount"> {
  return { clock: options.virtualClock ? "virtual" : "wall", diskCount: options.disks.length };
}
