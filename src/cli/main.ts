import { BootError } from "#machine/boot/boot-error.ts";
import { TabvisorError } from "#protocol/tabvisor.ts";
import { build } from "./build.ts";
import { images } from "./images.ts";
import { run } from "./run.ts";
import { UsageError } from "./usage-error.ts";

const USAGE = `Usage: tabvisor COMMAND

  run IMAGE|FILE.elf   boot a guest on this terminal
  images               list the catalogue
  build [IMAGE…]       make images from Debian packages

\`tabvisor COMMAND --help\` says more.`;

const commands: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = { run, images, build };

/** The command line: resolves with the exit status. Expected failures are printed as one line, without a stack trace. */
export async function main(argv: readonly string[]): Promise<number> {
  const [name, ...args] = argv;
  try {
    if (name === undefined || name === "--help" || name === "-h" || name === "help") {
      console.log(USAGE);
      return name === undefined ? 2 : 0;
    }
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!command) throw new UsageError(`There is no command "${name}".\n\n${USAGE}`);
    return await command(args);
  } catch (error) {
    const isExpected = error instanceof UsageError || error instanceof BootError || error instanceof TabvisorError;
    if (!isExpected) throw error;
    console.error(`tabvisor: ${error.message}`);
    return error instanceof UsageError ? 2 : 1;
  }
}
