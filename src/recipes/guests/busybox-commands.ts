const TABLE_START = Buffer.from("[\0[[\0", "latin1");
const FEWEST_COMMANDS = 50;

/** The names of the commands in a busybox binary, from its own table of names: sorted, each ended by NUL, starting with `[` and `[[`. */
export function busyboxCommands(binary: Uint8Array): readonly string[] {
  const bytes = Buffer.from(binary.buffer, binary.byteOffset, binary.byteLength);
  for (let start = bytes.indexOf(TABLE_START); start >= 0; start = bytes.indexOf(TABLE_START, start + 1)) {
    const names = sortedNames(bytes, start);
    if (names.length >= FEWEST_COMMANDS) return names;
  }
  throw new Error("The busybox binary's table of commands was not found.");
}

function sortedNames(bytes: Buffer, start: number): readonly string[] {
  const names: string[] = [];
  for (let at = start; ;) {
    const end = bytes.indexOf(0, at);
    const name = bytes.toString("latin1", at, end < 0 ? at : end);
    const last = names.at(-1);
    if (!/^[a-z0-9[_.-]+$/.test(name) || (last !== undefined && name <= last)) return names;
    names.push(name);
    at = end + 1;
  }
}
