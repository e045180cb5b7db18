import { Terminal } from "@xterm/headless";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { Random } from "#hart/float/float-vectors.fixture.ts";
import { OutputFilter } from "./output-filter.ts";

const SIZE = { columns: 100, rows: 30 };
const MOST_COST = 16 * 1024;
/** Bytes of the campaign; 10⁷ is what a release is held to. */
const BYTES = Number(process.env["TERMINAL_FUZZ_BYTES"] ?? 400_000);

function filtered(text: string): string {
  return new OutputFilter(MOST_COST)
    .pieces(new TextEncoder().encode(text), SIZE)
    .map((piece) => piece.text)
    .join("");
}

describe("numbers that a guest chose", () => {
  test.each(["S", "T", "L", "M", "A", "B", "@", "P", "X", "I", "Z", " @", " A", "'}", "'~"])("of CSI n %s", (final) => {
    expect(filtered(`\u001b[2147483647${final}`)).toBe(`\u001b[100${final}`);
    expect(filtered(`\u001b[00000000000099${final}`)).toBe(`\u001b[00000000000099${final}`);
  });

  test.each([
    ["a repeated letter may fill the screen", "x\u001b[99999999b", "x\u001b[3000b"],
    ["the lower right corner is found as ever", "\u001b[999;999H", "\u001b[100;100H"],
    ["8-bit controls too", "\u009b2147483647S", "\u001b[100S"],
    ["with a control in between", "\u001b[21\n47483647S", "\n\u001b[100S"],
    ["cut short by another", "\u001b[21\u001b[99999L", "\u001b[100L"],
    [
      "modes and colours are names",
      "\u001b[?1049h\u001b[38;2;255;128;0;48:5:250m",
      "\u001b[?1049h\u001b[38;2;255;128;0;48:5:250m",
    ],
    ["as long as they are some", "\u001b[?2147483647h", "\u001b[?65535h"],
  ])("%s", (_, printed, passed) => {
    expect(filtered(printed)).toBe(passed);
  });
});

describe("what grows without end", () => {
  test("a string is dropped once it is longer than any title", () => {
    expect(filtered(`a\u001b]0;${"x".repeat(100_000)}\u0007b`)).toBe("ab");
    expect(filtered(`a\u001bP$q${"x".repeat(100_000)}\u001b\\b`)).toBe("ab");
    expect(filtered(`a\u001b]0;title\u0007\u001b]11;?\u001b\\b`)).toBe(`a\u001b]0;title\u0007\u001b]11;?\u001b\\b`);
  });

  test.each(["8;;http://x/", "8;id=1;file:///", "08;;x", "8;;"])("a link (OSC %s) is text", (link) => {
    expect(filtered(`a\u001b]${link}\u001b\\b\u001b]${link}\u0007c`)).toBe("abc");
  });

  test("many colours come as a few at a time, and cost what each of them does", () => {
    const names = Array.from({ length: 20 }, (_, index) => index);
    const colours = names.map((index) => `${index};#102030`);
    expect(filtered(`\u001b]4;${colours.join(";")}\u0007`)).toBe(
      [colours.slice(0, 8), colours.slice(8, 16), colours.slice(16)]
        .map((some) => `\u001b]4;${some.join(";")}\u0007`)
        .join(""),
    );
    expect(filtered(`\u001b]104;${names.join(";")}\u0007`)).toBe(
      "\u001b]104;0;1;2;3;4;5;6;7\u0007\u001b]104;8;9;10;11;12;13;14;15\u0007\u001b]104;16;17;18;19\u0007",
    );
    const pieces = new OutputFilter(MOST_COST).pieces(
      new TextEncoder().encode("\u001b]10;#fff\u0007".repeat(100)),
      SIZE,
    );
    expect(pieces.length).toBeGreaterThan(20);
  });

  test("parameters without end are no sequence", () => {
    expect(filtered(`a\u001b[${"1;".repeat(10_000)}mb`)).toBe("ab");
  });

  test("marks pile up only so far, wherever the cursor has been in between", () => {
    const marks = "\u0301".repeat(1000);
    expect(filtered(`e${marks}x`)).toBe(`e${"\u0301".repeat(8)}x`);
    expect(filtered(`e\u001b[D\u001b[C${marks}`)).toBe("e\u001b[D\u001b[C");
  });
});

test.each([
  "grüße 你好 🦀 e\u0301 नमस्ते\r\n",
  "\u001b[1;31mred\u001b[0m \u001b[2J\u001b[H\u001b[3;20r\u001b[5L\u001b[K\u001b(0lqqk\u001b(B",
  "\u001b[?1049h\u001b[22;0;0t\u001b[?25l\u001b[6n\u001b[>c\u001b7\u001b8\u001bM\u001b[!p\u001b]104\u0007",
])("a well-behaved program's output passes as it is: %j", (text) => {
  expect(filtered(text)).toBe(text);
});

/** Sequences as programs print them, whose numbers fit the screen. */
const behaved = fc.array(
  fc.oneof(
    fc.string({ maxLength: 30 }).map((text) => text.replace(/[^ -~]/g, "")),
    fc.constantFrom(
      "\r\n",
      "\t",
      "\b",
      "\u001bM",
      "\u001b7",
      "\u001b8",
      "\u001b[H",
      "\u001b[2J",
      "\u001bc",
      "你",
      "e\u0301",
    ),
    fc
      .tuple(fc.constantFrom(..."ABCDEFGHJKLMPSTXZ@Idmr"), fc.nat(29), fc.nat(29))
      .map(([final, a, b]) => `\u001b[${a};${b}${final}`),
  ),
  { maxLength: 60 },
);

function screenOf(terminal: Terminal): readonly string[] {
  const { active } = terminal.buffer;
  return Array.from({ length: active.length }, (_, row) => active.getLine(row)?.translateToString() ?? "");
}

function write(terminal: Terminal, text: string): Promise<void> {
  return new Promise((resolve) => terminal.write(text, resolve));
}

test("the screen is what it would have been, wherever output is cut", async () => {
  await fc.assert(
    fc.asyncProperty(behaved, fc.integer({ min: 1, max: 40 }), async (parts, step) => {
      const [plain, seen] = [0, 1].map(
        () => new Terminal({ cols: SIZE.columns, rows: SIZE.rows, allowProposedApi: true }),
      ) as [Terminal, Terminal];
      const text = parts.join("");
      const bytes = new TextEncoder().encode(text);
      const filter = new OutputFilter(MOST_COST);
      for (let at = 0; at < bytes.length; at += step) {
        for (const piece of filter.pieces(bytes.subarray(at, at + step), SIZE)) await write(seen, piece.text);
      }
      await write(plain, text);
      expect([screenOf(seen), seen.buffer.active.cursorX, seen.buffer.active.cursorY]).toEqual([
        screenOf(plain),
        plain.buffer.active.cursorX,
        plain.buffer.active.cursorY,
      ]);
    }),
    { numRuns: 200, seed: 9 },
  );
});

/** Half of it sequences with absurd numbers, half of it any bytes. */
function hostile(random: Random, byteLength: number): Uint8Array {
  const bytes: number[] = [];
  const text = (value: string): void => void bytes.push(...new TextEncoder().encode(value));
  const numbers = [0, 1, 7, 25, 47, 99, 1000, 1049, 65_535, 2_147_483_647, 99_999_999_999];
  while (bytes.length < byteLength) {
    const kind = random.below(8);
    if (kind < 4) {
      const parameters = Array.from({ length: random.below(4) }, () => random.pick(numbers)).join(
        random.pick([";", ":"]),
      );
      const middle = random.pick(["", "", "", " ", "'", "!", "$", "#"]);
      text(
        `\u001b[${random.pick(["", "", "?", ">", "="])}${parameters}${middle}${String.fromCharCode(64 + random.below(63))}`,
      );
    } else if (kind === 4) text(`\u001b${String.fromCharCode(32 + random.below(95))}`);
    else if (kind === 5)
      text(
        `\u001b${random.pick(["]", "P", "_", "^"])}${random.below(20)};${"ab;".repeat(random.below(40))}${random.pick(["\u0007", "\u001b\\", ""])}`,
      );
    else if (kind === 6)
      text(random.pick(["\r\n", "\n\n\n\n", "x".repeat(120), "你".repeat(60), "\u0301".repeat(50), "\u009b9999L"]));
    else for (let count = 0; count < 20; count++) bytes.push(random.below(256));
  }
  return Uint8Array.from(bytes);
}

test.each([
  "\u001bc",
  "\u001b[?1049h\u001b[?1049l",
  "x\u001b[9999b",
  "\u001b#8",
  "\u001b[5;9r\u001bM",
  "\u001b[9S",
  "\u001b[2J",
  "\u001b[9L",
  "\n",
  "\u001b]8;;x\u0007a\u001b]8;;\u0007",
  "\u001b]8;;x\u0007a\r\n",
])("16 kB of %j in pieces that hold nobody up", async (sequence) => {
  const terminal = new Terminal({ cols: SIZE.columns, rows: SIZE.rows, scrollback: 5000, allowProposedApi: true });
  const bytes = new TextEncoder().encode(sequence.repeat(16_384 / sequence.length));
  const slowest = await slowestPiece(terminal, new OutputFilter(MOST_COST), bytes);
  expect(slowest).toBeLessThan(100);
});

/** In milliseconds of processor time: cores shared with others must not count. */
async function slowestPiece(terminal: Terminal, filter: OutputFilter, bytes: Uint8Array): Promise<number> {
  let slowest = 0;
  for (const { text } of filter.pieces(bytes, SIZE)) {
    const began = process.cpuUsage();
    await write(terminal, text);
    const { user, system } = process.cpuUsage(began);
    slowest = Math.max(slowest, (user + system) / 1000);
  }
  return slowest;
}

test(`${BYTES} hostile bytes: no piece holds the page`, async () => {
  const random = new Random(2026);
  const terminal = new Terminal({ cols: SIZE.columns, rows: SIZE.rows, scrollback: 5000, allowProposedApi: true });
  const filter = new OutputFilter(MOST_COST);
  const complaints = vi.spyOn(console, "error").mockImplementation(() => {});
  let slowest = 0;
  for (let done = 0; done < BYTES; done += 65_536) {
    slowest = Math.max(slowest, await slowestPiece(terminal, filter, hostile(random, 65_536)));
  }
  // Where xterm complains, the filter passed on what is no sequence.
  expect(complaints).not.toHaveBeenCalled();
  console.log(`the slowest piece took ${slowest.toFixed(1)} ms`);
  expect(slowest).toBeLessThan(200);
}, 600_000);
