import { ensurePrograms, findProgram } from "./debian-packages.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/** The path of a Chromium: `TABVISOR_CHROMIUM`, else one on the PATH, else Debian's, installed now. */
export function ensureChromium(say: (text: string) => void): string {
  const named = process.env["TABVISOR_CHROMIUM"];
  if (named) return named;
  const found = NAMES.map(findProgram).find((path) => path !== undefined);
  if (found) return found;
  ensurePrograms([{ program: "chromium", debianPackage: "chromium" }], say);
  return findProgram("chromium") as string;
}

/** Flags that keep Chromium off the network and let it run as root, where its sandbox cannot. */
export const CHROMIUM_FLAGS: readonly string[] = [
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
];
