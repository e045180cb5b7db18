/** A control-flow graph over nodes 0…n-1, entered at some of them. */
export interface FlowGraph {
  readonly successors: readonly (readonly number[])[];
  readonly entries: readonly number[];
}

/**
 * How a graph is said in structured control flow (Ramsey, "Beyond Relooper", ICFP 2022): a node's children in the dominator tree
 * stand within it or, where several edges lead to one, after a block around it. Node n is the dispatcher: what is
 * entered from outside, and loops that have more than one way in, go through it.
 */
export interface FlowPlan {
  /** What the dispatcher goes to: the entries in their order, then what else needs it. */
  readonly dispatched: readonly number[];
  /** Nodes that edges lead back to from within what they dominate. */
  readonly isLoop: readonly boolean[];
  /** For each node, those nodes that it dominates at once and that a block must end before, in reverse postorder. */
  readonly merges: readonly (readonly number[])[];
  edge(from: number, to: number): EdgeKind;
}

/**
 * - `inline`: `to` stands where the edge leaves, since no other leads to it
 * - `forward`: to the end of the block before `to`
 * - `back`: to the start of the loop `to`
 * - `dispatch`: by its number in `dispatched`, through the dispatcher
 */
export type EdgeKind = "inline" | "forward" | "back" | "dispatch";

/** Plans the structure of a graph. */
export function planFlow({ successors, entries }: FlowGraph): FlowPlan {
  const dispatched = [...entries];
  const detours = new Set<string>();
  for (;;) {
    const tree = new DominatorTree(successors, dispatched, detours);
    const irreducible = tree.irreducibleEdges();
    if (irreducible.length === 0) return new Plan(tree, dispatched, detours);
    for (const [from, to] of irreducible) {
      detours.add(`${from}>${to}`);
      if (!dispatched.includes(to)) dispatched.push(to);
    }
  }
}

/** Immediate dominators by Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm". */
class DominatorTree {
  readonly root: number;
  readonly order: readonly number[];
  readonly position: Int32Array;
  readonly parent: Int32Array;
  readonly predecessors: readonly number[][];
  readonly #successorsOf: (node: number) => readonly number[];

  constructor(successors: readonly (readonly number[])[], dispatched: readonly number[], detours: ReadonlySet<string>) {
    this.root = successors.length;
    const direct = successors.map((to, from) => to.filter((node) => !detours.has(`${from}>${node}`)));
    this.#successorsOf = (node) => (node === this.root ? dispatched : (direct[node] ?? []));
    this.order = this.#reversePostorder();
    this.position = new Int32Array(this.root + 1).fill(-1);
    for (const [index, node] of this.order.entries()) this.position[node] = index;
    this.predecessors = Array.from({ length: this.root + 1 }, () => []);
    for (const node of this.order) for (const to of this.#successorsOf(node)) this.predecessors[to]?.push(node);
    this.parent = this.#dominators();
  }

  dominates(a: number, b: number): boolean {
    let node = b;
    while (this.at(node) > this.at(a)) node = this.parent[node] ?? this.root;
    return node === a;
  }

  at(node: number): number {
    return this.position[node] ?? -1;
  }

  /** Edges back to a node that does not dominate where they come from. */
  irreducibleEdges(): (readonly [number, number])[] {
    return this.order.flatMap((from) =>
      this.#successorsOf(from)
        .filter((to) => this.at(to) <= this.at(from) && !this.dominates(to, from))
        .map((to) => [from, to] as const),
    );
  }

  #reversePostorder(): number[] {
    const seen = new Set<number>([this.root]);
    const finished: number[] = [];
    const stack = [{ node: this.root, next: 0 }];
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const to = this.#successorsOf(top.node)[top.next++];
      if (to === undefined) {
        finished.push(top.node);
        stack.pop();
      } else if (!seen.has(to)) {
        seen.add(to);
        stack.push({ node: to, next: 0 });
      }
    }
    return finished.toReversed();
  }

  #dominators(): Int32Array {
    const parent = new Int32Array(this.root + 1).fill(-1);
    parent[this.root] = this.root;
    for (let changed = true; changed;) {
      changed = false;
      for (const node of this.order) {
        if (node === this.root) continue;
        const known = (this.predecessors[node] ?? []).filter((from) => parent[from] !== -1);
        const nearest = known.reduce((a, b) => this.#intersect(parent, a, b));
        if (parent[node] === nearest) continue;
        parent[node] = nearest;
        changed = true;
      }
    }
    return parent;
  }

  #intersect(parent: Int32Array, a: number, b: number): number {
    let [one, other] = [a, b];
    while (one !== other) {
      while (this.at(one) > this.at(other)) one = parent[one] ?? this.root;
      while (this.at(other) > this.at(one)) other = parent[other] ?? this.root;
    }
    return one;
  }
}

class Plan implements FlowPlan {
  readonly dispatched: readonly number[];
  readonly isLoop: readonly boolean[];
  readonly merges: readonly (readonly number[])[];
  readonly #tree: DominatorTree;
  readonly #detours: ReadonlySet<string>;
  readonly #isMerge: readonly boolean[];

  constructor(tree: DominatorTree, dispatched: readonly number[], detours: ReadonlySet<string>) {
    this.#tree = tree;
    this.#detours = detours;
    this.dispatched = dispatched;
    const nodes = Array.from({ length: tree.root + 1 }, (_, node) => node);
    const forward = (node: number): number[] =>
      (tree.predecessors[node] ?? []).filter((from) => tree.at(from) < tree.at(node));
    this.isLoop = nodes.map((node) => (tree.predecessors[node] ?? []).some((from) => tree.at(from) >= tree.at(node)));
    this.#isMerge = nodes.map((node) => node !== tree.root && (forward(node).length > 1 || dispatched.includes(node)));
    const merges: number[][] = nodes.map(() => []);
    for (const node of tree.order) if (this.#isMerge[node]) merges[tree.parent[node] ?? tree.root]?.push(node);
    this.merges = merges;
  }

  edge(from: number, to: number): EdgeKind {
    if (this.#detours.has(`${from}>${to}`)) return "dispatch";
    if (this.#tree.at(to) <= this.#tree.at(from)) return "back";
    return this.#isMerge[to] ? "forward" : "inline";
  }
}
