import { TabvisorError } from "#protocol/tabvisor.ts";
import { chooseSource } from "#recipes/archive/choose-source.ts";
import { GUEST_ARCHIVE } from "#recipes/archive/package-source.ts";
import { buildImages, importImages } from "#recipes/build-images.ts";
import { Cache, defaultCacheFolder } from "#recipes/cache.ts";
import { TextProgress } from "#recipes/progress.ts";
import { recipes } from "#recipes/recipes.ts";
import { guestsFolder } from "./guests-folder.ts";
import { parseOptions } from "./parse-options.ts";

const USAGE = `Usage: tabvisor build [IMAGE…]

Makes guest images (all of them, or those named) from Debian packages, whose signatures and checksums are verified.

  --refresh   look for newer packages even if that was done today
  --help

Images: ${recipes.map(({ id }) => id).join(", ")}

Environment:
  TABVISOR_MIRROR=<url>      a Debian mirror (else the one that this machine's apt uses)
  TABVISOR_IMAGES=<folder>   a folder of ready images: they are checked and copied, nothing is built
  TABVISOR_KEYRING=<file>    the Debian archive's public keys, where they are not in their usual place
  XDG_CACHE_HOME=<folder>    downloads and built images are kept in its folder "tabvisor" (else in ~/.cache/tabvisor)
`;

/** `tabvisor build [IMAGE…]`: answers the exit code. */
export async function build(argv: readonly string[]): Promise<number> {
  const options = { refresh: { type: "boolean", default: false }, help: { type: "boolean", default: false } } as const;
  const { values, positionals } = parseOptions({ args: [...argv], allowPositionals: true, options }, USAGE);
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const progress = new TextProgress(process.stderr);
  const ready = process.env["TABVISOR_IMAGES"];
  try {
    if (ready) importImages(positionals, ready, guestsFolder(), progress);
    else await buildNamed(positionals, values.refresh, progress);
    return 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    progress.say(`tabvisor build: ${error.message}`);
    return 1;
  }
}

async function buildNamed(ids: readonly string[], refresh: boolean, progress: TextProgress): Promise<void> {
  const unknown = ids.find((id) => recipes.every((recipe) => recipe.id !== id));
  if (unknown !== undefined) {
    const known = recipes.map(({ id }) => id).join(", ");
    throw new TabvisorError(`There is no recipe "${unknown}". There are: ${known}.`);
  }
  const cache = new Cache(defaultCacheFolder());
  await buildImages(ids.length > 0 ? recipes.filter(({ id }) => ids.includes(id)) : recipes, {
    target: guestsFolder(),
    cache,
    source: chooseSource(cache.folder, GUEST_ARCHIVE),
    progress,
    refresh,
    catalogue: recipes,
  });
}
