import { describe, expect, test } from "vitest";
import { playedHost, settle, type PlayedWorker } from "./host.fixture.ts";
import { Hypervisor } from "./hypervisor.ts";

async function running() {
  const played = playedHost();
  const tabvisor = new Hypervisor(played.host);
  const guest = await tabvisor.create({ image: "tiny" });
  const worker = () => played.workers.at(-1) as PlayedWorker;
  return { ...played, tabvisor, guest, worker };
}

describe("a worker that floods the page", () => {
  const long = "x".repeat(100_000);
  test.each([
    ["output", { type: "output" }, /floods the page/],
    ["room", { type: "room" }, /floods the page/],
    ["pong", { type: "pong" }, /floods the page/],
    ["rebooted", { type: "rebooted" }, /floods the page/],
    ["log", { type: "log", level: "info", message: "hello" }, /floods the page/],
    ["a log of 100 kB", { type: "log", level: "info", message: long }, /longer than any/],
    ["stopped", { type: "stopped" }, /stopped or paused/],
    ["pausedItself", { type: "pausedItself" }, /stopped or paused/],
    ["answers nobody asked for", { type: "hashed", requestId: 77, hash: "0123456789abcdef" }, /make no sense/],
    ["ready once more", { type: "ready" }, /make no sense/],
    ["nonsense", { type: "sesame" }, /make no sense/],
  ])("with %s is ended, and its log says why", async (_, message, reason) => {
    const { guest, worker, tabvisor } = await running();
    const bad = worker();
    const other = await tabvisor.create({ image: "tiny" });
    let said = 0;
    while (!bad.terminated && said < 100_000) {
      bad.say(message);
      said++;
    }
    expect(bad.terminated).toBe(true);
    expect(said).toBeLessThan(1100);
    expect(guest.log.some(({ message: words }) => reason.test(words)) || reason.test(guest.reason ?? "")).toBe(true);
    expect(other.runState).toBe("running");
    await guest.reset();
    expect(guest.runState).toBe("running");
  });

  test("one that says much over a long time is honest", async () => {
    const { guest, worker, pass } = await running();
    for (let second = 0; second < 20; second++) {
      for (let count = 0; count < 500; count++) worker().say({ type: "output" });
      await pass(1000);
    }
    expect(guest.runState).toBe("running");
  });
});

describe("a worker that answers pings, and not what it is asked", () => {
  type Act = (guest: Awaited<ReturnType<typeof running>>["guest"]) => Promise<unknown>;
  const acts: readonly (readonly [string, "pause" | "snapshot" | "restore" | "hash", Act])[] = [
    ["pause", "pause", (guest) => guest.pause()],
    ["snapshot", "snapshot", (guest) => guest.snapshot()],
    ["fork", "snapshot", (guest) => guest.fork()],
    ["stateHash", "hash", (guest) => guest.stateHash()],
  ];

  test.each(acts)("%s ends: the worker is lost, and reset is offered", async (_, type, act) => {
    const { guest, worker, pass } = await running();
    await guest.snapshot("here");
    worker().answers[type] = () => undefined;
    const refused = expect(act(guest)).rejects.toThrow(/did not answer for \d+ seconds: it is lost/);
    await pass(40_000);
    await refused;
    expect(guest).toMatchObject({ runState: "crashed", reason: expect.stringContaining("it is lost") });
    await guest.reset();
    expect(guest.runState).toBe("running");
  });

  test("reset goes on in a new worker", async () => {
    const { guest, worker, workers, pass } = await running();
    await guest.snapshot("here");
    worker().answers.restore = () => undefined;
    const reset = guest.reset();
    await pass(20_000);
    await reset;
    expect([guest.runState, workers.length]).toEqual(["running", 2]);
  });

  test("create ends", async () => {
    const played = playedHost();
    const { startWorker } = played.host;
    const host = {
      ...played.host,
      startWorker: (name: string) => {
        const worker = startWorker(name) as PlayedWorker;
        worker.answers.boot = () => undefined;
        return worker;
      },
    };
    const tabvisor = new Hypervisor(host);
    const refused = expect(tabvisor.create({ image: "tiny" })).rejects.toThrow(/did not answer/);
    await played.pass(40_000);
    await refused;
    expect(tabvisor.guests()[0]?.runState).toBe("crashed");
  });

  test("a failure before the machine stands ends create at once", async () => {
    const played = playedHost();
    const { startWorker } = played.host;
    const host = {
      ...played.host,
      startWorker: (name: string) => {
        const worker = startWorker(name) as PlayedWorker;
        worker.answers.boot = () => ({ type: "failed", message: "no memory" });
        return worker;
      },
    };
    await expect(new Hypervisor(host).create({ image: "tiny" })).rejects.toThrow("no memory");
  });

  test.each(acts)("power off and destroy wait for nobody: %s under way", async (_, type, act) => {
    for (const end of ["powerOff", "destroy"] as const) {
      const { guest, worker } = await running();
      await guest.snapshot("here");
      worker().answers[type] = () => undefined;
      const refused = expect(act(guest)).rejects.toThrow();
      await settle();
      await guest[end]();
      await refused;
      if (end === "powerOff") {
        expect(guest).toMatchObject({ runState: "stopped", reason: "Powered off." });
        await guest.start();
        expect(guest.runState).toBe("running");
      }
    }
  });

  test("power off while it boots or goes back: that is rejected, and it stays off", async () => {
    const { guest, worker, pass } = await running();
    await guest.snapshot("here");
    worker().answers.restore = () => undefined;
    const refused = expect(guest.reset()).rejects.toThrow(/powered off meanwhile/);
    await settle();
    await guest.powerOff();
    await refused;
    await pass(30_000);
    expect(guest.runState).toBe("stopped");
  });
});
