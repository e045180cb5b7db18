#!/usr/bin/env node
/** Runs one of our commands from the current bundle: `launch.mjs start …`, `launch.mjs test …`, else the `tabvisor` command line. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { currentBundle, root } from "./bundle.mjs";

const DEVELOPER_COMMANDS = ["start", "test", "bench"];

/** Which bundle entry an argument list means, and what is left for it. */
function choose(argv) {
  const [first, ...rest] = argv;
  return DEVELOPER_COMMANDS.includes(first) ? { entry: first, args: rest } : { entry: "main", args: argv };
}

async function launch() {
  if (!existsSync(join(root, "node_modules/vite"))) {
    throw new Error("The dependencies are not installed. Run `npm ci` in the checkout first.");
  }
  const { entry, args } = choose(process.argv.slice(2));
  const { main } = await import(pathToFileURL(join(await currentBundle(), `${entry}.js`)).href);
  process.exitCode = await main(args);
}

launch().catch((error) => {
  console.error(process.env.TABVISOR_DEBUG ? error : `tabvisor: ${error.message}`);
  process.exitCode = 1;
});
