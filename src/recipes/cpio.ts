/** One entry of a cpio archive. Parents must come before what they hold. */
export type CpioEntry =
  | { readonly type: "directory"; readonly path: string; readonly mode?: number }
  | { readonly type: "file"; readonly path: string; readonly bytes: Uint8Array; readonly mode?: number }
  | { readonly type: "symlink"; readonly path: string; readonly target: string }
  | {
      readonly type: "character-device";
      readonly path: string;
      readonly major: number;
      readonly minor: number;
      readonly mode?: number;
    };

const S_IFCHR = 0o020000;
const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
const TRAILER = "TRAILER!!!";

interface Header {
  readonly ino: number;
  readonly mode: number;
  readonly linkCount: number;
  readonly fileBytes: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

/** An archive in cpio's `newc` format, as the kernel unpacks it (Documentation/driver-api/early-userspace/buffer-format). Owners are root and times 1970, so equal entries make equal bytes. */
export function writeCpio(entries: readonly CpioEntry[]): Uint8Array {
  const parts: Buffer[] = [];
  entries.forEach((entry, index) => append(parts, entry.path, header(entry, index + 1), content(entry)));
  const trailer = { ino: 0, mode: 0, linkCount: 1, fileBytes: 0, deviceMajor: 0, deviceMinor: 0 };
  append(parts, TRAILER, trailer, Buffer.alloc(0));
  return new Uint8Array(Buffer.concat(parts));
}

function append(parts: Buffer[], path: string, fields: Header, bytes: Uint8Array): void {
  const name = Buffer.from(`${path}\0`, "utf8");
  const { ino, mode, linkCount, fileBytes, deviceMajor, deviceMinor } = fields;
  const numbers = [ino, mode, 0, 0, linkCount, 0, fileBytes, 0, 0, deviceMajor, deviceMinor, name.length, 0];
  const head = Buffer.from(`070701${numbers.map(hex8).join("")}`, "latin1");
  parts.push(head, name, padding(head.length + name.length), Buffer.from(bytes), padding(bytes.length));
}

function content(entry: CpioEntry): Uint8Array {
  if (entry.type === "file") return entry.bytes;
  return Buffer.from(entry.type === "symlink" ? entry.target : "", "utf8");
}

function header(entry: CpioEntry, ino: number): Header {
  const device = entry.type === "character-device" ? entry : { major: 0, minor: 0 };
  return {
    ino,
    mode: modeOf(entry),
    linkCount: entry.type === "directory" ? 2 : 1,
    fileBytes: content(entry).length,
    deviceMajor: device.major,
    deviceMinor: device.minor,
  };
}

function modeOf(entry: CpioEntry): number {
  switch (entry.type) {
    case "directory":
      return S_IFDIR | (entry.mode ?? 0o755);
    case "file":
      return S_IFREG | (entry.mode ?? 0o644);
    case "symlink":
      return S_IFLNK | 0o777;
    case "character-device":
      return S_IFCHR | (entry.mode ?? 0o600);
  }
}

function hex8(value: number): string {
  return value.toString(16).toUpperCase().padStart(8, "0");
}

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
