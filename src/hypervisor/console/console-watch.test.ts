import { expect, test } from "vitest";
import { ConsoleWatch } from "./console-watch.ts";
import { manifest } from "#hypervisor/host.fixture.ts";

test("a prompt is what the text ends with, and a death is a line", () => {
  const watch = new ConsoleWatch({ ...manifest, prompt: "~ # ", crashText: "Kernel panic" });
  expect([watch.prompts("boot\n~ # "), watch.prompts("~ # ls\n")]).toEqual([true, false]);
  expect(watch.death("one\n[1.0] Kernel panic: x\nthree")).toBe("[1.0] Kernel panic: x");
  expect(watch.death("all is well")).toBeUndefined();
});

test("what would hold a regular expression for ever is text like any other", () => {
  const watch = new ConsoleWatch({ ...manifest, prompt: "(a+)+$", crashText: "(a+)+$" });
  const began = performance.now();
  for (let round = 0; round < 1000; round++) {
    expect(watch.prompts("a".repeat(4000) + "!")).toBe(false);
    expect(watch.death("a".repeat(4000) + "!")).toBeUndefined();
  }
  expect(performance.now() - began).toBeLessThan(500);
});
