import { expect, test } from "vitest";
import { RingReader, RingWriter } from "#base/byte-ring.ts";
import { CONSOLE_IN, CONSOLE_OUT, CONSOLE_RING_BYTES } from "#memory/layout.ts";
import { WorkerConsole } from "./worker-console.ts";

function make(neverRefuse: boolean) {
  const buffer = new SharedArrayBuffer(CONSOLE_IN + 64 + CONSOLE_RING_BYTES);
  const terminal = new WorkerConsole(
    buffer,
    neverRefuse,
    () => 0,
    () => {},
  );
  return {
    terminal,
    page: new RingReader(buffer, CONSOLE_OUT, CONSOLE_RING_BYTES),
    keyboard: new RingWriter(buffer, CONSOLE_IN, CONSOLE_RING_BYTES),
  };
}

test("under the wall clock, output without room is refused", () => {
  const { terminal, page } = make(false);
  let printed = 0;
  while (terminal.sink.write(printed & 0xff)) printed++;
  expect(printed).toBe(CONSOLE_RING_BYTES);
  page.read(1);
  expect(terminal.sink.write(0)).toBe(true);
});

test("what comes after what was kept for want of room waits until that has gone", () => {
  const { terminal, page } = make(false);
  terminal.sink.keep(new Uint8Array(CONSOLE_RING_BYTES).fill(1));
  terminal.sink.keep(Uint8Array.of(2, 3));
  expect(page.read(10).length).toBe(10);
  expect(terminal.sink.write(4)).toBe(false);
  terminal.tellPage();
  expect(terminal.sink.write(4)).toBe(true);
  expect([...page.read(CONSOLE_RING_BYTES)].slice(-4)).toEqual([1, 2, 3, 4]);
});

test("a guest that was reset is no longer one that said it is full", () => {
  const { terminal, keyboard } = make(false);
  const XOFF = 0x13;
  keyboard.write(new Uint8Array(2048));
  for (let taken = 0; taken < 1500; taken++) expect(terminal.source.read()).toBe(0);
  terminal.sink.write(XOFF);
  expect(terminal.source.read()).toBe(-1);
  terminal.clear();
  keyboard.write(new Uint8Array(2048));
  expect(terminal.source.read()).toBe(0);
});

test("where nothing may be refused, a machine that prints more than the page takes is to be held up, and nothing is lost", () => {
  const { terminal, page } = make(true);
  let printed = 0;
  while (!terminal.crowded) if (!terminal.sink.write(printed++ % 251)) expect.fail("a byte was refused");
  expect(printed).toBe(CONSOLE_RING_BYTES + 64 * 1024);
  expect(page.takeAskedForRoom()).toBe(true);
  let read = 0;
  while (read < printed) {
    for (const byte of page.read(CONSOLE_RING_BYTES)) if (byte !== read++ % 251) expect.fail(`byte ${read} is wrong`);
    terminal.tellPage();
  }
  expect(terminal.crowded).toBe(false);
  expect(page.available).toBe(0);
});
