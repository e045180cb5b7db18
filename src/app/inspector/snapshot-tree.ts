import type { SnapshotSummary } from "#protocol/tabvisor.ts";

/** A snapshot in its place: `depth` counts the branches on the way to it. */
export interface SnapshotRow {
  readonly snapshot: SnapshotSummary;
  readonly depth: number;
  /** Whether it was branched off a row of the depth before, not the next of a chain. */
  readonly branches: boolean;
  /** Depths at which a line comes from above into, or past, this row. */
  readonly above: readonly number[];
  /** Depths at which a line goes on below this row. */
  readonly below: readonly number[];
}

interface Placed {
  readonly snapshot: SnapshotSummary;
  readonly depth: number;
  readonly parentRow: number;
}

/**
 * The tree as rows, parents before children, older before newer. A chain stays in one column; where a snapshot has
 * several children, all but the newest are set in.
 */
export function snapshotRows(snapshots: readonly SnapshotSummary[]): readonly SnapshotRow[] {
  const rows = placedInOrder(snapshots);
  const above = rows.map(() => new Set<number>());
  const below = rows.map(() => new Set<number>());
  for (const [row, { parentRow }] of rows.entries()) {
    const depth = rows[parentRow]?.depth;
    if (depth === undefined) continue;
    for (let passed = parentRow; passed < row; passed++) {
      below[passed]?.add(depth);
      above[passed + 1]?.add(depth);
    }
  }
  return rows.map(({ snapshot, depth, parentRow }, row) => ({
    snapshot,
    depth,
    branches: (rows[parentRow]?.depth ?? depth) < depth,
    above: [...(above[row] ?? [])],
    below: [...(below[row] ?? [])],
  }));
}

function placedInOrder(snapshots: readonly SnapshotSummary[]): readonly Placed[] {
  const known = new Set(snapshots.map(({ id }) => id));
  const parentOf = ({ parent }: SnapshotSummary) => (parent !== undefined && known.has(parent) ? parent : undefined);
  const childrenOf = (parent: string | undefined) =>
    snapshots.filter((snapshot) => parentOf(snapshot) === parent).toSorted((a, b) => a.createdAt - b.createdAt);
  const rows: Placed[] = [];
  const visit = (snapshot: SnapshotSummary, depth: number, parentRow: number) => {
    const row = rows.push({ snapshot, depth, parentRow }) - 1;
    const children = childrenOf(snapshot.id);
    const newest = children.at(-1);
    for (const child of children) visit(child, child === newest ? depth : depth + 1, row);
  };
  for (const root of childrenOf(undefined)) visit(root, 0, -1);
  return rows;
}
