import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Edge,
  type LayoutNode,
  groupOf,
  groups,
  placed,
  withActive,
  withGuest,
  withOnly,
  withSizes,
  withoutGuest,
} from "./layout-tree.ts";

function opened(...guestIds: readonly string[]): LayoutNode {
  let node: LayoutNode | undefined;
  for (const guestId of guestIds) node = withGuest(node, guestId, undefined, 3);
  return node!;
}

function tabs(node: LayoutNode | undefined): readonly (readonly string[])[] {
  return groups(node).map((group) => group.tabs);
}

function splitsOf(node: LayoutNode): readonly LayoutNode[] {
  return node.kind === "group" ? [] : [node, ...node.children.flatMap(splitsOf)];
}

describe("new guests", () => {
  test("tile the screen while there is room, then become tabs", () => {
    expect(tabs(opened("a"))).toEqual([["a"]]);
    expect(opened("a", "b")).toMatchObject({ kind: "split", direction: "row" });
    expect(tabs(opened("a", "b", "c"))).toEqual([["a"], ["b"], ["c"]]);
    expect(tabs(opened("a", "b", "c", "d"))).toEqual([["a"], ["b"], ["c", "d"]]);
  });

  test("go to the pane that has the keyboard", () => {
    const three = opened("a", "b", "c");
    expect(tabs(withGuest(three, "d", groupOf(three, "a")!.id, 3))).toEqual([["a", "d"], ["b"], ["c"]]);
  });

  test("are tabs at once where there is no room for tiles", () => {
    expect(tabs(withGuest(opened("a"), "b", undefined, 1))).toEqual([["a", "b"]]);
  });

  test("that are on the screen already come to the front", () => {
    const node = placed(opened("a", "b"), "b", { groupId: groupOf(opened("a"), "a")?.id ?? "", at: "centre" });
    expect(withGuest(node, "a", undefined, 3)).toEqual(withActive(node, "a"));
  });
});

describe("a tab", () => {
  test.each([
    ["left", "row", [["b"], ["a"]]],
    ["right", "row", [["a"], ["b"]]],
    ["top", "column", [["b"], ["a"]]],
    ["bottom", "column", [["a"], ["b"]]],
  ] as const)("dropped at the %s splits the pane", (at, direction, order) => {
    const node = opened("a", "b");
    const moved = placed(node, "b", { groupId: groupOf(node, "a")!.id, at });
    expect(moved).toMatchObject({ kind: "split", direction });
    expect(tabs(moved)).toEqual(order);
  });

  test("dropped into a pane joins it in front", () => {
    const node = opened("a", "b");
    const moved = placed(node, "b", { groupId: groupOf(node, "a")!.id, at: "centre" });
    expect(moved).toMatchObject({ kind: "group", tabs: ["a", "b"], active: "b" });
  });

  test("alone in its pane cannot split it, and unknown panes change nothing", () => {
    const node = opened("a");
    expect(placed(node, "a", { groupId: groupOf(node, "a")!.id, at: "right" })).toBe(node);
    expect(placed(node, "a", { groupId: "nowhere", at: "right" })).toBe(node);
  });
});

test("when guests go, their panes go", () => {
  const node = opened("a", "b", "c");
  expect(tabs(withoutGuest(node, "b"))).toEqual([["a"], ["c"]]);
  expect(withoutGuest(opened("a"), "a")).toBeUndefined();
  expect(withOnly(node, () => false)).toBeUndefined();
});

test("sizes are kept where they were set", () => {
  const node = opened("a", "b");
  expect(withSizes(node, node.id, [30, 70])).toMatchObject({ sizes: [30, 70] });
});

const edges: readonly (Edge | "centre")[] = ["left", "right", "top", "bottom", "centre"];
const move = fc.record({ guest: fc.nat(5), target: fc.nat(5), at: fc.constantFrom(...edges), close: fc.boolean() });

test("whatever is moved and closed, every guest has one tab, and no split is empty, single or nested in its like", () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 40 }), (moves) => {
      let node: LayoutNode | undefined = opened("0", "1", "2", "3", "4", "5");
      const present = new Set(["0", "1", "2", "3", "4", "5"]);
      for (const { guest, target, at, close } of moves) {
        const guestId = String(guest);
        if (close) {
          node = withoutGuest(node, guestId);
          present.delete(guestId);
        } else if (node && present.has(guestId)) {
          const pane = groups(node)[target % groups(node).length];
          node = placed(node, guestId, { groupId: pane!.id, at });
        }
        expect(tabs(node).flat().toSorted()).toEqual([...present].toSorted());
        for (const split of node ? splitsOf(node) : []) {
          if (split.kind === "group") continue;
          expect(split.children.length).toBeGreaterThan(1);
          expect(split.sizes.length).toBe(split.children.length);
          expect(split.sizes.reduce((sum, size) => sum + size, 0)).toBeCloseTo(100);
        }
        for (const group of groups(node)) expect(group.tabs).toContain(group.active);
      }
    }),
  );
});
