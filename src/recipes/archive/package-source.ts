import type { Progress } from "#recipes/progress.ts";

/** A binary package as the archive's signed index describes it. */
export interface PackageRecord {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** SHA-256 of the .deb, lower-case hex. */
  readonly sha256: string;
  readonly byteLength: number;
  /** Where the .deb stands, relative to the archive's root. */
  readonly fileName: string;
  /** Names of what it depends on, first alternatives only. */
  readonly depends: readonly string[];
}

/** Which part of Debian packages come from. */
export interface Archive {
  readonly suite: string;
  readonly architecture: string;
}

/** What all guests are made from. */
export const GUEST_ARCHIVE: Archive = { suite: "trixie", architecture: "riscv64" };

/** A Debian archive of one suite and architecture whose signature has been checked. */
export interface PackageSource {
  readonly archive: Archive;
  /** Names the archive, so that what was resolved against another is not taken for this one's. */
  readonly origin: string;
  /** Fetches and verifies the index. */
  update(progress: Progress): Promise<void>;
  /** The newest version of a package; undefined where there is none. Only after `update`. */
  find(name: string): Promise<PackageRecord | undefined>;
  /** Fetches the .deb to `target`, going on where an earlier attempt was cut; the caller checks its sum. */
  download(record: PackageRecord, target: string, progress: Progress): Promise<void>;
}
