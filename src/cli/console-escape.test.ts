import { expect, test } from "vitest";
import { ConsoleEscape } from "./console-escape.ts";

function typed(...chunks: readonly string[]) {
  const acts: string[] = [];
  const escape = new ConsoleEscape(
    () => acts.push("quit"),
    () => acts.push("help"),
  );
  const passed = chunks.flatMap((chunk) => escape.filter(new TextEncoder().encode(chunk)));
  return { text: String.fromCharCode(...passed), acts };
}

test("passes what is no escape", () => {
  expect(typed("ls\r\x03\x1b[A")).toEqual({ text: "ls\r\x03\x1b[A", acts: [] });
});

test("Ctrl-A x quits, also across chunks", () => {
  expect(typed("a\x01", "xb")).toEqual({ text: "ab", acts: ["quit"] });
});

test("Ctrl-A Ctrl-A and Ctrl-A a send Ctrl-A, Ctrl-A h helps, others are dropped", () => {
  expect(typed("\x01\x01\x01a\x01h\x01z")).toEqual({ text: "\x01\x01", acts: ["help"] });
});
