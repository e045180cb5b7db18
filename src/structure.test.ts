import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";

/** The structure that a newcomer finds: rooms that can be overlooked, files that can be read, no circles. */
const MOST_LINES_OF_A_FILE = 350;
const MOST_LINES_OF_A_ROOM = 3000;
/** Tables, which are as long as what they list. */
const TABLES: ReadonlySet<string> = new Set([
  "src/hart/float/float-expected.fixture.ts",
  "src/riscv/cases/compressed.fixture.ts",
]);

const files = ["src", "e2e"]
  .flatMap((top) => readdirSync(top, { recursive: true, encoding: "utf8" }).map((path) => join(top, path)))
  .filter((path) => /\.tsx?$/.test(path));
const texts = new Map(files.map((path) => [path, readFileSync(path, "utf8")]));

function lines(path: string): number {
  return (texts.get(path) ?? "").split("\n").length - 1;
}

/** Files that a file imports, types included. */
function importsOf(path: string): readonly string[] {
  const found = (texts.get(path) ?? "").matchAll(/(?:from|import) "([#.][^"]+)"/g);
  return [...found].flatMap(([, name = ""]) => {
    const target = name.startsWith("#") ? join("src", name.slice(1)) : normalize(join(dirname(path), name));
    return texts.has(target) ? [target] : [];
  });
}

/** A circle of imports that leads through a file, if there is one. */
function circleThrough(start: string): readonly string[] | undefined {
  const cameFrom = new Map<string, string>();
  const waiting = [start];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const next of importsOf(at)) {
      if (next === start) {
        const path = [start];
        for (let back: string | undefined = at; back !== undefined && back !== start; back = cameFrom.get(back))
          path.push(back);
        return path.reverse();
      }
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, at);
      waiting.push(next);
    }
  }
  return undefined;
}

describe("structure", () => {
  test(`no file has more than ${MOST_LINES_OF_A_FILE} lines, but for tables`, () => {
    const long = files.filter((path) => lines(path) > MOST_LINES_OF_A_FILE && !TABLES.has(path));
    expect(long.map((path) => `${path}: ${lines(path)}`)).toEqual([]);
  });

  test(`no room has more than ${MOST_LINES_OF_A_ROOM} lines`, () => {
    const rooms = new Map<string, number>();
    for (const path of files) rooms.set(dirname(path), (rooms.get(dirname(path)) ?? 0) + lines(path));
    expect([...rooms].filter(([, count]) => count > MOST_LINES_OF_A_ROOM)).toEqual([]);
  });

  test("no imports go in a circle, types included", () => {
    expect(files.flatMap((path) => circleThrough(path) ?? [])).toEqual([]);
  });
});
