import { constants } from "node:fs";
import { open, realpath, type FileHandle } from "node:fs/promises";
import { join, sep } from "node:path";
import { Refusal } from "./refusal.ts";

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new Refusal(400, "The path has a % that begins no character.");
  }
}

/** What no part of a path may have: a separator or a control character. */
// oxlint-disable-next-line no-control-regex -- these are what is looked for
const FOREIGN = /[/\\\u0000-\u001f\u007f]/;

/** Hidden files and `..`; and what only some systems take for another name: a final dot or space, a colon. */
const UNSERVED = /^$|^\.|[. ]$|:/;

/** The parts of the path below a folder that a request's target names; throws a `Refusal` where it can name none. */
export function requestedPath(target: string): readonly string[] {
  if (!target.startsWith("/")) throw new Refusal(400, "A path that begins with / is asked for: this is no proxy.");
  const path = target.split(/[?#]/, 1)[0] as string;
  const parts = path.slice(1).split("/").map(decoded);
  if (parts.some((part) => FOREIGN.test(part)))
    throw new Refusal(400, "The path has a separator or a control character inside a name.");
  if (parts.at(-1) === "") parts.splice(-1, 1, "index.html");
  if (parts.some((part) => UNSERVED.test(part))) throw notFound();
  return parts;
}

export function notFound(): Refusal {
  return new Refusal(404, "There is no such file.");
}

/** Neither follows a link that was put there just now, nor waits for the other end of a pipe. */
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
const OPENED_AS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

/**
 * Opens the first folder's file at a path. What stands below a folder has its own name only: symbolic links, also such
 * as stay inside, are not followed, nor are other spellings that a file system takes for the same name.
 */
export async function openFile(folders: readonly string[], parts: readonly string[]): Promise<FileHandle> {
  for (const folder of folders) {
    const opened = await openBelow(folder, parts).catch(() => undefined);
    if (opened) return opened;
  }
  throw notFound();
}

async function openBelow(folder: string, parts: readonly string[]): Promise<FileHandle | undefined> {
  const file = join(await realpath(folder), parts.join(sep));
  if ((await realpath(file)) !== file) return undefined;
  const opened = await open(file, OPENED_AS);
  if ((await opened.stat()).isFile()) return opened;
  await opened.close();
  return undefined;
}
