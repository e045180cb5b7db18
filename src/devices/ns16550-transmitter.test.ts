import { describe, expect, test } from "vitest";
import { FCR, IER, IIR, LSR, make, THR } from "./ns16550.fixture.ts";

describe("transmitter", () => {
  test("bytes go out in order", () => {
    const { print, printed, read } = make();
    print("hello\n");
    expect([printed(), read(LSR)]).toEqual(["hello\n", 0x60]);
  });

  test("THRE interrupts when enabled while empty, until IIR tells or THR is written; then after each drain", () => {
    const { uart, line, read, write } = make();
    write(IER, 2);
    uart.poll();
    expect(line.level).toBe(true);
    expect([read(IIR), line.level, read(IIR)]).toEqual([0x02, false, 0x01]);
    write(THR, 0x41);
    expect([line.level, read(IIR), line.level]).toEqual([true, 0x02, false]);
    write(IER, 2); // not a change: no new interrupt
    uart.poll();
    expect(line.level).toBe(false);
    write(IER, 0);
    write(IER, 2);
    uart.poll();
    expect(line.level).toBe(true);
    write(IER, 0);
    expect([line.level, read(IIR)]).toEqual([false, 0x01]);
  });

  test("enabled while empty, it is told in IIR at once, but interrupts only from the next poll on", () => {
    const { uart, line, print, printed, read, write } = make();
    write(IER, 2);
    expect(line.level).toBe(false);
    print("at once all the same");
    expect([printed(), line.level]).toEqual(["at once all the same", true]);
    write(IER, 0);
    write(IER, 2);
    expect([line.level, read(IIR)]).toEqual([false, 0x02]);
    uart.poll();
    expect(line.level).toBe(false);
  });

  test("a sink that refuses holds THRE and TEMT at 0 and loses nothing", () => {
    const { host, line, uart, print, printed, read, write } = make();
    write(FCR, 0x01);
    write(IER, 2);
    read(IIR);
    host.room = 3;
    print("0123456789abcdef");
    expect([printed(), read(LSR), uart.blocked, line.level]).toEqual(["012", 0, true, false]);
    host.room = 5;
    uart.poll();
    expect([printed(), read(LSR), line.level]).toEqual(["01234567", 0, false]);
    host.room = Infinity;
    uart.poll();
    expect([printed(), read(LSR), uart.blocked, line.level, read(IIR)]).toEqual([
      "0123456789abcdef",
      0x60,
      false,
      true,
      0xc2,
    ]);
  });

  test("what is written behind bytes that wait does not overtake them, though the sink has room again", () => {
    const { host, uart, print, printed, write } = make();
    write(FCR, 0x01);
    host.room = 0;
    print("ab");
    host.room = 1;
    print("c");
    uart.poll();
    host.room = Infinity;
    uart.poll();
    expect(printed()).toBe("abc");
  });

  test("without FIFOs one byte waits", () => {
    const { host, uart, print, printed } = make();
    host.room = 0;
    print("ab");
    host.room = Infinity;
    uart.poll();
    expect(printed()).toBe("a");
  });

  test("FCR clears what waits", () => {
    const { host, uart, print, printed, read, write } = make();
    write(FCR, 1);
    host.room = 0;
    print("gone");
    write(FCR, 1 | 4);
    host.room = Infinity;
    uart.poll();
    expect([printed(), read(LSR)]).toEqual(["", 0x60]);
  });
});
