import { TabvisorError } from "#protocol/tabvisor.ts";
import { hasProgram, run } from "#recipes/tools.ts";
import { archiveKeyring } from "./keyring.ts";

/** The text that an inline-signed file vouches for, checked by gpgv against the Debian archive's keys. */
export async function verifyInlineSignature(signed: Uint8Array): Promise<string> {
  if (!hasProgram("gpgv")) {
    throw new TabvisorError(
      "gpgv is needed to check the archive's signature. Install GnuPG, or use ready images with TABVISOR_IMAGES=<folder>.",
    );
  }
  const keyring = archiveKeyring();
  if (keyring === undefined) {
    throw new TabvisorError(
      "The Debian archive's keys are needed to check its signature. Name the file debian-archive-keyring.gpg (from Debian's package of that name) with TABVISOR_KEYRING=<file>.",
    );
  }
  const ended = await run("gpgv", ["--quiet", "--keyring", keyring, "--output", "-", "-"], { input: signed });
  if (ended.status !== 0) {
    throw new TabvisorError(`The archive's signature is not good:\n${ended.stderr.trim()}`);
  }
  return ended.stdout.toString("utf8");
}
