import { mergePageSets, PageSet } from "#base/page-set.ts";
import type { OpaqueParts, SnapshotRecord } from "#protocol/messages.ts";
import { TabvisorError, type SnapshotSummary } from "#protocol/tabvisor.ts";

/** One snapshot: what differs from its parent, and what the machine had besides RAM. */
export interface SnapshotNode {
  readonly id: string;
  readonly label: string;
  readonly parent: string | undefined;
  readonly createdAt: number;
  /** Taken by the hypervisor itself, and replaced by the next such one. */
  readonly automatic: boolean;
  readonly pages: PageSet;
  readonly parts: OpaqueParts;
  /** What a terminal must be given to show the screen as it was. */
  readonly screen: Uint8Array<ArrayBuffer>;
}

/** A guest's snapshots. Nodes are replaced, never changed. */
export class SnapshotTree {
  readonly #pageCount: number;
  readonly #nodes = new Map<string, SnapshotNode>();

  constructor(pageCount: number) {
    this.#pageCount = pageCount;
  }

  get(id: string): SnapshotNode {
    const node = this.#nodes.get(id);
    if (!node) throw new TabvisorError(`There is no snapshot “${id}”.`);
    return node;
  }

  has(id: string): boolean {
    return this.#nodes.has(id);
  }

  add(node: SnapshotNode): void {
    this.#nodes.set(node.id, node);
  }

  rename(id: string, label: string): void {
    this.#nodes.set(id, { ...this.get(id), label });
  }

  childrenOf(id: string): readonly SnapshotNode[] {
    return [...this.#nodes.values()].filter((node) => node.parent === id);
  }

  /** Takes a node out; its children now hang on its parent, and hold what it held. Returns them. */
  delete(id: string): readonly SnapshotNode[] {
    const node = this.get(id);
    const children = this.childrenOf(id).map((child) => ({
      ...child,
      parent: node.parent,
      pages: new PageSet(mergePageSets(node.pages, child.pages), this.#pageCount),
    }));
    this.#nodes.delete(id);
    for (const child of children) this.#nodes.set(child.id, child);
    return children;
  }

  /** From the root down to the node. */
  chainTo(id: string): readonly SnapshotNode[] {
    const chain: SnapshotNode[] = [];
    for (let at: string | undefined = id; at !== undefined; at = this.get(at).parent) chain.unshift(this.get(at));
    return chain;
  }

  /** All, parents before children. */
  all(): readonly SnapshotNode[] {
    const placed = new Set<string | undefined>([undefined]);
    const ordered: SnapshotNode[] = [];
    let waiting = [...this.#nodes.values()];
    while (waiting.length > 0) {
      const ready = waiting.filter((node) => placed.has(node.parent));
      if (ready.length === 0) throw new Error("the snapshot tree has a cycle");
      for (const node of ready) placed.add(node.id);
      ordered.push(...ready);
      waiting = waiting.filter((node) => !placed.has(node.id));
    }
    return ordered;
  }

  summaries(): readonly SnapshotSummary[] {
    return [...this.#nodes.values()].map(summaryOf);
  }
}

/** What of a snapshot a person sees. */
export function summaryOf({ id, label, parent, createdAt, pages }: SnapshotNode): SnapshotSummary {
  return { id, label, parent, createdAt, bytes: pages.dataBytes };
}

/** What of a snapshot a worker needs. */
export function recordOf({ id, parent, pages, parts }: SnapshotNode): SnapshotRecord {
  return { id, parent, pages: pages.buffer, parts };
}
