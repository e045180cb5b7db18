import { describe, expect, test } from "vitest";
import { mergePageSets, PageSet } from "#base/page-set.ts";
import { GuestMemory } from "#memory/guest-memory.ts";
import { PageFlag, RAM_BASE } from "#memory/layout.ts";
import { SnapshotStore } from "./snapshot-store.ts";

function store() {
  const memory = new GuestMemory(1);
  const snapshots = new SnapshotStore(memory);
  const write = (page: number, value: number) => memory.fill(RAM_BASE + page * 4096, 4096, value);
  const read = (...pages: number[]) => pages.map((page) => memory.ram[page * 4096 + 4095]);
  const take = (id: string) => snapshots.take(id, { id }, true);
  return { memory, snapshots, write, read, take };
}

describe("snapshots of RAM", () => {
  test("going back undoes every write since, and only those pages are touched", () => {
    const { memory, snapshots, write, read, take } = store();
    write(3, 7);
    take("a");
    expect(memory.pageFlags.some((flags) => flags & PageFlag.dirty)).toBe(false);
    write(3, 8);
    write(200, 9);
    expect(snapshots.restore("a")).toBe(2);
    expect(read(3, 200)).toEqual([7, 0]);
    expect(snapshots.restore("a")).toBe(0);
  });

  test("any node of the tree is reached from any other", () => {
    const { snapshots, write, read, take } = store();
    write(1, 1);
    take("root");
    write(2, 2);
    take("left");
    write(1, 0);
    take("left leaf");
    snapshots.restore("root");
    write(3, 3);
    take("right");
    const states = { root: [1, 0, 0], left: [1, 2, 0], "left leaf": [0, 2, 0], right: [1, 0, 3] };
    for (const from of Object.keys(states)) {
      for (const [to, contents] of Object.entries(states)) {
        snapshots.restore(from);
        write(4, 99);
        write(1, 55);
        snapshots.restore(to);
        expect([to, ...read(1, 2, 3, 4)]).toEqual([to, ...contents, 0]);
      }
    }
  });

  test("another worker with the same nodes reaches the same states", () => {
    const first = store();
    first.write(1, 1);
    const root = first.take("root");
    first.write(1, 2);
    first.write(5, 5);
    const leaf = first.take("leaf");
    const second = store();
    second.write(9, 9);
    second.snapshots.add({ id: "root", parent: undefined, pages: root, parts: {} });
    second.snapshots.add({ id: "leaf", parent: "root", pages: leaf, parts: {} });
    second.snapshots.restore("leaf");
    expect(Buffer.compare(second.memory.ram, first.memory.ram)).toBe(0);
  });

  test("a node that goes leaves its children whole", () => {
    const { snapshots, write, read, take, memory } = store();
    write(1, 1);
    const root = take("root");
    write(2, 2);
    const leaf = take("leaf");
    const pageCount = memory.layout.pageCount;
    const merged = mergePageSets(new PageSet(root, pageCount), new PageSet(leaf, pageCount));
    snapshots.add({ id: "leaf", parent: undefined, pages: merged, parts: {} });
    snapshots.forget("root");
    write(1, 9);
    write(2, 9);
    snapshots.restore("leaf");
    expect(read(1, 2)).toEqual([1, 2]);
    expect(() => snapshots.forget("leaf")).toThrow(/stands on/);
    expect(() => snapshots.restore("root")).toThrow(/no snapshot/);
  });

  test("a fork's snapshot leaves the guest where it stands", () => {
    const { snapshots, write, read, take } = store();
    take("root");
    write(1, 1);
    snapshots.take("fork", {}, false);
    snapshots.restore("root");
    expect(read(1)).toEqual([0]);
  });
});
