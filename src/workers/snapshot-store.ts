import { packPages, PageSet, isZeroPage } from "#base/page-set.ts";
import type { GuestMemory } from "#memory/guest-memory.ts";
import { PAGE_BYTES, PageFlag } from "#memory/layout.ts";
import type { OpaqueParts, SnapshotRecord } from "#protocol/messages.ts";

interface Node {
  readonly id: string;
  readonly parent: string | undefined;
  readonly parts: OpaqueParts;
  readonly pages: PageSet;
  /** By page number: 0 not here, -1 a page of zeros, n ≥ 1 slot n of `pages`. */
  readonly index: Int32Array;
}

/**
 * A guest's snapshots as its worker holds them, and RAM's way back to any of them.
 *
 * Below every root lies RAM full of zeros. A page's content in a snapshot is in the nearest of it and its ancestors
 * that holds the page. What differs between RAM and the snapshot it stands on are the pages flagged dirty.
 */
export class SnapshotStore {
  readonly #memory: GuestMemory;
  readonly #nodes = new Map<string, Node>();
  #standsOn: Node | undefined;

  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  /** Adds a node made elsewhere, or replaces it; throws PageSetError or where its parent is not known. */
  add({ id, parent, pages, parts }: SnapshotRecord): void {
    if (parent !== undefined) this.#node(parent);
    const set = new PageSet(pages, this.#memory.layout.pageCount);
    const node = { id, parent, parts, pages: set, index: this.#indexOf(set) };
    this.#nodes.set(id, node);
    if (this.#standsOn?.id === id) this.#standsOn = node;
  }

  forget(id: string): void {
    if (this.#standsOn?.id === id) throw new Error("the machine stands on this snapshot");
    this.#nodes.delete(id);
  }

  parts(id: string): OpaqueParts {
    return this.#node(id).parts;
  }

  /** Packs what differs from the snapshot that RAM stands on. With `adopt` it stands on the new one from then on. The caller's to give away. */
  take(id: string, parts: OpaqueParts, adopt: boolean): ArrayBuffer {
    const pages = packPages(this.#memory.ram, this.#standsOn ? this.#dirtyPages() : this.#nonZeroPages());
    if (adopt) {
      this.add({ id, parent: this.#standsOn?.id, pages: pages.slice(0), parts });
      this.#standsOn = this.#node(id);
      this.#clean();
    }
    return pages;
  }

  /** Makes RAM what it was at a snapshot; returns how many pages that changed. Whoever caches RAM must drop its caches. */
  restore(id: string): number {
    const target = this.#node(id);
    const chain = this.#chain(target);
    const differing = this.#differing(target, chain);
    for (const page of differing) this.#copyBack(page, chain);
    this.#standsOn = target;
    return differing.length;
  }

  #copyBack(page: number, chain: readonly Node[]): void {
    const { ram, pageFlags } = this.#memory;
    const flags = pageFlags[page] ?? 0;
    const start = page * PAGE_BYTES;
    const source = contents(page, chain);
    if (source) ram.set(source, start);
    else ram.fill(0, start, start + PAGE_BYTES);
    if (flags & PageFlag.code) this.#memory.dropCode(page);
    pageFlags[page] = flags & ~PageFlag.dirty;
  }

  /** Pages that may differ between RAM and the target: dirty ones, and all that lie between both snapshots in the tree. */
  #differing(target: Node, chain: readonly Node[]): readonly number[] {
    const dirty = this.#dirtyPages();
    if (this.#standsOn === target) return dirty;
    const standing = this.#standsOn ? this.#chain(this.#standsOn) : [];
    const shared = new Set(standing.filter((node) => chain.includes(node)));
    const pages = new Set(dirty);
    for (const node of [...standing, ...chain]) {
      if (shared.has(node)) continue;
      for (let index = 0; index < node.pages.entries.length; index += 2) pages.add(node.pages.entries[index] ?? 0);
    }
    return [...pages];
  }

  #dirtyPages(): number[] {
    const { pageFlags } = this.#memory;
    const pages: number[] = [];
    for (let page = 0; page < pageFlags.length; page++) {
      if ((pageFlags[page] ?? 0) & PageFlag.dirty) pages.push(page);
    }
    return pages;
  }

  #nonZeroPages(): number[] {
    const { ram, layout } = this.#memory;
    const pages: number[] = [];
    for (let page = 0; page < layout.pageCount; page++) if (!isZeroPage(ram, page)) pages.push(page);
    return pages;
  }

  #clean(): void {
    const { pageFlags } = this.#memory;
    for (let page = 0; page < pageFlags.length; page++) pageFlags[page] = (pageFlags[page] ?? 0) & ~PageFlag.dirty;
  }

  /** From the node up to its root. */
  #chain(node: Node): readonly Node[] {
    const chain = [node];
    for (let at = node.parent; at !== undefined; at = chain.at(-1)?.parent) {
      const parent = this.#node(at);
      if (chain.includes(parent)) throw new Error("the snapshot tree has a cycle");
      chain.push(parent);
    }
    return chain;
  }

  #node(id: string): Node {
    const node = this.#nodes.get(id);
    if (!node) throw new Error(`the worker has no snapshot ${id}`);
    return node;
  }

  #indexOf(set: PageSet): Int32Array {
    const index = new Int32Array(this.#memory.layout.pageCount);
    for (let at = 0; at < set.entries.length; at += 2) index[set.entries[at] ?? 0] = set.entries[at + 1] || -1;
    return index;
  }
}

function contents(page: number, chain: readonly Node[]): Uint8Array | undefined {
  for (const node of chain) {
    const slot = node.index[page] ?? 0;
    if (slot > 0) return node.pages.slot(slot);
    if (slot < 0) return undefined;
  }
  return undefined;
}
