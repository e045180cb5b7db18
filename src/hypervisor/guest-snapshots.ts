import { PageSet, PageSetError } from "#base/page-set.ts";
import type { SnapshotRecord } from "#protocol/messages.ts";
import { TabvisorError, type SnapshotSummary } from "#protocol/tabvisor.ts";
import type { GuestConsole } from "#hypervisor/console/guest-console.ts";
import type { GuestLog } from "./guest-log.ts";
import type { GuestMachine } from "./guest-machine.ts";
import { recordOf, SnapshotTree, summaryOf, type SnapshotNode } from "./snapshot-tree.ts";

/** What snapshots are taken of, and who is told. */
export interface SnapshotSubject {
  /** The guest's, which no other has: ids of its snapshots begin with it. */
  readonly id: string;
  readonly name: () => string;
  readonly pageCount: number;
  readonly epoch: () => number;
  readonly machine: GuestMachine;
  readonly console: GuestConsole;
  readonly log: GuestLog;
  readonly changed: () => void;
}

/** A guest's snapshots: taken by its worker, kept here, and the one that the guest stands on. */
export class GuestSnapshots {
  readonly #subject: SnapshotSubject;
  readonly #tree: SnapshotTree;
  #taken = 0;
  standsOn: string | undefined;

  constructor(subject: SnapshotSubject) {
    this.#subject = subject;
    this.#tree = new SnapshotTree(subject.pageCount);
  }

  get(id: string): SnapshotNode {
    return this.#tree.get(id);
  }

  summaries(): readonly SnapshotSummary[] {
    return this.#tree.summaries();
  }

  get bytes(): number {
    return this.summaries().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  records(): readonly SnapshotRecord[] {
    return this.#tree.all().map(recordOf);
  }

  /** What another guest had. */
  addChain(chain: readonly SnapshotNode[]): void {
    for (const node of chain) this.#tree.add(node);
  }

  rename(id: string, label: string): void {
    this.#tree.rename(id, label);
    this.#subject.changed();
  }

  /** A snapshot that the guest stands on from now on. Rejects with a TabvisorError. */
  async adopt(label: string, automatic: boolean): Promise<SnapshotSummary> {
    const node = await this.#take(label, { adopt: true, automatic });
    this.#tree.add(node);
    this.standsOn = node.id;
    const mebibytes = node.pages.dataBytes / 2 ** 20;
    this.#subject.log.add("info", `Snapshot “${node.label}”: ${mebibytes.toFixed(1)} MiB.`);
    this.#subject.changed();
    return summaryOf(node);
  }

  /** A snapshot for another guest, with all that it rests on; this guest stands where it stood. */
  async chainToNow(label: string): Promise<readonly SnapshotNode[]> {
    const node = await this.#take(label, { adopt: false, automatic: false });
    const chain = this.standsOn === undefined ? [] : this.#tree.chainTo(this.standsOn);
    return [...chain, node];
  }

  delete(id: string): void {
    if (id === this.standsOn) {
      throw new TabvisorError("The guest stands on this snapshot. Reset it to another one first.");
    }
    const children = this.#tree.delete(id);
    this.#subject.machine.link?.post({ type: "forget", id, children: children.map(recordOf) });
    this.#subject.changed();
  }

  /** Those that the hypervisor took by itself and that nothing rests on. */
  deleteStale(): void {
    const stale = this.#tree.all().filter(({ id, automatic }) => automatic && this.#tree.childrenOf(id).length === 0);
    for (const { id } of stale) this.delete(id);
  }

  freeLabel(): string {
    const labels = new Set(this.summaries().map(({ label }) => label));
    for (let number = 1; ; number++) {
      if (!labels.has(`Snapshot ${number}`)) return `Snapshot ${number}`;
    }
  }

  async #take(label: string, { adopt, automatic }: { adopt: boolean; automatic: boolean }): Promise<SnapshotNode> {
    const { id: guestId, name, machine, console, epoch, pageCount } = this.#subject;
    const id = `${guestId}-${++this.#taken}`;
    const link = machine.linked(name());
    const parent = this.standsOn;
    const { pages, parts } = await link.request<"snapshot">({ type: "snapshot", id, adopt });
    try {
      const screen = console.screen();
      return { id, label, parent, automatic, parts, createdAt: epoch(), pages: new PageSet(pages, pageCount), screen };
    } catch (error) {
      if (!(error instanceof PageSetError)) throw error;
      link.breakOff(`The guest's worker gave a snapshot that cannot be (${error.message}).`);
      throw new TabvisorError("The snapshot was not taken: the guest's worker is broken. Reset the guest.");
    }
  }
}
