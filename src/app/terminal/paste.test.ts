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
