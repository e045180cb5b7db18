import { describe, expect, test } from "vitest";
import { execSession } from "./exec-session.ts";

const SHELL = "~ # ";
const MONITOR = "\n=> ";

/** A session, with what it typed, printed and ended with. */
function start(prompt: string, command: string) {
  const typed: string[] = [];
  const printed: number[] = [];
  const ended: number[] = [];
  const session = execSession(prompt, command, {
    type: (text) => typed.push(text),
    print: (bytes) => printed.push(...bytes),
    done: (status) => ended.push(status),
  });
  const guestPrints = (text: string): void => new TextEncoder().encode(text).forEach((byte) => session.receive(byte));
  return { typed, ended, guestPrints, text: () => new TextDecoder().decode(Uint8Array.from(printed)) };
}

describe("a shell", () => {
  test("prints what stands between the marks, byte for byte, and ends with the status", () => {
    const { typed, ended, guestPrints, text } = start(SHELL, "ls");
    guestPrints("booting\r\n~ # ");
    expect(typed).toEqual(["c='ls'\r"]);
    guestPrints("c='ls'\r\n~ # ");
    expect(typed).toHaveLength(2);
    guestPrints(`${typed[1]}\r\n\x1eB\x1ebin \u00e9 ~ # \x1e x \x1eE1\r\n\x1eE42\x1e~ # `);
    expect(text()).toBe("bin \u00e9 ~ # \x1e x \x1eE1\r\n");
    expect(ended).toEqual([42]);
  });

  test("types no byte that editing or quoting would touch", () => {
    const { typed, guestPrints } = start(SHELL, "printf 'a\tb\n%s\\n' \"\u00e9!\"");
    guestPrints("~ # ");
    expect(typed[0]).toMatch(/^c='[ -&(-~]*'\r$/);
    expect(typed[0]).not.toMatch(/[!\t\n]/);
  });

  test("cuts a long command into lines", () => {
    const { typed, guestPrints } = start(SHELL, `echo ${"x".repeat(2000)}`);
    for (let prompts = 0; prompts < 10; prompts++) guestPrints("\r\n~ # ");
    expect(typed).toHaveLength(5);
    for (const line of typed) expect(line.length).toBeLessThan(700);
    const pieces = typed.slice(0, 4).map((line) => /'(.*)'/.exec(line)?.[1]);
    expect(pieces.join("")).toBe(`echo ${"x".repeat(2000)}`);
  });
});

describe("a monitor", () => {
  test("prints between echo and prompt, and asks for the status", () => {
    const { typed, ended, guestPrints, text } = start(MONITOR, "version");
    guestPrints("U-Boot\r\n=> ");
    guestPrints("version\r\nU-Boot 2025.01\r\n\r\n=> ");
    guestPrints("echo $?\r\n0\r\n=> ");
    expect(typed).toEqual(["version\r", "echo $?\r"]);
    expect(text()).toBe("U-Boot 2025.01\r\n\r\n");
    expect(ended).toEqual([0]);
  });

  test("a command without output, that fails", () => {
    const { ended, guestPrints, text } = start(MONITOR, "false");
    guestPrints("\r\n=> ");
    guestPrints("false\r\n=> ");
    guestPrints("echo $?\r\n1\r\n=> ");
    expect([text(), ended]).toEqual(["", [1]]);
  });

  test("takes one line only", () => {
    expect(() => start(MONITOR, "a\nb")).toThrow(/one line/);
  });
});
