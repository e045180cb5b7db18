import { existsSync } from "node:fs";

const KEYRINGS = ["/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp"];

/** The file with the Debian archive's public keys: $TABVISOR_KEYRING, else where Debian's own package puts it. */
export function archiveKeyring(): string | undefined {
  const named = process.env["TABVISOR_KEYRING"];
  return (named ? [named] : KEYRINGS).find((file) => existsSync(file));
}
