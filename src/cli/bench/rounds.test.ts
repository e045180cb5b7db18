import { expect, test } from "vitest";
import { measureBoots, measureWorks } from "./rounds.ts";
import type { Measured, Side } from "./side.ts";
import { BOOTS, type Work } from "./work.ts";

const works: readonly Work[] = [
  { name: "integer", what: "branches", count: 1 },
  { name: "file", what: "a disk", count: 1, setup: () => "mount", command: () => "write" },
];

/** A side that writes down what it is told to do, and answers with one checksum. */
function recorder(name: string, log: string[], more: Partial<Side> & { checksum?: string } = {}): Side {
  const measured: Measured = { seconds: 1, instructions: undefined, checksum: more.checksum ?? "5" };
  const note = <T>(text: string, answer: T): Promise<T> => {
    log.push(`${name} ${text}`);
    return Promise.resolve(answer);
  };
  return {
    name,
    architecture: "riscv64",
    excuse: () => undefined,
    boot: (commandLine) => note(`boots ${commandLine}`, measured),
    start: (prepared) => note(`starts for ${prepared.map((work) => work.name).join()}`, undefined),
    measure: (work) => note(work.name, measured),
    close: () => note("closes", undefined),
    ...more,
  };
}

const silent = () => {};

test("each round gives every work to every side in turn", async () => {
  const log: string[] = [];
  const sides = [recorder("a", log), recorder("b", log)];
  const rows = await measureWorks(sides, works, { rounds: 2, say: silent });
  const round = ["a integer", "b integer", "a file", "b file"];
  expect(log).toEqual(["a starts for integer,file", "b starts for integer,file", ...round, ...round]);
  expect(rows.map(({ bySide }) => [bySide["a"]?.length, bySide["b"]?.length])).toEqual([
    [2, 2],
    [2, 2],
  ]);
});

test("a side is not given what it has an excuse for, and the row says so", async () => {
  const log: string[] = [];
  const side = recorder("a", log, { excuse: (name) => (name === "file" ? "needs a guest" : undefined) });
  const rows = await measureWorks([side], works, { rounds: 1, say: silent });
  expect(log).toEqual(["a starts for integer", "a integer"]);
  expect(rows[1]).toEqual({ name: "file", what: "a disk", bySide: {}, excuses: { a: "needs a guest" } });
});

test("machines boot one at a time, with each command line", async () => {
  const log: string[] = [];
  await measureBoots([recorder("a", log), recorder("b", log)], BOOTS, { rounds: 1, say: silent });
  expect(log).toEqual(
    ["fast", "debian-default"].flatMap((line) => [`a boots ${line}`, "a closes", `b boots ${line}`, "b closes"]),
  );
});

test("machines that boot slowly sit every other round out", async () => {
  const sides = [recorder("a", []), recorder("b", [], { bootsSlowly: true })];
  const [row] = await measureBoots(sides, BOOTS, { rounds: 5, say: silent });
  expect([row?.bySide["a"]?.length, row?.bySide["b"]?.length]).toEqual([5, 3]);
});

test("sides that disagree about a result end the run at once", async () => {
  const log: string[] = [];
  const sides = [recorder("a", log), recorder("b", log, { checksum: "6" })];
  await expect(measureWorks(sides, works, { rounds: 5, say: silent })).rejects.toThrow("disagree about integer");
  expect(log.slice(2)).toEqual(["a integer", "b integer"]);
});
