import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { root } from "#cli/bundle.mjs";
import type { ImageManifest } from "#protocol/image.ts";
import { benchFolder } from "./program.ts";

/** The files of a built image put together again, for a machine that is not ours. */
export interface ImageFiles {
  readonly kernel: string;
  readonly initrd: string;
  readonly commandLine: string;
}

/** Puts the kernel and the initrd of the built `linux` image into the bench's folder. */
export function linuxFiles(): ImageFiles {
  const guests = join(root, "public/guests");
  const manifest = JSON.parse(readFileSync(join(guests, "linux.json"), "utf8")) as ImageManifest;
  mkdirSync(benchFolder, { recursive: true });
  const whole = (role: "kernel" | "initrd"): string => {
    const file = manifest.files.find((each) => each.role === role);
    if (!file) throw new Error(`The linux image has no ${role}: build it anew with \`npx tabvisor build linux\``);
    const parts = file.chunks.map(({ sha256, encoding }) => {
      const stored = readFileSync(join(guests, "chunks", sha256));
      return encoding === "gzip" ? gunzipSync(stored) : stored;
    });
    const path = join(benchFolder, `linux-${role}`);
    writeFileSync(path, Buffer.concat(parts));
    return path;
  };
  return { kernel: whole("kernel"), initrd: whole("initrd"), commandLine: manifest.commandLine };
}
