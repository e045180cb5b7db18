import { PageSet, PageSetError } from "#base/page-set.ts";
import { TabvisorError, type SnapshotSummary } from "#protocol/tabvisor.ts";
import type { Turn } from "./acts.ts";
import type { GuestConsole } from "./guest-console.ts";
import type { GuestMachine } from "./guest-machine.ts";
import { recordOf, SnapshotTree, type SnapshotNode } from "./snapshot-tree.ts";

/** What a guest's snapshots belong to. */
export interface GuestSnapshotsOptions {
  readonly guestId: string;
  readonly memoryMiB: number;
  readonly console: GuestConsole;
  /** Milliseconds since 1970. */
  readonly epoch: () => number;
}

/** A guest's snapshots, and which of them its machine stands on. */
export class GuestSnapshots {
  readonly #options: GuestSnapshotsOptions;
  readonly #pageCount: number;
  readonly #tree: SnapshotTree;
  #taken = 0;
  /** The snapshot that the machine's clean pages are those of. */
  standsOn: string | undefined;

  constructor(options: GuestSnapshotsOptions) {
    this.#options = options;
    this.#pageCount = (options.memoryMiB * 2 ** 20) / 4096;
    this.#tree = new SnapshotTree(this.#pageCount);
  }

  /** Throws a TabvisorError where there is none of that id. */
  get(id: string): SnapshotNode {
    return this.#tree.get(id);
  }

  add(node: SnapshotNode): void {
    this.#tree.add(node);
  }

  rename(id: string, label: string): void {
    this.#tree.rename(id, label);
  }

  summaries(): readonly SnapshotSummary[] {
    return this.#tree.summaries();
  }

  /** All as workers take them, parents before children. */
  records(): readonly ReturnType<typeof recordOf>[] {
    return this.#tree.all().map(recordOf);
  }

  /** Bytes of all of them together. */
  get bytes(): number {
    return this.summaries().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** From the root to the one that the machine stands on. */
  chain(): readonly SnapshotNode[] {
    return this.standsOn === undefined ? [] : this.#tree.chainTo(this.standsOn);
  }

  /** “Snapshot 3”, or what the next free number is. */
  freeLabel(): string {
    const labels = new Set(this.summaries().map(({ label }) => label));
    for (let number = 1; ; number++) {
      if (!labels.has(`Snapshot ${number}`)) return `Snapshot ${number}`;
    }
  }

  /** Takes one and makes the machine stand on it. */
  async take(turn: Turn, machine: GuestMachine, label: string, automatic: boolean): Promise<SnapshotNode> {
    const node = await this.#packed(turn, machine, label, { adopt: true, automatic });
    this.#tree.add(node);
    this.standsOn = node.id;
    return node;
  }

  /** Takes one that is no part of the tree: another guest will start from it. */
  takeApart(turn: Turn, machine: GuestMachine, label: string): Promise<SnapshotNode> {
    return this.#packed(turn, machine, label, { adopt: false, automatic: false });
  }

  /** Refuses the one that the machine stands on. */
  delete(id: string, machine: GuestMachine | undefined): void {
    if (id === this.standsOn) {
      throw new TabvisorError("The guest stands on this snapshot. Reset it to another one first.");
    }
    const children = this.#tree.delete(id);
    machine?.forget(id, children.map(recordOf));
  }

  /** Deletes those that the hypervisor took by itself and that nothing rests on. */
  deleteStale(machine: GuestMachine | undefined): void {
    const stale = this.#tree.all().filter(({ id, automatic }) => automatic && this.#tree.childrenOf(id).length === 0);
    for (const { id } of stale) this.delete(id, machine);
  }

  async #packed(
    turn: Turn,
    machine: GuestMachine,
    label: string,
    { adopt, automatic }: { adopt: boolean; automatic: boolean },
  ): Promise<SnapshotNode> {
    const { guestId, epoch, console } = this.#options;
    const id = `${guestId}-${++this.#taken}`;
    const parent = this.standsOn;
    const { pages, parts } = await machine.snapshot(id, adopt);
    turn.check();
    try {
      return {
        id,
        label,
        parent,
        automatic,
        parts,
        createdAt: epoch(),
        pages: new PageSet(pages, this.#pageCount),
        screen: console.screen(),
      };
    } catch (error) {
      if (!(error instanceof PageSetError)) throw error;
      machine.breakOff(`The guest's worker gave a snapshot that cannot be (${error.message}).`);
      throw new TabvisorError("The snapshot was not taken: the guest's worker is broken. Reset the guest.");
    }
  }
}
