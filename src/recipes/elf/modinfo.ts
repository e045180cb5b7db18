import { sectionContent } from "./elf-sections.ts";

/** What a kernel module says of itself in its `.modinfo` section. */
export interface Modinfo {
  readonly name: string;
  /** Modules whose symbols it needs. */
  readonly depends: readonly string[];
  /** Modules or aliases to load before it (`softdep=pre: …`). */
  readonly softBefore: readonly string[];
  readonly aliases: readonly string[];
}

/** Reads `.modinfo`: NUL-separated `key=value` texts. Names have `_` where the file's name, and in older kernels `depends`, may have `-`. */
export function readModinfo(module: Uint8Array): Modinfo {
  const content = sectionContent(module, ".modinfo");
  if (!content) throw new Error("it has no .modinfo section");
  const fields = Buffer.from(content).toString("utf8").split("\0").filter(Boolean);
  const values = (key: string) =>
    fields.filter((field) => field.startsWith(`${key}=`)).map((field) => field.slice(key.length + 1));
  const name = values("name")[0];
  if (!name) throw new Error("its .modinfo has no name");
  return {
    name,
    depends: values("depends").flatMap((value) => value.replaceAll("-", "_").split(",").filter(Boolean)),
    softBefore: values("softdep").flatMap(softBefore),
    aliases: values("alias"),
  };
}

/** `pre: a b post: c` → a, b. */
function softBefore(softdep: string): string[] {
  const before = /\bpre:((?:\s+[^\s:]+(?!\S*:))*)/.exec(softdep)?.[1] ?? "";
  return before.split(/\s+/).filter(Boolean);
}
