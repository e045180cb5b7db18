import { describe, expect, test } from "vitest";
import { playedHost, settle } from "#hypervisor/host.fixture.ts";
import { GuestConsole } from "./guest-console.ts";
import { RingReader, RingWriter } from "#base/byte-ring.ts";

function connected() {
  const { host } = playedHost();
  const memory = host.createMemory(1);
  const terminal = new GuestConsole(
    host,
    () => undefined,
    () => {},
  );
  const said: string[] = [];
  const guestIn = new RingReader(memory.buffer, memory.consoleIn, memory.ringBytes);
  terminal.connect(memory, {
    wake: () => said.push("wake"),
    resize: (columns, rows) => said.push(`${columns}x${rows}`),
    skipInput: (position, byteLength) => {
      said.push(`${byteLength} dropped`);
      guestIn.skipTo(position);
    },
    corrupt: (error) => said.push(error.message),
  });
  const guestOut = new RingWriter(memory.buffer, memory.consoleOut, memory.ringBytes);
  const print = (text: string) => guestOut.write(new TextEncoder().encode(text));
  return { terminal, said, guestOut, guestIn, print, ringBytes: memory.ringBytes };
}

const text = (pieces: readonly Uint8Array[]) => pieces.map((piece) => new TextDecoder().decode(piece)).join("");

describe("input", () => {
  test("more than the ring holds waits here, and nothing of it is lost", () => {
    const { terminal, guestIn, ringBytes } = connected();
    const typed = Array.from({ length: 3000 }, (_, n) => `${n}\n`).join("");
    terminal.send(typed);
    let got = "";
    for (let round = 0; round < 10; round++) {
      got += new TextDecoder().decode(guestIn.read(ringBytes));
      if (guestIn.takeAskedForRoom()) terminal.feed();
    }
    expect(got).toBe(typed);
  });

  test("wakes a guest that asked for it, once", () => {
    const { terminal, guestIn, said } = connected();
    guestIn.askForData();
    terminal.send("a");
    terminal.send("b");
    expect(said).toEqual(["wake"]);
  });
});

describe("a key that interrupts", () => {
  test.each([
    ["Ctrl+C", "\u0003"],
    ["Ctrl+\\", "\u001c"],
    ["Ctrl+Z", "\u001a"],
  ])("%s overtakes a paste that nobody reads, and the rest of that is dropped", (_, key) => {
    const { terminal, guestIn, said, ringBytes } = connected();
    terminal.send("x".repeat(300_000));
    guestIn.read(4096);
    terminal.send(key);
    terminal.feed();
    terminal.send("next\n");
    expect(new TextDecoder().decode(guestIn.read(ringBytes))).toBe(`${key}next\n`);
    expect(said).toContain("295904 dropped");
  });

  test.each([
    ["leaves what a person typed ahead", "echo before\n", "\u0003"],
    ["inside a paste is part of it", "x".repeat(1000), "a\u0003b"],
  ])("%s", (_, typed, key) => {
    const { terminal, guestIn, said, ringBytes } = connected();
    terminal.send(typed);
    terminal.send(key);
    expect(new TextDecoder().decode(guestIn.read(ringBytes))).toBe(typed + key);
    expect(said).toEqual([]);
  });
});

test("a script that types letter by letter costs as much as one that types all at once", () => {
  const { terminal, guestIn, ringBytes } = connected();
  const letters = new TextEncoder().encode("abcdefghij");
  const began = process.cpuUsage();
  for (let typed = 0; typed < 300_000; typed++) terminal.sendBytes(letters.subarray(typed % 10, (typed % 10) + 1));
  let got = 0;
  while (got < 300_000) {
    for (const byte of guestIn.read(ringBytes)) if (byte !== letters[got++ % 10]) expect.fail(`byte ${got} is wrong`);
    terminal.feed();
  }
  expect(process.cpuUsage(began).user / 1000).toBeLessThan(2000);
});

describe("terminals", () => {
  test("one that comes late is shown what was printed, less what would make it answer", () => {
    const { terminal, print } = connected();
    print("\u001b[31mred\u001b[6n\u001b[c\u001b[?25$p\u001b]11;?\u0007~ # ");
    terminal.drain();
    const shown: Uint8Array[] = [];
    terminal.attach((bytes) => void shown.push(bytes));
    expect(text(shown)).toBe("\u001b[31mred~ # ");
    print("\u001b[6n");
    terminal.drain();
    expect(text(shown)).toBe("\u001b[31mred~ # \u001b[6n");
  });

  test("one that is slow holds the guest back, and gets every byte", async () => {
    const { terminal, print, guestOut, said, ringBytes } = connected();
    const shown: Uint8Array[] = [];
    const taken: (() => void)[] = [];
    terminal.attach((bytes) => {
      shown.push(bytes);
      return new Promise((resolve) => taken.push(resolve));
    });
    let printed = "";
    for (let round = 0; guestOut.room > 0; round++) {
      const piece = `${round}`.padStart(ringBytes, ".");
      printed += piece;
      print(piece);
      terminal.drain();
    }
    guestOut.askForRoom();
    expect(printed.length).toBeLessThan(300 * 1024);
    for (let round = 0; round < 200 && text(shown).length < printed.length; round++) {
      taken.shift()?.();
      await settle();
    }
    expect(text(shown)).toBe(printed);
    expect(said).toContain("wake");
  });

  test("one that fails is let go, and the guest goes on", async () => {
    const { terminal, print } = connected();
    terminal.attach(() => Promise.reject(new Error("gone")));
    print("a");
    terminal.drain();
    await settle();
    print("b");
    expect(terminal.text()).toBe("ab");
  });

  test("going back clears terminals and text, and shows the screen of then", () => {
    const { terminal, print, guestOut } = connected();
    print("before # ");
    const screen = terminal.screen();
    print("broken");
    const shown: Uint8Array[] = [];
    terminal.attach((bytes) => void shown.push(bytes));
    terminal.rewind(screen, guestOut.position);
    expect(terminal.text()).toBe("");
    expect(text(shown)).toMatch(/\u001bcbefore # $/);
  });

  test("going back drops what a slow terminal was still to show", async () => {
    const { terminal, print, guestOut } = connected();
    const shown: Uint8Array[] = [];
    const taken: (() => void)[] = [];
    terminal.attach((bytes) => {
      shown.push(bytes);
      return new Promise((resolve) => taken.push(resolve));
    });
    for (let round = 0; round < 3; round++) {
      print("x".repeat(60_000));
      terminal.drain();
    }
    terminal.rewind(new TextEncoder().encode("then # "), guestOut.position);
    for (let round = 0; round < 10; round++) {
      taken.shift()?.();
      await settle();
    }
    expect(text(shown).length).toBeLessThan(20_000);
    expect(text(shown)).toMatch(/\u001bcthen # $/);
  });

  test.each([
    [80, 24],
    [0, 24],
    [80.5, 24],
    [80, 5000],
  ])("a size of %d × %d", (columns, rows) => {
    const { terminal, said } = connected();
    terminal.resize(columns, rows);
    expect(said).toEqual(columns === 80 && rows === 24 ? ["80x24"] : []);
  });
});
