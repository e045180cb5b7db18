import { describe, expect, test } from "vitest";
import { ConsoleText } from "./console-text.ts";

function consoleText() {
  const timers: (() => void)[] = [];
  const text = new ConsoleText({ now: () => 0, after: (_, callback) => (timers.push(callback), () => {}) });
  const print = (printed: string) => text.append(new TextEncoder().encode(printed));
  return { text, print, timers };
}

describe("plain text", () => {
  test.each([
    ["a\r\nb\r\n", "a\nb\n"],
    ["\u001b[1;31mred\u001b[0m", "red"],
    ["\u001b]0;title\u0007shown", "shown"],
    ["\u001bP1$r0m\u001b\\shown", "shown"],
    ["\u001b[6n~ # ", "~ # "],
    ["\u001b(B\u001b7x\u001b8", "x"],
    ["bell\u0007", "bell"],
    ["grüße 🙂", "grüße 🙂"],
  ])("%j reads as %j, however it is cut", (printed, plain) => {
    const bytes = new TextEncoder().encode(printed);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { text } = consoleText();
      text.append(bytes.slice(0, cut));
      text.append(bytes.slice(cut));
      expect(text.text).toBe(plain);
    }
  });

  test("an endless sequence is not kept for ever", () => {
    const { text, print } = consoleText();
    print(`\u001b]${"x".repeat(20_000)}`);
    print("after");
    expect(text.text).toContain("after");
  });

  test("only the newest 4 MiB are kept", () => {
    const { text, print } = consoleText();
    for (let piece = 0; piece < 100; piece++) print("0123456789abcdef".repeat(8192));
    expect(text.text.length).toBeLessThanOrEqual(6 * 2 ** 20);
    expect(text.text.length).toBeGreaterThanOrEqual(4 * 2 ** 20);
  });
});

describe("waiting for text", () => {
  test("resolves with the text up to and including the match", async () => {
    const { text, print } = consoleText();
    const waiting = text.waitFor(/log\w+: /, {}, undefined);
    print("hello log");
    print("in: more");
    expect(await waiting).toBe("hello login: ");
    expect(await text.waitFor("more", { from: 6 }, undefined)).toBe("login: more");
  });

  test("a global expression is searched from the start every time", async () => {
    const { text, print } = consoleText();
    const pattern = /a/g;
    pattern.lastIndex = 100;
    print("a");
    expect(await text.waitFor(pattern, {}, undefined)).toBe("a");
  });

  test("says what stands there when it gives up", async () => {
    const { text, print, timers } = consoleText();
    print("stuck here");
    const waiting = expect(text.waitFor("# ", { timeoutMs: 5 }, undefined)).rejects.toThrow(/within 5 ms.*stuck here/);
    for (const timer of timers) timer();
    await waiting;
  });

  test("what was printed before the end still counts", async () => {
    const { text, print } = consoleText();
    print("last words");
    expect(await text.waitFor("words", {}, "it is dead")).toBe("last words");
    await expect(text.waitFor("more", {}, "it is dead")).rejects.toThrow("it is dead");
  });

  test("goes on over a reset", async () => {
    const { text, print } = consoleText();
    print("old");
    const waiting = text.waitFor("new", { from: 2 }, undefined);
    text.clear();
    expect(text.text).toBe("");
    print("new");
    expect(await waiting).toBe("new");
  });
});

test.each(["\r", "\u001b", "\u001b]", "\u001b[", "\u001b[;", "\u001bP;", "\r\u001b", "\u009b"])(
  "a flood of %j costs no more than its length",
  (flood) => {
    const text = new ConsoleText({ now: () => performance.now(), after: () => () => {} });
    const bytes = new TextEncoder().encode(flood.repeat(65_536 / flood.length));
    const began = performance.now();
    for (let round = 0; round < 4; round++) text.append(bytes);
    for (let at = 0; at < 2000; at++) text.append(bytes.slice(at, at + 8));
    expect(performance.now() - began).toBeLessThan(1000);
  },
);
