import { mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { TabvisorError } from "#protocol/tabvisor.ts";
import type { Progress } from "#recipes/progress.ts";
import { canInstall, type Ended, install, run } from "#recipes/tools.ts";
import { packageRecord, parseControl } from "./control.ts";
import { archiveKeyring } from "./keyring.ts";
import type { Archive, PackageRecord, PackageSource } from "./package-source.ts";

const POLL_MS = 200;

/**
 * Debian's archive through apt with folders of its own: the machine's packages and lists are not touched, and apt
 * checks signatures and sums. The machine's own settings (proxies, credentials) hold.
 */
export class AptSource implements PackageSource {
  readonly archive: Archive;
  readonly origin: string;
  readonly #mirrors: readonly string[];
  readonly #folder: string;

  constructor(archive: Archive, mirrors: readonly string[], folder: string) {
    this.archive = archive;
    this.#mirrors = mirrors;
    this.#folder = folder;
    this.origin = mirrors.join(" ");
  }

  async update(progress: Progress): Promise<void> {
    if (archiveKeyring() === undefined) await install(["debian-archive-keyring"], progress);
    const { suite, architecture } = this.archive;
    progress.say(`Updating the package index of Debian ${suite} for ${architecture}`);
    let ended = await this.#update();
    if (lacksKey(ended) && canInstall()) {
      progress.say("The archive is signed by a key that this machine does not know yet");
      await install(["debian-archive-keyring"], progress);
      ended = await this.#update();
    }
    if (lacksKey(ended)) {
      throw new TabvisorError(
        `The keys on this machine do not verify Debian ${suite}. Run: sudo apt-get update && sudo apt-get install debian-archive-keyring`,
      );
    }
    if (ended.status !== 0) throw new TabvisorError(aptFailure(`read the index of Debian ${suite}`, ended));
  }

  #update(): Promise<Ended> {
    this.#configure();
    return run("apt-get", [...this.#options(), "-q", "-o", "APT::Update::Error-Mode=any", "update"]);
  }

  async find(name: string): Promise<PackageRecord | undefined> {
    const ended = await run("apt-cache", [...this.#options(), "show", "--no-all-versions", name]);
    const [stanza] = parseControl(ended.stdout.toString("utf8"));
    return ended.status === 0 && stanza ? packageRecord(stanza) : undefined;
  }

  async download(record: PackageRecord, target: string, progress: Progress): Promise<void> {
    const folder = join(this.#folder, "partial", record.sha256);
    mkdirSync(folder, { recursive: true });
    const file = join(folder, aptFileName(record));
    const timer = setInterval(() => progress.bytes(record.name, fileBytes(file), record.byteLength), POLL_MS);
    try {
      const ended = await run(
        "apt-get",
        [...this.#options(), "-q", "download", `${record.name}:${record.architecture}=${record.version}`],
        { cwd: folder },
      );
      if (ended.status !== 0) throw new TabvisorError(aptFailure(`fetch ${record.name} ${record.version}`, ended));
    } finally {
      clearInterval(timer);
    }
    progress.bytes(record.name, record.byteLength, record.byteLength);
    renameSync(file, target);
  }

  #options(): readonly string[] {
    return ["-c", join(this.#folder, "apt.conf")];
  }

  #configure(): void {
    for (const name of ["state/lists/partial", "cache/archives/partial"]) {
      mkdirSync(join(this.#folder, name), { recursive: true });
    }
    writeFileSync(join(this.#folder, "state/status"), "");
    writeFileSync(join(this.#folder, "debian.sources"), sources(this.archive, this.#mirrors));
    writeFileSync(join(this.#folder, "apt.conf"), configuration(this.archive, this.#folder));
  }
}

function sources({ suite, architecture }: Archive, mirrors: readonly string[]): string {
  return [
    "Types: deb",
    `URIs: ${mirrors.join(" ")}`,
    `Suites: ${suite}`,
    "Components: main",
    `Architectures: ${architecture}`,
    "Targets: Packages",
    `Signed-By: ${archiveKeyring() ?? ""}`,
    "",
  ].join("\n");
}

function configuration({ architecture }: Archive, folder: string): string {
  return `#clear APT::Architectures;
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Architecture "${architecture}";
APT::Architectures { "${architecture}"; };
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::AllowInsecureRepositories "false";
Dir::State "${folder}/state";
Dir::State::status "${folder}/state/status";
Dir::Cache "${folder}/cache";
Dir::Etc::sourcelist "${folder}/debian.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
`;
}

function lacksKey({ stderr }: Ended): boolean {
  return /NO_PUBKEY|EXPKEYSIG|not signed|Missing key/i.test(stderr);
}

function aptFailure(what: string, { stderr }: Ended): string {
  return `apt could not ${what}:\n${stderr.trim()}\nCheck the network, or name another mirror with TABVISOR_MIRROR=<url>.`;
}

/** As `apt-get download` names it: the version's epoch colon is escaped. */
function aptFileName({ name, version, architecture }: PackageRecord): string {
  return basename(`${name}_${version.replaceAll(":", "%3a")}_${architecture}.deb`);
}

function fileBytes(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
