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
    profile: false,
    symbols: [],
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
  const profile = ["--profile", "--symbols", "System.map", "--symbols", "program"];
  expect(parseRunOptions([...args, ...more, ...profile])).toEqual({
    target: "linux",
    exec: "ls /",
    memoryMiB: 256,
    commandLine: "verbose",
    disks: ["64M", "a.img"],
    virtualClock: true,
    maxInstructions: 1e9,
    stateHash: true,
    engine: "evaluator",
    profile: true,
    symbols: ["System.map", "program"],
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
    [["a", "--symbols", "System.map"], /--symbols is for --profile/],
  ])("%j", (args, message) => {
    expect(() => parseRunOptions(args)).toThrow(UsageError);
    expect(() => parseRunOptions(args)).toThrow(message);
  });
});
