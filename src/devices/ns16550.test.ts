import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FCR, IER, IIR, LCR, LSR, make, MCR, MSR, RBR, SCR, THR } from "./ns16550.fixture.ts";

describe("registers", () => {
  test("power-on values", () => {
    const { read, line } = make();
    expect([IER, IIR, LCR, LSR, MSR, SCR].map(read)).toEqual([0, 0x01, 0, 0x60, 0xb0, 0]);
    expect(line.level).toBe(false);
  });

  test("DLAB turns 0 and 1 into the divisor", () => {
    const { read, write, printed } = make();
    write(LCR, 0x83);
    write(0, 0x34);
    write(1, 0x12);
    expect([read(0), read(1)]).toEqual([0x34, 0x12]);
    write(LCR, 0x03);
    expect([read(0), read(1), printed()]).toEqual([0, 0, ""]);
  });

  test("Linux's autoconfig finds a 16550A", () => {
    const { read, write } = make();
    write(IER, 0);
    write(IER, 0x0f);
    expect(read(IER)).toBe(0x0f); // no UUE, no sleep mode
    write(IER, 0);
    write(MCR, 0x1a);
    expect(read(MSR) & 0xf0).toBe(0x90);
    write(MCR, 0);
    write(FCR, 0x01);
    expect(read(IIR) >> 6).toBe(3);
    write(LCR, 0x80);
    expect(read(IIR)).not.toBe(0); // no 16650's EFR
    write(LCR, 0);
    write(FCR, 0);
    expect(read(IIR) >> 6).toBe(0);
    write(SCR, 0xa5);
    expect(read(SCR)).toBe(0xa5);
  });

  test.each([2, 4] as const)("of an access of %i bytes the lowest counts, and it is logged once", (width) => {
    const { uart, host, type, write } = make();
    type("x");
    write(IER, 1);
    uart.poll();
    uart.write(THR, width, 0x4241);
    expect([uart.read(LSR, width), uart.read(RBR, width), host.output]).toEqual([0x61, 0x78, [0x41]]);
    expect(host.log).toEqual([
      `ns16550: an access of ${width} bytes; its registers are one byte wide, so only the lowest counts`,
    ]);
  });

  test("offsets past the registers are empty", () => {
    const { read, write, host } = make();
    write(8, 0x41);
    expect([read(8), read(0xff), host.output]).toEqual([0, 0, []]);
  });
});

describe("receiver", () => {
  test("without FIFOs: a byte at a time, DR and the interrupt follow it", () => {
    const { uart, line, type, read, write } = make();
    write(IER, 1);
    type("ab");
    uart.poll();
    expect([read(LSR), line.level, read(IIR)]).toEqual([0x61, true, 0x04]);
    expect([read(RBR), line.level, read(LSR)]).toEqual([0x61, false, 0x60]);
    uart.poll();
    expect([read(RBR), read(RBR)]).toEqual([0x62, 0]);
  });

  test("with FIFOs: takes 120 and leaves the rest with the source until the next poll", () => {
    const { uart, host, type, read, write } = make();
    write(FCR, 0xc1);
    const batch = "0123456789ab".repeat(10);
    type(`${batch}XYZ`);
    uart.poll();
    expect(host.input.length).toBe(3);
    const got = Array.from({ length: 120 }, () => read(RBR));
    expect(Buffer.from(got).toString()).toBe(batch);
    expect(read(LSR)).toBe(0x60);
    uart.poll();
    expect([read(RBR), read(RBR), read(RBR), read(LSR)]).toEqual([0x58, 0x59, 0x5a, 0x60]);
  });

  test("waits for a driver that is about to transmit, which may be a stop; but not for long", () => {
    const { uart, host, type, write } = make();
    write(FCR, 0xc1);
    type("paste");
    for (let poll = 0; poll < 4; poll++) {
      write(IER, 0);
      write(IER, 3);
      uart.poll();
      expect(host.input.length).toBe(5);
    }
    write(IER, 0);
    write(IER, 3);
    uart.poll();
    expect(host.input.length).toBe(0);
  });

  test.each([
    [0x01, 1],
    [0x41, 4],
    [0x81, 8],
    [0xc1, 14],
  ])("FCR 0x%s triggers at %i bytes; fewer wait for the timeout", (fcr, level) => {
    const { uart, line, type, read, write } = make();
    write(FCR, fcr);
    write(IER, 1);
    type("x".repeat(level));
    uart.poll();
    expect([line.level, read(IIR)]).toEqual([true, 0xc4]);
    read(RBR);
    // Reading restarts the timeout, which the next poll finds.
    expect([line.level, read(IIR)]).toEqual([false, 0xc1]);
    uart.poll();
    expect(read(IIR)).toBe(level === 1 ? 0xc1 : 0xcc);
  });

  test("priority: received data before transmitter empty", () => {
    const { uart, type, read, write } = make();
    write(IER, 3);
    uart.poll();
    type("a");
    uart.poll();
    expect([read(IIR), read(RBR), read(IIR), read(IIR)]).toEqual([0x04, 0x61, 0x02, 0x01]);
  });

  test("FCR clears it, and so does turning FIFOs on or off", () => {
    const { uart, line, type, read, write } = make();
    write(FCR, 1);
    write(IER, 1);
    for (const clear of [3, 0]) {
      type("abc");
      uart.poll();
      expect(line.level).toBe(true);
      write(FCR, clear);
      expect([line.level, read(LSR)]).toEqual([false, 0x60]);
    }
  });
});

describe("loopback", () => {
  test("what is written is received; nothing goes out or comes in", () => {
    const { uart, host, type, read, write } = make();
    write(FCR, 1);
    write(MCR, 0x10);
    write(THR, 0x55);
    type("k");
    uart.poll();
    expect([read(LSR), read(RBR), read(LSR), host.output]).toEqual([0x61, 0x55, 0x60, []]);
    write(MCR, 0);
    uart.poll();
    expect(read(RBR)).toBe(0x6b);
  });

  test("an overrun is told once, with an interrupt", () => {
    const { line, read, write } = make();
    write(MCR, 0x10);
    write(IER, 4);
    write(THR, 1);
    write(THR, 2);
    expect([line.level, read(IIR), read(LSR), line.level, read(LSR)]).toEqual([true, 0x06, 0x63, false, 0x61]);
  });

  test.each([
    [0x11, 0x20],
    [0x12, 0x10],
    [0x14, 0x40],
    [0x18, 0x80],
  ])("MCR 0x%s is MSR 0x%s", (mcr, msr) => {
    const { read, write } = make();
    write(MCR, mcr);
    expect(read(MSR)).toBe(msr);
  });
});

describe("state", () => {
  test("save, reset and restore keep both FIFOs and the interrupt", () => {
    const { uart, host, line, type, print, printed, read, write } = make();
    write(FCR, 1);
    write(IER, 3);
    uart.poll();
    host.room = 1;
    type("in");
    uart.poll();
    print("out");
    const saved = structuredClone(uart.save());
    uart.reset();
    expect([line.level, read(LSR), uart.blocked]).toEqual([false, 0x60, false]);
    uart.restore(saved);
    expect([line.level, uart.blocked, uart.save()]).toEqual([true, true, saved]);
    host.room = Infinity;
    uart.poll();
    expect([printed(), read(RBR), read(RBR)]).toEqual(["out", 0x69, 0x6e]);
  });

  test.each([
    ["version", 9],
    ["received", new Uint8Array(257)],
    ["transmit", "abc"],
    ["ier", 16],
    ["lcr", -1],
    ["divisor", 0x1_0000],
    ["overrun", 0],
  ])("refuses a state with a wrong %s", (field, value) => {
    const { uart } = make();
    const before = uart.save() as object;
    expect(() => uart.restore({ ...before, [field]: value })).toThrow(TypeError);
    expect(uart.save()).toEqual(before);
  });

  test("a driver that honours THRE loses nothing, whatever the sink and the order of things", () => {
    const step = fc.oneof(
      fc.record({ room: fc.nat(40) }),
      fc.constant({ poll: true }),
      fc.record({ print: fc.uint8Array({ minLength: 1, maxLength: 16 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { uart, host, read, write } = make();
        write(FCR, 1);
        const sent: number[] = [];
        for (const each of steps) {
          if ("room" in each) host.room = each.room;
          else if ("poll" in each) uart.poll();
          else if ((read(LSR) & 0x20) !== 0) {
            for (const byte of each.print) write(THR, byte);
            sent.push(...each.print);
          }
        }
        host.room = Infinity;
        uart.poll();
        expect(host.output).toEqual(sent);
      }),
    );
  });
});
