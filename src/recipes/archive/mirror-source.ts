import { createHash } from "node:crypto";
import { createWriteStream, mkdirSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { gunzipSync } from "node:zlib";
import { TabvisorError } from "#protocol/tabvisor.ts";
import type { Progress } from "#recipes/progress.ts";
import { packageRecord, parseControl } from "./control.ts";
import type { Archive, PackageRecord, PackageSource } from "./package-source.ts";

/** What a mirror asks of its host. */
export interface MirrorHost {
  readonly fetch: typeof fetch;
  /** The text that an inline signature vouches for; rejects where none of the archive's keys made it. */
  readonly verify: (signed: Uint8Array) => Promise<string>;
}

/** Debian's archive over HTTP, for machines without apt: the index's signature and every sum are checked here. */
export class MirrorSource implements PackageSource {
  readonly archive: Archive;
  readonly origin: string;
  readonly #host: MirrorHost;
  #packages = new Map<string, PackageRecord>();

  constructor(archive: Archive, mirror: string, host: MirrorHost) {
    this.archive = archive;
    this.origin = mirror.replace(/\/+$/, "");
    this.#host = host;
  }

  async update(progress: Progress): Promise<void> {
    const { suite, architecture } = this.archive;
    progress.say(`Reading the package index of Debian ${suite} for ${architecture}`);
    const signed = await this.#get(`dists/${suite}/InRelease`);
    const [release] = parseControl(await this.#host.verify(signed));
    if (release?.get("codename") !== suite)
      throw new TabvisorError(`The mirror's index is not that of Debian ${suite}.`);
    const path = `main/binary-${architecture}/Packages.gz`;
    const sha256 = sumOf(release.get("sha256") ?? "", path);
    const index = await this.#get(`dists/${suite}/${path}`);
    if (createHash("sha256").update(index).digest("hex") !== sha256) {
      throw new TabvisorError(
        "The mirror's package index is not what its signature says; it may be mid-update. Try again later.",
      );
    }
    const stanzas = parseControl(gunzipSync(index).toString("utf8"));
    this.#packages = new Map();
    for (const stanza of stanzas) {
      const record = packageRecord(stanza);
      this.#packages.set(record.name, record);
    }
  }

  find(name: string): Promise<PackageRecord | undefined> {
    return Promise.resolve(this.#packages.get(name));
  }

  async download(record: PackageRecord, target: string, progress: Progress): Promise<void> {
    const partial = `${target}.partial`;
    mkdirSync(dirname(partial), { recursive: true });
    let done = statSync(partial, { throwIfNoEntry: false })?.size ?? 0;
    if (done > record.byteLength) done = 0;
    if (done < record.byteLength) {
      const response = await this.#request(record.fileName, done > 0 ? { range: `bytes=${done}-` } : {});
      if (response.status !== 206) done = 0;
      const report = (bytes: number) => progress.bytes(record.name, bytes, record.byteLength);
      const flags = done > 0 ? "a" : "w";
      await pipeline(counted(response.body ?? [], done, report), createWriteStream(partial, { flags })).catch(
        (error: unknown) => {
          const advice = "Run the command again: it goes on from there.";
          throw new TabvisorError(`The download of ${record.name} was cut (${reason(error)}). ${advice}`);
        },
      );
    }
    renameSync(partial, target);
  }

  async #get(path: string): Promise<Uint8Array> {
    const response = await this.#request(path, {});
    return new Uint8Array(await response.arrayBuffer());
  }

  async #request(path: string, headers: Record<string, string>): Promise<Response> {
    const url = `${this.origin}/${path}`;
    const advice = "Check the network and TABVISOR_MIRROR.";
    // A mirror may close a kept connection just as it is used again: the second attempt gets a new one.
    const ask = () => this.#host.fetch(url, { headers });
    const response = await ask()
      .catch(ask)
      .catch((error: unknown) => {
        throw new TabvisorError(`${url} cannot be reached (${reason(error)}). ${advice}`);
      });
    if (!response.ok) throw new TabvisorError(`${url} answered ${response.status} ${response.statusText}. ${advice}`);
    return response;
  }
}

/** The SHA-256 that a Release file gives for a path. */
function sumOf(sums: string, path: string): string {
  for (const line of sums.split("\n")) {
    const [sha256, , name] = line.trim().split(/\s+/);
    if (name === path && sha256) return sha256;
  }
  throw new TabvisorError(`The mirror has no ${path}.`);
}

async function* counted(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  start: number,
  report: (doneBytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let done = start;
  for await (const bytes of body) {
    done += bytes.length;
    report(done);
    yield bytes;
  }
}

function reason(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message : String(cause);
}
