import { TestLine } from "./line.fixture.ts";
import { Ns16550 } from "./ns16550.ts";

export const [RBR, IER, IIR, LCR, MCR, LSR, MSR, SCR] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
export const [THR, FCR] = [RBR, IIR];

/** A UART with everything of its host in reach. */
export function make() {
  const host = { output: [] as number[], room: Infinity, input: [] as number[], log: [] as string[] };
  const line = new TestLine();
  const uart = new Ns16550({
    line,
    output: {
      write: (byte) => {
        if (host.room === 0) return false;
        host.room--;
        host.output.push(byte);
        return true;
      },
    },
    input: { read: () => host.input.shift() ?? -1 },
    log: (message) => host.log.push(message),
  });
  const read = (offset: number) => uart.read(offset, 1);
  const write = (offset: number, value: number) => uart.write(offset, 1, value);
  const type = (text: string) => host.input.push(...Buffer.from(text));
  const printed = () => Buffer.from(host.output).toString();
  const print = (text: string) => Buffer.from(text).forEach((byte) => write(THR, byte));
  return { host, line, uart, read, write, type, print, printed };
}
