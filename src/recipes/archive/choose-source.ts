import { join } from "node:path";
import { TabvisorError } from "#protocol/tabvisor.ts";
import { hasProgram } from "#recipes/tools.ts";
import { AptSource } from "./apt-source.ts";
import { machineMirrors } from "./debian-machine.ts";
import { MirrorSource } from "./mirror-source.ts";
import type { Archive, PackageSource } from "./package-source.ts";
import { verifyInlineSignature } from "./signature.ts";

/** The archive to build from: $TABVISOR_MIRROR, else where the machine's own apt fetches Debian from. */
export function chooseSource(cacheFolder: string, archive: Archive): PackageSource {
  const named = process.env["TABVISOR_MIRROR"];
  const mirrors = named ? [named] : machineMirrors();
  if (mirrors.length > 0 && hasProgram("apt-get")) return new AptSource(archive, mirrors, join(cacheFolder, "apt"));
  if (named) return new MirrorSource(archive, named, { fetch, verify: verifyInlineSignature });
  throw new TabvisorError(
    "This machine's apt does not say where Debian is fetched from. Name a Debian mirror with TABVISOR_MIRROR=<url>, or a folder of ready images with TABVISOR_IMAGES=<folder>.",
  );
}
