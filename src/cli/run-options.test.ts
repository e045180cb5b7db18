import { describe, expect, test } from "vitest";
import { parseRunOptions } from "./run-options.ts";
import { UsageError } from "./usage-error.ts";

test("defaults", () => {
  expect(parseRunOptions(["linux"])).toEqual({
    target: "linux",
    disks: [],
    virtualClock: false,
    maxInstructions: Infinity,
    stateHash: false,
    engine: "translator",
  });
});

test("every option", () => {
  const args = [
    "linux",
    "--exec",
    "ls /",
    "--memory",
    "256",
    "--command-line",
    "verbose",
    "--disk",
    "64M",
    "--disk",
    "a.img",
  ];
  const more = ["--virtual-clock", "--max-instructions", "1e9", "--state-hash", "--engine", "evaluator"];
  expect(parseRunOptions([...args, ...more])).toEqual({
    target: "linux",
    exec: "ls /",
    memoryMiB: 256,
    commandLine: "verbose",
    disks: ["64M", "a.img"],
    virtualClock: true,
    maxInstructions: 1e9,
    stateHash: true,
    engine: "evaluator",
  });
});

test("help", () => {
  expect(parseRunOptions(["--help"])).toBeUndefined();
});

describe("refused with what is expected", () => {
  test.each([
    [[], /takes one image or one ELF file, not 0/],
    [["a", "b"], /not 2/],
    [["a", "--engine", "jit"], /translator or interpreter or evaluator/],
    [["a", "--memory", "0"], /from 1 to/],
    [["a", "--memory", "1000000"], /from 1 to/],
    [["a", "--max-instructions", "many"], /whole number/],
    [["a", "--frob"], /--frob/],
  ])("%j", (args, message) => {
    expect(() => parseRunOptions(args)).toThrow(UsageError);
    expect(() => parseRunOptions(args)).toThrow(message);
  });
});
