import { expect, test } from "vitest";
import { typedForPaste } from "./paste.ts";

const cases = [
  ["lines end as by Enter", "a\nb\r\nc\rd", false, "a\rb\rc\rd"],
  ["brackets where the guest asked for them", "a\nb", true, "\u001b[200~a\rb\u001b[201~"],
  ["an end marker inside is dropped", "safe\u001b[201~rm -rf /\n", true, "\u001b[200~saferm -rf /\r\u001b[201~"],
  ["nested ones too", "\u001b[2\u001b[201~01~x", true, "\u001b[200~x\u001b[201~"],
  ["and the 8-bit form", "\u009b201~x", true, "\u001b[200~x\u001b[201~"],
  ["also where there are no brackets", "\u001b[201~x", false, "x"],
  ["other sequences are the person's wish", "\u001b[A\t", false, "\u001b[A\t"],
  ["all of UTF-8", "grüße 你好 🦀", false, "grüße 你好 🦀"],
] as const;

test.each(cases)("%s", (_, text, bracketed, typed) => {
  expect(typedForPaste(text, bracketed)).toBe(typed);
});

test("nested markers cost no more than their length", () => {
  const depth = 30_000;
  const text = `${"\u001b[20".repeat(depth)}x${"1~".repeat(depth)}`;
  const began = performance.now();
  expect(typedForPaste(text, false)).toBe(`${"\u001b[20".repeat(depth)}x${"1~".repeat(depth)}`);
  expect(typedForPaste(`${"\u001b[20".repeat(depth)}${"1~".repeat(depth)}`, true)).toBe("\u001b[200~\u001b[201~");
  expect(performance.now() - began).toBeLessThan(500);
});
