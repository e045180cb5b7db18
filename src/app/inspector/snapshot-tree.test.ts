import { expect, test } from "vitest";
import { snapshotRows } from "./snapshot-tree.ts";

function snapshot(id: string, parent: string | undefined, createdAt: number) {
  return { id, label: id, parent, createdAt, bytes: 0 };
}

function drawn(snapshots: Parameters<typeof snapshotRows>[0]): readonly string[] {
  return snapshotRows(snapshots).map(({ snapshot: { id }, depth }) => " ".repeat(depth) + id);
}

test("a chain stays in one column", () => {
  expect(drawn([snapshot("a", undefined, 1), snapshot("b", "a", 2), snapshot("c", "b", 3)])).toEqual(["a", "b", "c"]);
});

test("branches are set in, the newest goes on straight", () => {
  const rows = snapshotRows([snapshot("a", undefined, 1), snapshot("c", "a", 3), snapshot("b", "a", 2)]);
  expect(rows.map(({ snapshot: { id }, depth, branches }) => [id, depth, branches])).toEqual([
    ["a", 0, false],
    ["b", 1, true],
    ["c", 0, false],
  ]);
  expect(rows.map(({ above, below }) => [above, below])).toEqual([
    [[], [0]],
    [[0], [0]],
    [[0], []],
  ]);
});

test("a snapshot whose parent is unknown is a root, not lost", () => {
  expect(drawn([snapshot("b", "gone", 2), snapshot("a", undefined, 1)])).toEqual(["a", "b"]);
});
