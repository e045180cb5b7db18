import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TabvisorError } from "#protocol/tabvisor.ts";
import { playedHost, settle } from "./host.fixture.ts";
import { Hypervisor } from "./hypervisor.ts";

async function running() {
  const played = playedHost();
  const tabvisor = new Hypervisor(played.host);
  const guest = await tabvisor.create({ image: "tiny" });
  return { ...played, tabvisor, guest };
}

describe("create refuses, in words that name the argument", () => {
  test.each([
    [{ image: "tiny", commandLine: "constructor" }, /no command line called “constructor”/],
    [{ image: "tiny", commandLine: "__proto__" }, /no command line called “__proto__”/],
    [{ image: "tiny", commandLine: 7 }, /commandLine is a text, not 7/],
    [{ image: "tiny", name: "" }, /name cannot be empty/],
    [{ image: "tiny", name: "x".repeat(101) }, /name has at most 100 characters/],
    [{ image: "tiny", name: "a\nb" }, /name is one line/],
    [{ image: "tiny", clock: "sundial" }, /clock is “wall” or “virtual”, not “sundial”/],
    [{ image: "tiny", pauseAtInstructions: 5 }, /needs the virtual clock/],
    [{ image: "tiny", clock: "virtual", pauseAtInstructions: -1 }, /pauseAtInstructions is a whole number/],
    [{ image: "tiny", clock: "virtual", pauseAtInstructions: Number.NaN }, /pauseAtInstructions is a whole number/],
    [{ image: "tiny", memoryMiB: "64" }, /memoryMiB is a whole number from 1 to \d+; “64” is not/],
    [{ image: "tiny", boot: "warm" }, /boot is “instant” or “cold”/],
    [{ image: "tiny", memory: 64 }, /has no “memory”\. There are: image, name, memoryMiB/],
    [{}, /image is a text, not undefined/],
    [undefined, /create's options is an object/],
    ["tiny", /create's options is an object/],
    [Object.create({ image: "tiny" }), /image is a text, not undefined/],
  ])("%o", async (options, message) => {
    const tabvisor = new Hypervisor(playedHost().host);
    await expect(tabvisor.create(options as never)).rejects.toThrow(message);
    await expect(tabvisor.create(options as never)).rejects.toBeInstanceOf(TabvisorError);
    expect(tabvisor.guests()).toEqual([]);
  });
});

describe("a guest's methods", () => {
  test("refuse what they cannot use", async () => {
    const { guest, tabvisor } = await running();
    expect(() => guest.rename(7 as never)).toThrow("A guest's name is a text, not 7.");
    expect(() => guest.rename(" \t ")).toThrow("cannot be empty");
    await expect(guest.snapshot("a\u0000b")).rejects.toThrow("A snapshot's label is one line");
    await expect(guest.reset(undefined, { paused: 1 } as never)).rejects.toThrow("paused is true or false, not 1");
    await expect(guest.fork({} as never)).rejects.toThrow("A guest's name is a text, not a object.");
    await expect(guest.console.waitFor("x", { timeoutMs: Infinity })).rejects.toThrow(/timeoutMs is milliseconds/);
    await expect(guest.console.waitFor("x", { from: -1 })).rejects.toThrow(/from is a whole number/);
    await expect(guest.console.waitFor("")).rejects.toThrow("cannot be empty");
    expect(() => guest.console.send(5 as never)).toThrow("What is sent is a text");
    expect(() => guest.console.attach("x" as never)).toThrow("attach's function is a function");
    expect(() => tabvisor.subscribe(undefined as never)).toThrow("subscribe's listener is a function");
    await expect(tabvisor.prefetch(1 as never)).rejects.toThrow("image is a text");
  });

  test("say so where more is sent than can wait, and keep what waits", async () => {
    const { guest } = await running();
    guest.console.send("kept");
    expect(() => guest.console.send("x".repeat(17 * 2 ** 20))).toThrow(/Nothing was sent: .* Send it in parts/);
    guest.console.send("x".repeat(8 * 2 ** 20));
  });
});

test("a listener that throws hurts neither the others nor the guest", async () => {
  const played = playedHost();
  const tabvisor = new Hypervisor(played.host);
  const heard: string[] = [];
  tabvisor.subscribe(() => {
    throw new Error("mine");
  });
  tabvisor.subscribe(({ type }) => void heard.push(type));
  const guest = await tabvisor.create({ image: "tiny" });
  expect(guest.runState).toBe("running");
  expect(heard).toContain("guestAdded");
  expect(played.reported.length).toBe(heard.length);
});

test("whatever comes as an argument, the answer is a value or a TabvisorError", async () => {
  const { guest, tabvisor } = await running();
  const calls: readonly ((argument: never) => unknown)[] = [
    (argument) => tabvisor.prefetch(argument),
    (argument) => tabvisor.create(argument),
    (argument) => tabvisor.create({ image: "tiny", commandLine: argument, clock: argument }),
    (argument) => guest.rename(argument),
    (argument) => guest.snapshot(argument),
    (argument) => guest.reset(argument, argument),
    (argument) => guest.renameSnapshot(argument, argument),
    (argument) => guest.deleteSnapshot(argument),
    (argument) => guest.fork(argument),
    (argument) => guest.console.send(argument),
    (argument) => guest.console.sendBytes(argument),
    (argument) => guest.console.waitFor(argument, { timeoutMs: 0 }),
    (argument) => guest.console.waitFor("never", argument),
    (argument) => guest.console.resize(argument, argument),
  ];
  const odd = fc.oneof(
    fc.anything({ withBigInt: true, withNullPrototype: true }),
    fc.constantFrom("constructor", "__proto__", "tiny", Number.NaN, Infinity, -0, new Proxy({}, {})),
  );
  await fc.assert(
    fc.asyncProperty(fc.nat(calls.length - 1), odd, async (index, argument) => {
      const outcome = (async () => calls[index]?.(argument as never))().then(
        () => undefined,
        (error: unknown) => error,
      );
      // Whoever waits for text waits on.
      const error = await Promise.race([outcome, settle().then(settle)]);
      if (error !== undefined) expect(error).toBeInstanceOf(TabvisorError);
      for (const extra of tabvisor.guests()) if (extra !== guest) await extra.destroy();
    }),
    { numRuns: 500, seed: 11 },
  );
  await settle();
});
