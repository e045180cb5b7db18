import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Archive, PackageRecord } from "#recipes/archive/package-source.ts";
import { chooseSource } from "#recipes/archive/choose-source.ts";
import { debFiles } from "#recipes/archive/deb.ts";
import { Cache, defaultCacheFolder } from "#recipes/cache.ts";
import { writeCpio } from "#recipes/cpio.ts";
import { withFolderLock } from "#recipes/folder-lock.ts";
import { FAST, initramfs } from "#recipes/guests/linux.ts";
import { TextProgress, type Progress } from "#recipes/progress.ts";
import { packageFile, type OpenedPackage, type PackageWish } from "#recipes/recipe.ts";
import { resolvePackages } from "#recipes/resolve-packages.ts";
import { needProgram } from "#recipes/tools.ts";
import { benchFolder } from "./program.ts";

/** The last release of Debian that has a kernel for i386. */
const ARCHIVE: Archive = { suite: "bookworm", architecture: "i386" };

const WISHES: readonly PackageWish[] = [
  { name: "linux-image-686", dependency: /^linux-image-\d.*-686$/ },
  { name: "busybox-static" },
  { name: "seabios" },
  { name: "vgabios" },
];

/** The disk that v86 has, and what the riscv64 guest has for it too. */
const MODULES = ["ata_piix", "sd_mod", "ext4", "crc32c_generic"];
const LOADED_AT_BOOT = ["ata_piix", "sd_mod"];

/** Raised with every change of what `writeGuest` makes. */
const REVISION = 1;

/** Kernel command lines as those of our `linux` image. */
export const V86_COMMAND_LINES = { fast: `console=ttyS0 quiet ${FAST}`, "debian-default": "console=ttyS0" } as const;

/** Where the files of v86's guest stand, and which packages they are made from. */
export interface V86Guest {
  /** Holds `kernel`, `initrd`, `bios` and `vga-bios`, each with the ending `.bin`. */
  readonly folder: string;
  readonly packages: readonly Pick<PackageRecord, "name" | "version" | "architecture">[];
}

/** Makes a Debian guest for i386 as our recipe makes that for riscv64; in its root, `/bin/workload` is the program given. */
export async function ensureV86Guest(program: string): Promise<V86Guest> {
  const folder = join(benchFolder, "v86");
  const progress = new TextProgress(process.stderr);
  const cache = new Cache(join(defaultCacheFolder(), ARCHIVE.architecture));
  const records = await withFolderLock(cache.folder, progress, () => ensureFiles(cache, folder, progress));
  // The kernel unpacks archives that follow each other one over the other.
  const workload = writeCpio([{ type: "file", path: "bin/workload", mode: 0o755, bytes: readFileSync(program) }]);
  writeFileSync(join(folder, "initrd.bin"), Buffer.concat([readFileSync(join(folder, "root.cpio")), workload]));
  return { folder, packages: records };
}

async function ensureFiles(cache: Cache, folder: string, progress: Progress): Promise<readonly PackageRecord[]> {
  const source = chooseSource(cache.folder, ARCHIVE);
  const options = { cacheFolder: cache.folder, refresh: false, now: Date.now(), progress };
  const found = await resolvePackages(WISHES, source, options);
  const records = WISHES.flatMap(({ name }) => found.get(name) ?? []);
  const stamp = join(folder, "made-from");
  const wanted = [REVISION, ...records.map(({ sha256 }) => sha256)].join("\n");
  if (readIfThere(stamp) === wanted) return records;
  await needProgram("xz", "xz-utils", progress);
  const packages: OpenedPackage[] = [];
  for (const record of records) {
    packages.push({ record, files: await debFiles(await cache.package(record, source, progress)) });
  }
  mkdirSync(folder, { recursive: true });
  await writeGuest(packages, folder);
  writeFileSync(stamp, wanted);
  cache.removeOld(Date.now());
  return records;
}

async function writeGuest(packages: readonly OpenedPackage[], folder: string): Promise<void> {
  const [kernel, busybox, seabios, vgabios] = packages;
  if (!kernel || !busybox || !seabios || !vgabios) throw new Error("A package of v86's guest is missing.");
  const root = await initramfs(kernel, busybox, MODULES, LOADED_AT_BOOT);
  writeFileSync(join(folder, "root.cpio"), writeCpio(root));
  writeFileSync(join(folder, "kernel.bin"), packageFile(kernel, /^boot\/vmlinuz-/));
  writeFileSync(join(folder, "bios.bin"), packageFile(seabios, /\/bios\.bin$/));
  writeFileSync(join(folder, "vga-bios.bin"), packageFile(vgabios, /\/vgabios\.bin$/));
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
