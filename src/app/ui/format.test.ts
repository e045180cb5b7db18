import { expect, test } from "vitest";
import { count, downloadSize, duration, memorySize, milliseconds, sentence } from "./format.ts";

test.each([
  [memorySize(0), "0 B"],
  [memorySize(41.2 * 2 ** 20), "41.2 MiB"],
  [memorySize(4 * 2 ** 30), "4.0 GiB"],
  [downloadSize(7_600_000), "7.6 MB"],
  [downloadSize(420_000), "420 kB"],
  [count(999), "999"],
  [count(1_019_000_000), "1.0 G"],
  [milliseconds(3.21), "3.2 ms"],
  [milliseconds(12.4), "12 ms"],
  [milliseconds(1234), "1.2 s"],
  [duration(42_000), "42 s"],
  [duration(185_000), "3 min 5 s"],
  [duration(7_800_000), "2 h 10 min"],
  [sentence("Died: [   11.140209] Kernel panic"), "Died: Kernel panic."],
  [sentence("The worker was lost."), "The worker was lost."],
])("%s is %s", (shown, expected) => {
  expect(shown).toBe(expected);
});
