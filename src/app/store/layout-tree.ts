/** A pane: guests as tabs, one of them in front. */
export interface PaneGroup {
  readonly kind: "group";
  readonly id: string;
  readonly tabs: readonly string[];
  readonly active: string;
}

/** Panes beside each other (`row`) or above each other (`column`); `sizes` are percentages. */
export interface PaneSplit {
  readonly kind: "split";
  readonly id: string;
  readonly direction: "row" | "column";
  readonly children: readonly LayoutNode[];
  readonly sizes: readonly number[];
}

export type LayoutNode = PaneGroup | PaneSplit;
export type Edge = "left" | "right" | "top" | "bottom";

/** Where a tab may be put: into the pane itself or at one of its edges. */
export interface Place {
  readonly groupId: string;
  readonly at: Edge | "centre";
}

/** Every pane, first to last. */
export function groups(node: LayoutNode | undefined): readonly PaneGroup[] {
  if (!node) return [];
  return node.kind === "group" ? [node] : node.children.flatMap(groups);
}

/** The pane that holds the guest. */
export function groupOf(node: LayoutNode | undefined, guestId: string): PaneGroup | undefined {
  return groups(node).find(({ tabs }) => tabs.includes(guestId));
}

/** Puts a new guest on the screen: beside the others while there is room for a tile, then as a tab. */
export function withGuest(
  node: LayoutNode | undefined,
  guestId: string,
  focusedGroup: string | undefined,
  maxTiles: number,
): LayoutNode {
  if (!node) return groupWith(guestId);
  if (groupOf(node, guestId)) return withActive(node, guestId);
  const panes = groups(node);
  const last = panes[panes.length - 1]!;
  if (panes.length >= maxTiles) {
    const target = panes.find(({ id }) => id === focusedGroup) ?? last;
    return placed(node, guestId, { groupId: target.id, at: "centre" });
  }
  return placed(node, guestId, { groupId: last.id, at: panes.length === 1 ? "right" : "bottom" });
}

/** The same panes with the guest's tab in front of its pane. */
export function withActive(node: LayoutNode, guestId: string): LayoutNode {
  if (node.kind === "split") {
    return { ...node, children: node.children.map((child) => withActive(child, guestId)) };
  }
  return node.tabs.includes(guestId) ? { ...node, active: guestId } : node;
}

/** The panes without one guest; empty panes vanish and splits of one child too. */
export function withoutGuest(node: LayoutNode | undefined, guestId: string): LayoutNode | undefined {
  return withOnly(node, (id) => id !== guestId);
}

/** The panes with only those guests that `exists` accepts. */
export function withOnly(node: LayoutNode | undefined, exists: (guestId: string) => boolean): LayoutNode | undefined {
  if (!node) return undefined;
  if (node.kind === "group") return groupWithOnly(node, exists);
  const kept = node.children
    .map((child, index) => ({ child: withOnly(child, exists), size: node.sizes[index] ?? 1 }))
    .filter((entry): entry is { child: LayoutNode; size: number } => entry.child !== undefined);
  if (kept.length <= 1) return kept[0]?.child;
  if (kept.length === node.children.length) {
    return { ...node, children: kept.map(({ child }) => child) };
  }
  const sizes = normalised(kept.map(({ size }) => size));
  return { ...node, id: newId(), children: kept.map(({ child }) => child), sizes };
}

/** Moves a guest's tab into a pane or to a new pane at its edge; unknown places change nothing. */
export function placed(node: LayoutNode, guestId: string, place: Place): LayoutNode {
  const target = groups(node).find(({ id }) => id === place.groupId);
  if (!target) return node;
  const alone = target.tabs.length === 1 && target.tabs[0] === guestId;
  if (alone) return node;
  if (place.at === "centre" && target.tabs.includes(guestId)) return withActive(node, guestId);
  const rest = withoutGuest(node, guestId);
  return rest ? inserted(rest, guestId, place) : groupWith(guestId);
}

/** The same panes with other sizes in one split. */
export function withSizes(node: LayoutNode, splitId: string, sizes: readonly number[]): LayoutNode {
  if (node.kind === "group") return node;
  if (node.id === splitId) return { ...node, sizes };
  return { ...node, children: node.children.map((child) => withSizes(child, splitId, sizes)) };
}

function inserted(node: LayoutNode, guestId: string, { groupId, at }: Place): LayoutNode {
  if (node.kind === "split") {
    const children = node.children.map((child) => inserted(child, guestId, { groupId, at }));
    return flattened({ ...node, children });
  }
  if (node.id !== groupId) return node;
  if (at === "centre") return { ...node, tabs: [...node.tabs, guestId], active: guestId };
  const direction = at === "left" || at === "right" ? "row" : "column";
  const added = groupWith(guestId);
  const children = at === "left" || at === "top" ? [added, node] : [node, added];
  return { kind: "split", id: newId(), direction, children, sizes: [50, 50] };
}

/** A row within a row is one row. */
function flattened(split: PaneSplit): PaneSplit {
  const isNested = (child: LayoutNode) => child.kind === "split" && child.direction === split.direction;
  if (!split.children.some(isNested)) return split;
  const children: LayoutNode[] = [];
  const sizes: number[] = [];
  for (const [index, child] of split.children.entries()) {
    const size = split.sizes[index] ?? 0;
    if (child.kind === "split" && child.direction === split.direction) {
      children.push(...child.children);
      sizes.push(...child.sizes.map((part) => (part * size) / 100));
    } else {
      children.push(child);
      sizes.push(size);
    }
  }
  return { ...split, id: newId(), children, sizes: normalised(sizes) };
}

function groupWithOnly(group: PaneGroup, exists: (guestId: string) => boolean): PaneGroup | undefined {
  const tabs = group.tabs.filter(exists);
  const [first] = tabs;
  if (first === undefined) return undefined;
  if (tabs.length === group.tabs.length) return group;
  return { ...group, tabs, active: tabs.includes(group.active) ? group.active : first };
}

function groupWith(guestId: string): PaneGroup {
  return { kind: "group", id: newId(), tabs: [guestId], active: guestId };
}

function normalised(sizes: readonly number[]): readonly number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0) || 1;
  return sizes.map((size) => (size * 100) / total);
}

function newId(): string {
  return `pane-${Math.random().toString(36).slice(2, 10)}`;
}
