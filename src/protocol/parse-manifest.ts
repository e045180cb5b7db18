import { words } from "#base/words.ts";
import { integer, list, record } from "#base/checks.ts";
import type { ImageCatalogue, ImageFile, ImageManifest } from "./image.ts";
import { TabvisorError } from "./tabvisor.ts";

const MEBIBYTE = 1 << 20;
const MOST_MEMORY_MIB = 4096;
const MOST_FILE_BYTES = 16 * 1024 * MEBIBYTE;
const MOST_CHUNK_BYTES = 64 * MEBIBYTE;
const MOST_CHUNKS = 65536;
const MOST_FILES = 16;
const MOST_IMAGES = 1000;
const MOST_PACKAGES = 10000;
const ROLES = ["kernel", "initrd", "firmware", "disk"] as const;
const ID = /^[a-z0-9][a-z0-9-]{0,63}$/;
/** Format 1 had regular expressions for both. */
const OLD_MANIFEST =
  "its format is 1, and this version of Tabvisor reads 2. Build the images again (`npm run -s tabvisor -- build`); in an image of your own, write prompt as the plain text that the console ends with, crashText in place of crashPattern as plain text too, and formatVersion 2";
const SHA256 = /^[0-9a-f]{64}$/;

/** Checks `index.json`; throws a TabvisorError that says what is wrong with it. */
export function parseImageCatalogue(text: string): ImageCatalogue {
  return parse(text, "the catalogue", 1, (fields) => ({
    formatVersion: 1,
    images: list(fields["images"], "images", (id, what) => matching(id, what, ID), 0, MOST_IMAGES),
  }));
}

/** Checks a manifest that anyone may have written; throws a TabvisorError that says what is wrong with it. */
export function parseImageManifest(text: string): ImageManifest {
  return parse(text, "the manifest", 2, (fields) => {
    const manifest = manifestOf(fields);
    if (manifest.minimumMemoryMiB > manifest.memoryMiB) throw new TypeError("minimumMemoryMiB is more than memoryMiB");
    if (manifest.files.filter(({ role }) => role === "kernel").length !== 1) {
      throw new TypeError('files has not exactly one of role "kernel"');
    }
    return manifest;
  });
}

function manifestOf(fields: Readonly<Record<string, unknown>>): ImageManifest {
  const { commandLines, crashText } = fields;
  return {
    formatVersion: 2,
    id: matching(fields["id"], "id", ID),
    title: text(fields["title"], "title", 200),
    description: text(fields["description"], "description", 2000),
    kind: oneOf(fields["kind"], "kind", ["system"]),
    os: text(fields["os"], "os", 200),
    memoryMiB: integer(fields["memoryMiB"], "memoryMiB", 1, MOST_MEMORY_MIB),
    minimumMemoryMiB: integer(fields["minimumMemoryMiB"], "minimumMemoryMiB", 1, MOST_MEMORY_MIB),
    firmware: oneOf(fields["firmware"], "firmware", ["sbi", "bare"]),
    commandLine: text(fields["commandLine"], "commandLine", 2000),
    ...(commandLines === undefined ? {} : { commandLines: commandLinesOf(commandLines) }),
    files: list(fields["files"], "files", imageFile, 1, MOST_FILES),
    prompt: literal(fields["prompt"], "prompt"),
    ...(crashText === undefined ? {} : { crashText: literal(crashText, "crashText") }),
    licences: list(fields["licences"], "licences", (value, what) => text(value, what, 200), 0, MOST_PACKAGES),
    packages: list(fields["packages"], "packages", packageOf, 0, MOST_PACKAGES),
  };
}

function imageFile(value: unknown, what: string): ImageFile {
  const fields = record(value, what);
  const byteLength = integer(fields["byteLength"], `${what}.byteLength`, 1, MOST_FILE_BYTES);
  const chunks = list(fields["chunks"], `${what}.chunks`, chunkOf, 1, MOST_CHUNKS);
  const sum = chunks.reduce((bytes, chunk) => bytes + chunk.byteLength, 0);
  if (sum !== byteLength) throw new TypeError(`${what}.chunks make ${sum} bytes, not ${byteLength}`);
  return {
    role: oneOf(fields["role"], `${what}.role`, ROLES),
    byteLength,
    sha256: matching(fields["sha256"], `${what}.sha256`, SHA256),
    chunks,
  };
}

function chunkOf(value: unknown, what: string): ImageFile["chunks"][number] {
  const fields = record(value, what);
  return {
    sha256: matching(fields["sha256"], `${what}.sha256`, SHA256),
    byteLength: integer(fields["byteLength"], `${what}.byteLength`, 1, MOST_CHUNK_BYTES),
    storedBytes: integer(fields["storedBytes"], `${what}.storedBytes`, 1, MOST_CHUNK_BYTES),
    encoding: oneOf(fields["encoding"], `${what}.encoding`, ["gzip", "identity"]),
  };
}

function packageOf(value: unknown, what: string): ImageManifest["packages"][number] {
  const fields = record(value, what);
  return {
    name: text(fields["name"], `${what}.name`, 200),
    version: text(fields["version"], `${what}.version`, 200),
    architecture: text(fields["architecture"], `${what}.architecture`, 200),
    sha256: matching(fields["sha256"], `${what}.sha256`, SHA256),
  };
}

function commandLinesOf(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(record(value, "commandLines")).map(([name, line]) => {
    return [matching(name, "a name in commandLines", ID), text(line, `commandLines.${name}`, 2000)] as const;
  });
  return Object.fromEntries(entries);
}

function parse<T>(
  source: string,
  what: string,
  version: number,
  check: (fields: Readonly<Record<string, unknown>>) => T,
): T {
  try {
    const fields = record(JSON.parse(source), "it");
    const found = fields["formatVersion"];
    if (found === 1 && version === 2) throw new TypeError(OLD_MANIFEST);
    if (found !== version)
      throw new TypeError(`its format is ${JSON.stringify(found)}, and this version of Tabvisor reads ${version}`);
    return check(fields);
  } catch (error) {
    const reason = error instanceof SyntaxError ? `it is not JSON or is cut short (${error.message})` : words(error);
    throw new TabvisorError(`${what} is damaged: ${reason}`);
  }
}

function text(value: unknown, what: string, mostCharacters: number): string {
  if (typeof value !== "string") throw new TypeError(`${what} is not a text`);
  if (value.length > mostCharacters) throw new TypeError(`${what} is longer than ${mostCharacters} characters`);
  return value;
}

function matching(value: unknown, what: string, shape: RegExp): string {
  const checked = text(value, what, 200);
  if (!shape.test(checked)) throw new TypeError(`${what} does not have the form ${shape.source}`);
  return checked;
}

function oneOf<const T extends string>(value: unknown, what: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw new TypeError(`${what} is none of ${allowed.join(", ")}`);
  return found;
}

/** Text that is looked for in a guest's output. */
function literal(value: unknown, what: string): string {
  const checked = text(value, what, 200);
  if (checked === "") throw new TypeError(`${what} is empty`);
  return checked;
}
