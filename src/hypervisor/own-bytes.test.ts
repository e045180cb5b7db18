import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { BootMessage, PageMessage } from "#protocol/messages.ts";
import { json, kernel, manifest, playedHost, settle, sha256, type PlayedWorker } from "./host.fixture.ts";
import { Hypervisor } from "./hypervisor.ts";

const initrd = new TextEncoder().encode("an initrd, ".repeat(90));
const disk = new TextEncoder().encode("a disk, ".repeat(80));

/** A hypervisor whose image has every kind of file. */
function withAllFiles() {
  const played = playedHost();
  const file = (role: "kernel" | "initrd" | "disk", bytes: Uint8Array) => {
    const gzip = new Uint8Array(gzipSync(bytes));
    const checksum = sha256(bytes);
    played.files.set(`chunks/${checksum}`, gzip);
    const chunk = { sha256: checksum, byteLength: bytes.length, storedBytes: gzip.length, encoding: "gzip" } as const;
    return { role, byteLength: bytes.length, sha256: checksum, chunks: [chunk] };
  };
  const files = [file("kernel", kernel), file("initrd", initrd), file("disk", disk)];
  played.files.set("tiny.json", json({ ...manifest, files }));
  return { ...played, tabvisor: new Hypervisor(played.host) };
}

/** All buffers of a value, shared or not, that whoever has it can write to. */
function buffersOf(value: unknown, found = new Set<ArrayBufferLike>()): Set<ArrayBufferLike> {
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) found.add(value);
  else if (ArrayBuffer.isView(value)) found.add(value.buffer);
  else if (typeof value === "object" && value !== null)
    for (const inner of Object.values(value)) buffersOf(inner, found);
  return found;
}

function scribble(value: unknown): void {
  for (const buffer of buffersOf(value)) new Uint8Array(buffer).fill(0xee);
}

function bootOf(worker: PlayedWorker | undefined): BootMessage {
  const boot = worker?.messages[0];
  if (boot?.type !== "boot") throw new Error("the first message is not boot");
  return boot;
}

function expectWhole({ kernel: booted, initrd: loaded, disks }: BootMessage): void {
  expect(new Uint8Array(booted)).toEqual(kernel);
  expect(new Uint8Array(loaded ?? new ArrayBuffer())).toEqual(initrd);
  expect(disks.map((bytes) => new Uint8Array(bytes))).toEqual([disk]);
}

describe("a corrupt worker that writes to all it was given, and to all it gave", () => {
  test("kernel, initrd and disks of the next guest are what they were", async () => {
    const { tabvisor, workers } = withAllFiles();
    await tabvisor.create({ image: "tiny" });
    scribble(bootOf(workers[0]));
    await tabvisor.create({ image: "tiny" });
    expectWhole(bootOf(workers[1]));
  });

  test("snapshots are what they were when they were taken: for its successor, its forks and its children", async () => {
    const { tabvisor, workers } = withAllFiles();
    const guest = await tabvisor.create({ image: "tiny" });
    const given: { pages: ArrayBuffer; parts: { list: Uint8Array[] } }[] = [];
    workers[0]!.answers.snapshot = (message) => {
      const page = new Uint8Array(4096 + 4096).fill(given.length + 1, 4096);
      new Uint32Array(page.buffer, 0, 4).set([1, 1, given.length, 1]);
      given.push({ pages: page.buffer, parts: { list: [Uint8Array.of(given.length + 1)] } });
      return { type: "snapshotted", requestId: (message as { requestId: number }).requestId, ...given.at(-1) };
    };
    const first = await guest.snapshot("first");
    await guest.snapshot("second");
    const truth = structuredClone(given);
    scribble(given);
    for (const message of workers[0]!.messages) scribble(message);

    const fork = await guest.fork();
    const chain = bootOf(workers[1]).snapshots;
    expect(chain.slice(0, 2).map(({ pages, parts }) => ({ pages, parts }))).toEqual(truth);
    scribble(chain);
    // Its console's rings are broken, too, so the guest goes on in a new worker.
    await guest.reset(first.id);
    const { snapshots } = bootOf(workers[2]);
    expect(snapshots.map(({ pages, parts }) => ({ pages, parts }))).toEqual(truth);
    expectWhole(bootOf(workers[2]));

    workers[1]!.fail("it died, too");
    await settle();
    await fork.reset();
    expect(
      bootOf(workers[3])
        .snapshots.slice(0, 2)
        .map(({ pages }) => pages),
    ).toEqual(truth.map(({ pages }) => pages));
  });

  test("no message shares anything but the guest's own memory", async () => {
    const { tabvisor, workers } = withAllFiles();
    const guest = await tabvisor.create({ image: "tiny" });
    const first = await guest.snapshot("first");
    await guest.snapshot("second");
    await guest.fork();
    await guest.reset(first.id);
    await guest.snapshot("third");
    await guest.reset();
    const second = guest.snapshots().find(({ label }) => label === "second");
    await guest.deleteSnapshot(second!.id);
    await guest.reset(first.id);
    await guest.deleteSnapshot(guest.snapshots().find(({ label }) => label === "third")!.id);
    const types = new Set<PageMessage["type"]>();
    for (const { messages } of workers) {
      for (const message of messages) {
        types.add(message.type);
        const { memory: _, ...rest } = message as BootMessage;
        expect([...buffersOf(rest)].filter((buffer) => buffer instanceof SharedArrayBuffer)).toEqual([]);
      }
    }
    expect([...types]).toEqual(expect.arrayContaining(["boot", "snapshot", "restore", "forget"]));
  });

  test.each([
    ["its pages", { pages: new SharedArrayBuffer(8192), parts: {} }],
    ["its parts", { pages: new ArrayBuffer(8192), parts: { hart: new SharedArrayBuffer(8) } }],
    [
      "a view deep in its parts",
      { pages: new ArrayBuffer(8192), parts: [[{ a: new Uint8Array(new SharedArrayBuffer(8)) }]] },
    ],
    [
      "a memory in its parts",
      { pages: new ArrayBuffer(8192), parts: [new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })] },
    ],
  ])("a snapshot that keeps %s shared is none", async (_, answer) => {
    const { tabvisor, workers, pass } = withAllFiles();
    const guest = await tabvisor.create({ image: "tiny" });
    workers[0]!.answers.snapshot = (message) => ({
      type: "snapshotted",
      requestId: (message as { requestId: number }).requestId,
      ...answer,
    });
    const refused = expect(guest.snapshot()).rejects.toThrow(/it is lost/);
    await pass(40_000);
    await refused;
    expect(guest.snapshots()).toEqual([]);
  });
});
