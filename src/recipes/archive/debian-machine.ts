import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseControl, type Stanza } from "./control.ts";

const SUITE_ALIASES = ["stable", "oldstable", "oldoldstable", "testing", "unstable", "sid"];

/** Where a Debian machine's own apt fetches Debian from: the URIs of its main archive, in the order it knows them. */
export function machineMirrors(etc = "/etc"): readonly string[] {
  const codename = debianCodename(etc);
  if (codename === undefined) return [];
  const suites = [codename, ...SUITE_ALIASES];
  const uris = sourceStanzas(join(etc, "apt")).flatMap((stanza) => mirrorsOf(stanza, suites));
  return [...new Set(uris)];
}

/** The machine's Debian release, such as `bookworm`; undefined on other systems. */
function debianCodename(etc: string): string | undefined {
  const file = join(etc, "os-release");
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, "utf8");
  if (!/^ID="?debian"?$/m.test(text)) return undefined;
  return /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(text)?.[1] ?? "sid";
}

function mirrorsOf(stanza: Stanza, suites: readonly string[]): readonly string[] {
  const words = (field: string) => (stanza.get(field) ?? "").split(/\s+/).filter(Boolean);
  const isOff = /^(no|false|off|0)$/i.test(stanza.get("enabled") ?? "yes");
  if (isOff || !words("types").includes("deb") || !words("components").includes("main")) return [];
  return words("suites").some((suite) => suites.includes(suite)) ? words("uris") : [];
}

/** Every source of /etc/apt, one-line entries brought into deb822's fields. */
function sourceStanzas(apt: string): readonly Stanza[] {
  const parts = join(apt, "sources.list.d");
  const names = existsSync(parts) ? readdirSync(parts).sort() : [];
  const files = [join(apt, "sources.list"), ...names.map((name) => join(parts, name))].filter((file) =>
    existsSync(file),
  );
  return files.flatMap((file) => {
    if (file.endsWith(".sources")) return [...parseControl(readFileSync(file, "utf8"))];
    return file.endsWith(".list") ? readFileSync(file, "utf8").split("\n").flatMap(oneLineEntry) : [];
  });
}

/** `deb [option=value] uri suite component…` (sources.list(5)). */
function oneLineEntry(line: string): Stanza[] {
  const match = /^\s*(deb|deb-src)\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]*)/.exec(line);
  if (!match) return [];
  const [, types = "", uris = "", suites = "", components = ""] = match;
  return [new Map(Object.entries({ types, uris, suites, components }))];
}
