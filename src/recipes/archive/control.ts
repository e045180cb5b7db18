import type { PackageRecord } from "./package-source.ts";

/** One stanza of a Debian control file: fields by lower-case name, continuation lines joined by newlines. */
export type Stanza = ReadonlyMap<string, string>;

/** The stanzas of a control file (deb822), in order. Comments are skipped. */
export function* parseControl(text: string): Generator<Stanza> {
  let stanza = new Map<string, string>();
  let field = "";
  for (const line of text.split("\n")) {
    if (line.startsWith("#")) continue;
    if (line.trim() === "") {
      if (stanza.size > 0) yield stanza;
      stanza = new Map();
    } else if (/^[ \t]/.test(line)) {
      stanza.set(field, `${stanza.get(field) ?? ""}\n${line.trim()}`);
    } else {
      const colon = line.indexOf(":");
      field = line.slice(0, colon).toLowerCase();
      if (colon > 0) stanza.set(field, line.slice(colon + 1).trim());
    }
  }
  if (stanza.size > 0) yield stanza;
}

/** A package as its stanza in a Packages index describes it; throws where a field is missing or makes no sense. */
export function packageRecord(stanza: Stanza): PackageRecord {
  const field = (name: string, pattern: RegExp) => {
    const value = stanza.get(name.toLowerCase()) ?? "";
    if (!pattern.test(value)) throw new Error(`The archive's index has a package whose ${name} is "${value}".`);
    return value;
  };
  return {
    name: field("Package", /^[a-z0-9][a-z0-9+.-]+$/),
    version: field("Version", /^[A-Za-z0-9.+:~-]+$/),
    architecture: field("Architecture", /^[a-z0-9-]+$/),
    sha256: field("SHA256", /^[0-9a-f]{64}$/),
    byteLength: Number(field("Size", /^[0-9]{1,12}$/)),
    fileName: field("Filename", /^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9/._+~%-]+$/),
    depends: dependencyNames(stanza.get("depends") ?? ""),
  };
}

/** `a (= 1), b | c` → a, b. */
function dependencyNames(depends: string): string[] {
  return depends
    .split(",")
    .map((part) => /^\s*([a-z0-9][a-z0-9+.-]+)/.exec(part)?.[1])
    .filter((name) => name !== undefined);
}
