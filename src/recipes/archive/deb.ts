import { gunzipSync } from "node:zlib";
import { run } from "#recipes/tools.ts";

const AR_MAGIC = "!<arch>\n";
const AR_HEADER_BYTES = 60;
const TAR_BLOCK_BYTES = 512;

/** The regular files that a .deb installs, by path without leading slash. Needs `xz`. */
export async function debFiles(deb: Uint8Array): Promise<ReadonlyMap<string, Uint8Array>> {
  for (const [name, bytes] of arMembers(deb)) {
    if (name === "data.tar") return tarFiles(bytes);
    if (name === "data.tar.gz") return tarFiles(gunzipSync(bytes));
    if (name === "data.tar.xz") return tarFiles(await decompressXz(bytes));
    if (name.startsWith("data.tar")) throw new Error(`Its contents are packed as ${name}, which is not supported.`);
  }
  throw new Error("It is not a Debian package: it has no data.tar.");
}

/** What `xz` makes of compressed bytes. */
export async function decompressXz(bytes: Uint8Array): Promise<Uint8Array> {
  const ended = await run("xz", ["--decompress", "--stdout", "--threads=0"], { input: bytes });
  if (ended.status !== 0) throw new Error(`xz failed: ${ended.stderr.trim()}`);
  return ended.stdout;
}

/** The members of an `ar` archive (deb(5)). */
function* arMembers(bytes: Uint8Array): Generator<[name: string, bytes: Uint8Array]> {
  if (latin1(bytes, 0, 8) !== AR_MAGIC) throw new Error("It is not a Debian package: it does not start as one.");
  for (let at = AR_MAGIC.length; at + AR_HEADER_BYTES <= bytes.length;) {
    const name = latin1(bytes, at, 16).trim().replace(/\/$/, "");
    const size = Number(latin1(bytes, at + 48, 10).trim());
    const start = at + AR_HEADER_BYTES;
    if (!Number.isSafeInteger(size) || start + size > bytes.length) throw new Error("It is truncated.");
    yield [name, bytes.subarray(start, start + size)];
    at = start + size + (size % 2);
  }
}

/** The regular files of a tar archive (ustar, with GNU long names). */
export function tarFiles(tar: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  let longName: string | undefined;
  for (let at = 0; at + TAR_BLOCK_BYTES <= tar.length && tar[at] !== 0;) {
    const size = parseInt(latin1(tar, at + 124, 12).trim() || "0", 8);
    const start = at + TAR_BLOCK_BYTES;
    if (!Number.isSafeInteger(size) || start + size > tar.length) throw new Error("Its contents are truncated.");
    const type = String.fromCharCode(tar[at + 156] ?? 0);
    if (type === "L") {
      longName = cString(tar, start, size);
    } else {
      const prefix = latin1(tar, at + 257, 6) === "ustar\0" ? cString(tar, at + 345, 155) : "";
      const name = longName ?? (prefix ? `${prefix}/` : "") + cString(tar, at, 100);
      if (type === "0" || type === "\0") files.set(name.replace(/^\.?\//, ""), tar.subarray(start, start + size));
      longName = undefined;
    }
    at = start + Math.ceil(size / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;
  }
  return files;
}

function latin1(bytes: Uint8Array, start: number, length: number): string {
  return Buffer.from(bytes.subarray(start, start + length)).toString("latin1");
}

function cString(bytes: Uint8Array, start: number, length: number): string {
  const field = bytes.subarray(start, start + length);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString("utf8");
}
