import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ImageManifest } from "#protocol/image.ts";
import { ImageFolder } from "#recipes/image-folder.ts";
import { recipes } from "#recipes/recipes.ts";
import { guestsFolder } from "./guests-folder.ts";
import { parseOptions } from "./parse-options.ts";

const USAGE = `Usage: tabvisor images [--json]

Lists the guest images: those that stand ready, and those that \`tabvisor build\` can make.
`;

/** `tabvisor images`: answers the exit code. */
export async function images(argv: readonly string[]): Promise<number> {
  const options = { json: { type: "boolean", default: false }, help: { type: "boolean", default: false } } as const;
  const { values } = parseOptions({ args: [...argv], options }, USAGE);
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const folder = guestsFolder();
  const target = new ImageFolder(folder);
  const ids = new Set([...target.ids(), ...recipes.map(({ id }) => id)]);
  const rows = [...ids].map((id) => row(folder, target, id));
  if (values.json)
    process.stdout.write(
      `${JSON.stringify(
        rows.map(({ json }) => json),
        undefined,
        2,
      )}\n`,
    );
  else for (const { line } of rows) process.stdout.write(`${line}\n`);
  return 0;
}

interface Row {
  readonly line: string;
  readonly json: object;
}

function row(folder: string, target: ImageFolder, id: string): Row {
  if (!existsSync(join(folder, `${id}.json`))) {
    return { line: `${id.padEnd(10)} not built; run: tabvisor build ${id}`, json: { id, state: "not built" } };
  }
  try {
    return ready(target.manifest(id));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { line: `${id.padEnd(10)} ${reason}; run: tabvisor build ${id}`, json: { id, state: "damaged", reason } };
  }
}

function ready(manifest: ImageManifest): Row {
  const { id, title, memoryMiB, packages } = manifest;
  const bytes = manifest.files.flatMap(({ chunks }) => chunks).reduce((sum, chunk) => sum + chunk.storedBytes, 0);
  const made = packages.map(({ name, version }) => `${name} ${version}`).join(", ");
  const size = `${(bytes / 2 ** 20).toFixed(1)} MiB to load, ${memoryMiB} MiB of memory`;
  return {
    line: `${id.padEnd(10)} ${title}: ${size} (${made})`,
    json: { id, state: "ready", downloadBytes: bytes, manifest },
  };
}
