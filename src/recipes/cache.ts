import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { TabvisorError } from "#protocol/tabvisor.ts";
import type { PackageRecord, PackageSource } from "./archive/package-source.ts";
import { ImageFolder } from "./image-folder.ts";
import type { Progress } from "./progress.ts";

const MONTH_MS = 30 * 24 * 3600 * 1000;

/** Where downloads and built images are kept between checkouts: $XDG_CACHE_HOME/tabvisor, else ~/.cache/tabvisor. */
export function defaultCacheFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "tabvisor");
}

/** Downloads by checksum, and built images by what they were made from. */
export class Cache {
  readonly folder: string;
  readonly images: ImageFolder;

  constructor(folder: string) {
    this.folder = folder;
    this.images = new ImageFolder(join(folder, "images"));
    mkdirSync(join(folder, "packages"), { recursive: true });
  }

  /** A package's .deb, fetched if need be; its checksum has been checked. */
  async package(record: PackageRecord, source: PackageSource, progress: Progress): Promise<Uint8Array> {
    const path = join(this.folder, "packages", `${record.sha256}.deb`);
    if (existsSync(path) && (await fileSum(path)) !== record.sha256) rmSync(path);
    if (existsSync(path)) {
      touch(path);
    } else {
      progress.say(`Fetching ${record.name} ${record.version}`);
      await source.download(record, path, progress);
      if ((await fileSum(path)) !== record.sha256) {
        rmSync(path);
        throw new TabvisorError(`${record.name} arrived damaged (its checksum is wrong). Run the command again.`);
      }
    }
    return readFileSync(path);
  }

  /** Removes downloads and images that nothing has asked for in a month. */
  removeOld(now: number): void {
    const folder = join(this.folder, "packages");
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (now - statSync(path).mtimeMs > MONTH_MS) rmSync(path, { force: true });
    }
    this.images.removeUnused(now - MONTH_MS);
  }
}

function touch(path: string): void {
  const now = new Date();
  utimesSync(path, now, now);
}

async function fileSum(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
