import { gzipSync } from "node:zlib";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { goodAnswer, json, kernel, manifest, playedHost, settle, sha256, type PlayedWorker } from "./host.fixture.ts";
import { Hypervisor } from "./hypervisor.ts";

async function running(played = playedHost()) {
  const tabvisor = new Hypervisor(played.host);
  const guest = await tabvisor.create({ image: "tiny" });
  const worker = () => played.workers.at(-1) as PlayedWorker;
  return { ...played, tabvisor, guest, worker };
}

test("the version is the package's", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  expect(new Hypervisor(playedHost().host).version).toBe(version);
});

describe("creating", () => {
  test("lists images, boots one with its files and command line", async () => {
    const { tabvisor, guest, worker } = await running();
    expect(await tabvisor.images()).toMatchObject([{ id: "tiny", commandLines: ["loud"] }]);
    expect(guest).toMatchObject({ runState: "running", name: "tiny", memoryMiB: 1 });
    const boot = worker().messages[0];
    if (boot?.type !== "boot") throw new Error("the first message is not boot");
    expect(boot.settings).toMatchObject({ commandLine: "console=ttyS0", memoryMiB: 1 });
    expect(new Uint8Array(boot.kernel)).toEqual(kernel);
    const second = await tabvisor.create({ image: "tiny", commandLine: "loud" });
    expect([second.name, second.commandLine]).toEqual(["tiny-2", "console=ttyS0 debug"]);
  });

  test.each([
    [{ image: "none" }, /not there\. Build the images/],
    [{ image: "../tiny" }, /not the name of an image/],
    [{ image: "tiny", commandLine: "quiet" }, /no command line called “quiet”/],
    [{ image: "tiny", memoryMiB: 9 }, /9 MiB more cannot be had/],
    [{ image: "tiny", memoryMiB: 1.5 }, /whole number/],
    [{ image: "tiny", memoryMiB: 0 }, /whole number/],
  ])("refuses %o in words, and leaves nothing behind", async (options, words) => {
    const tabvisor = new Hypervisor(playedHost().host);
    await expect(tabvisor.create(options)).rejects.toThrow(words);
    expect(tabvisor.guests()).toEqual([]);
  });

  test("no more guests than a page can hold", async () => {
    const { tabvisor } = await running();
    await tabvisor.create({ image: "tiny" });
    await tabvisor.create({ image: "tiny" });
    await expect(tabvisor.create({ image: "tiny" })).rejects.toThrow(/3 guests already/);
  });

  test("says why where guests cannot run", async () => {
    const tabvisor = new Hypervisor({ ...playedHost().host, unsupported: "No threads here." });
    await expect(tabvisor.create({ image: "tiny" })).rejects.toThrow("No threads here.");
  });

  test("a guest that cannot be loaded says so, and can be started once it can", async () => {
    const played = playedHost();
    const path = `chunks/${sha256(kernel)}`;
    const good = played.files.get(path)!;
    played.files.set(path, good.slice(0, 20));
    const tabvisor = new Hypervisor(played.host);
    await expect(tabvisor.create({ image: "tiny" })).rejects.toThrow(/damaged/);
    const [guest] = tabvisor.guests();
    expect(guest).toMatchObject({ runState: "crashed", reason: expect.stringContaining("damaged") });
    played.files.set(path, good);
    await guest?.start();
    expect(guest?.runState).toBe("running");
  });

  test.each([
    ["a cut manifest", json(manifest).slice(0, 100), /damaged/],
    ["another image's manifest", json({ ...manifest, id: "other" }), /says that it is “other”/],
  ])("%s is refused", async (_, bytes, words) => {
    const played = playedHost();
    played.files.set("tiny.json", bytes);
    await expect(new Hypervisor(played.host).create({ image: "tiny" })).rejects.toThrow(words);
  });

  test("an image that cannot be read is listed with the reason, beside the others", async () => {
    const played = playedHost();
    played.files.set("index.json", json({ formatVersion: 1, images: ["cut", "gone", "tiny"] }));
    played.files.set("cut.json", json({ ...manifest, id: "cut" }).slice(0, 100));
    expect(await new Hypervisor(played.host).images()).toMatchObject([
      { id: "cut", problem: expect.stringMatching(/The manifest of image “cut” cannot be used: .*damaged/) },
      { id: "gone", problem: expect.stringMatching(/“gone” is not there\. Build the images/) },
      { id: "tiny", title: "Tiny" },
    ]);
  });

  test("a chunk that unpacks to more than its manifest says is damaged", async () => {
    const played = playedHost();
    played.files.set(`chunks/${sha256(kernel)}`, new Uint8Array(gzipSync(new Uint8Array(50_000_000))));
    await expect(new Hypervisor(played.host).create({ image: "tiny" })).rejects.toThrow(/is damaged/);
  });

  test("a manifest that gives its file another image's checksum does not get into that image", async () => {
    const played = playedHost();
    const other = kernel.slice().reverse();
    const [file] = manifest.files;
    const chunk = { ...file!.chunks[0]!, sha256: sha256(other) };
    played.files.set("evil.json", json({ ...manifest, id: "evil", files: [{ ...file, chunks: [chunk] }] }));
    played.files.set(`chunks/${chunk.sha256}`, new Uint8Array(gzipSync(other)));
    const tabvisor = new Hypervisor(played.host);
    await tabvisor.create({ image: "evil" });
    await tabvisor.create({ image: "tiny" });
    const kernels = played.workers.map(({ messages: [boot] }) => boot?.type === "boot" && new Uint8Array(boot.kernel));
    expect(kernels).toEqual([other, kernel]);
  });

  test("the worker prepares its engine before the image's files are there", async () => {
    const played = playedHost();
    const prepared: boolean[] = [];
    const readChunk: typeof played.host.readChunk = (...request) => {
      prepared.push(played.workers[0]?.prepared ?? false);
      return played.host.readChunk(...request);
    };
    await new Hypervisor({ ...played.host, readChunk }).create({ image: "tiny" });
    expect(prepared).toEqual([true]);
  });

  test("what is fetched before it is asked for is fetched once, and a guest that comes meanwhile waits for it", async () => {
    const played = playedHost();
    let reads = 0;
    const readChunk: typeof played.host.readChunk = (...args) => {
      reads++;
      return played.host.readChunk(...args);
    };
    const tabvisor = new Hypervisor({ ...played.host, readChunk });
    const ahead = tabvisor.prefetch("tiny");
    const meanwhile = await tabvisor.create({ image: "tiny" });
    await ahead;
    await tabvisor.create({ image: "tiny" });
    expect([meanwhile.runState, reads]).toEqual(["running", 1]);
  });

  test("what could not be fetched before is fetched when a guest wants it", async () => {
    const played = playedHost();
    const path = `chunks/${sha256(kernel)}`;
    const good = played.files.get(path)!;
    played.files.set(path, new Uint8Array(10));
    const tabvisor = new Hypervisor(played.host);
    await expect(tabvisor.prefetch("tiny")).rejects.toThrow();
    await expect(tabvisor.create({ image: "tiny" })).rejects.toThrow();
    played.files.set(path, good);
    expect((await tabvisor.create({ image: "tiny" })).runState).toBe("running");
  });

  test("a machine that cannot be made says why", async () => {
    const played = playedHost();
    const { startWorker } = played.host;
    const host = {
      ...played.host,
      startWorker: (name: string) => {
        const worker = startWorker(name) as PlayedWorker;
        worker.answers.boot = () => ({ type: "bootFailed", message: "The kernel is cut short." });
        return worker;
      },
    };
    const tabvisor = new Hypervisor(host);
    await expect(tabvisor.create({ image: "tiny" })).rejects.toThrow("The kernel is cut short.");
    expect(tabvisor.guests()[0]?.runState).toBe("crashed");
  });
});

describe("a guest's life", () => {
  test("pause, resume, power off, start, destroy", async () => {
    const { guest, tabvisor, workers } = await running();
    await guest.pause();
    expect(guest.runState).toBe("paused");
    await guest.resume();
    expect(guest.runState).toBe("running");
    await guest.powerOff();
    expect(guest).toMatchObject({ runState: "stopped", reason: "Powered off." });
    await expect(guest.pause()).rejects.toThrow(/stopped and cannot be paused/);
    await guest.start();
    expect(guest.runState).toBe("running");
    await guest.destroy();
    expect(tabvisor.guests()).toEqual([]);
    expect(workers.every((worker) => worker.terminated)).toBe(true);
    await expect(guest.start()).rejects.toThrow(/destroyed/);
  });

  test("its own poweroff stops it, and tells who waits for its console", async () => {
    const { guest, worker } = await running();
    const waiting = expect(guest.console.waitFor("never")).rejects.toThrow(/switched itself off/);
    worker().say({ type: "stopped" });
    await waiting;
    expect(guest.runState).toBe("stopped");
  });

  test("one that has printed nothing 15 seconds after power-on is pointed out in its log, one that has is not", async () => {
    const mute = await running();
    const other = await mute.tabvisor.create({ image: "tiny" });
    mute.worker().print("hello\n");
    await mute.pass(16_000);
    const warnings = (guest: typeof other) => guest.log.filter(({ level }) => level === "warning");
    expect(warnings(mute.guest)).toMatchObject([{ message: expect.stringContaining("Nothing has been printed") }]);
    expect(warnings(other)).toEqual([]);
  });

  test("a kernel's death is seen on its console, and reset brings it back", async () => {
    const { guest, worker, pass } = await running();
    worker().print("/ # ");
    await settle();
    expect(guest.snapshots()).toMatchObject([{ label: "First prompt" }]);
    worker().print("boo\r\n[ 1.0] Kernel panic - not syncing: sysrq\r\n");
    expect(guest).toMatchObject({
      runState: "crashed",
      reason: "The guest's kernel died: [ 1.0] Kernel panic - not syncing: sysrq",
    });
    await pass(500);
    expect(worker().messages.at(-1)?.type).not.toBe("run");
    await guest.reset();
    expect(guest).toMatchObject({ runState: "running", reason: undefined });
    expect(
      worker()
        .messages.slice(-2)
        .map(({ type }) => type),
    ).toEqual(["restore", "run"]);
  });

  test("what is typed at the first prompt is not in the snapshot of it", async () => {
    const { guest, worker } = await running();
    let typedBefore: string | undefined;
    worker().answers.snapshot = (message) => {
      typedBefore = worker().typed();
      return goodAnswer(message);
    };
    const typing = guest.console.waitFor("/ # ").then(() => guest.console.send("touch /x\n"));
    worker().print("/ # ");
    await typing;
    await settle();
    await settle();
    expect(guest.snapshots()).toHaveLength(1);
    expect([typedBefore, worker().typed()]).toEqual(["", "touch /x\n"]);
  });

  test("without a snapshot, reset boots anew", async () => {
    const { guest, workers } = await running();
    await guest.reset();
    expect(guest.runState).toBe("running");
    expect(workers).toHaveLength(2);
    expect(workers[0]?.terminated).toBe(true);
  });

  test("what is typed while it goes back is for the guest that it becomes", async () => {
    const { guest, worker } = await running();
    await guest.snapshot("here");
    const resetting = guest.reset();
    guest.console.send("early");
    await settle();
    await resetting;
    expect(worker().typed()).toBe("early");
  });
});

describe("a worker that is lost", () => {
  test("is found silent within three seconds, and replaced by reset", async () => {
    const { guest, worker, workers, pass } = await running();
    await guest.snapshot("here");
    worker().silent = true;
    await pass(3000);
    expect(guest).toMatchObject({ runState: "crashed", reason: expect.stringContaining("stopped answering") });
    await guest.reset();
    expect(guest.runState).toBe("running");
    expect(workers).toHaveLength(2);
    expect(worker().messages[0]).toMatchObject({ type: "boot", restoreTo: guest.standsOn });
  });

  test("is forgiven where the page itself was frozen", async () => {
    const { guest, time, pass, worker } = await running();
    await pass(1000);
    worker().answers.ping = () => undefined;
    await pass(500);
    time.now += 60_000;
    await pass(600);
    expect(guest.runState).toBe("running");
  });

  test("that throws is a crash", async () => {
    const { guest, worker } = await running();
    worker().fail("out of memory");
    expect(guest).toMatchObject({ runState: "crashed", reason: expect.stringContaining("out of memory") });
  });

  test.each([
    ["talks nonsense", (worker: PlayedWorker) => Array.from({ length: 20 }, (_, n) => worker.say([n, "x"]))],
    [
      "breaks its ring",
      (worker: PlayedWorker) => {
        const boot = worker.messages[0] as { memory: SharedArrayBuffer };
        new Int32Array(boot.memory, 1024, 2)[1] = 0x7000_0000;
        worker.say({ type: "output" });
      },
    ],
  ])("one that %s is ended, and no other guest notices", async (_, misbehave) => {
    const { guest, worker, tabvisor } = await running();
    const bad = worker();
    const other = await tabvisor.create({ image: "tiny" });
    misbehave(bad);
    expect([guest.runState, other.runState]).toEqual(["crashed", "running"]);
    expect(bad.terminated).toBe(true);
  });

  test("gives a snapshot that cannot be", async () => {
    const { guest, worker } = await running();
    worker().answers.snapshot = (message) => ({
      type: "snapshotted",
      requestId: (message as { requestId: number }).requestId,
      pages: new ArrayBuffer(100),
      parts: {},
    });
    await expect(guest.snapshot()).rejects.toThrow(/worker is broken/);
    expect(guest.snapshots()).toEqual([]);
  });
});

describe("snapshots", () => {
  test("form a tree; the one stood on stays, others go", async () => {
    const { guest } = await running();
    const a = await guest.snapshot("a");
    const b = await guest.snapshot("b");
    await guest.reset(a.id);
    const c = await guest.snapshot("c");
    expect([a.parent, b.parent, c.parent]).toEqual([undefined, a.id, a.id]);
    await expect(guest.deleteSnapshot(c.id)).rejects.toThrow(/stands on/);
    await guest.deleteSnapshot(a.id);
    expect(guest.snapshots().map(({ label, parent }) => [label, parent])).toEqual([
      ["b", undefined],
      ["c", undefined],
    ]);
    await expect(guest.reset(a.id)).rejects.toThrow(/no snapshot/);
    expect(guest.runState).toBe("running");
  });

  test("a fork starts from all that its origin rests on", async () => {
    const { guest, worker } = await running();
    const base = await guest.snapshot("base");
    const fork = await guest.fork("other");
    expect(fork).toMatchObject({ name: "other", runState: "running" });
    expect(fork.snapshots().map(({ label }) => label)).toEqual(["base", "Fork of tiny"]);
    expect(guest.standsOn).toBe(base.id);
    expect(worker().messages[0]).toMatchObject({ type: "boot", restoreTo: fork.standsOn });
  });
});
