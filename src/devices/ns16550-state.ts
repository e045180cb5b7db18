import { boolean, byteArray, unsigned, versioned } from "#base/checks.ts";

/** What `Ns16550.save` gave, with FIFOs of at most so many bytes; throws TypeError with what is wrong. */
export function readUartState(state: unknown, fifoBytes: number) {
  const saved = versioned(state, "the UART's state", 2);
  const number = (field: string, bits: number) => unsigned(saved[field], `the UART's ${field}`, bits);
  const flag = (field: string) => boolean(saved[field], `the UART's ${field}`);
  const bytes = (field: string) => byteArray(saved[field], `the UART's ${field}`, 0, fifoBytes);
  return {
    received: bytes("received"),
    transmit: bytes("transmit"),
    ier: number("ier", 4),
    fcr: number("fcr", 8),
    lcr: number("lcr", 8),
    mcr: number("mcr", 5),
    scratch: number("scratch", 8),
    divisor: number("divisor", 16),
    overrun: flag("overrun"),
    receiveTimeout: flag("receiveTimeout"),
    thrEmptyPending: flag("thrEmptyPending"),
    thrEmptyHeld: flag("thrEmptyHeld"),
    pollsWithoutInput: number("pollsWithoutInput", 3),
  };
}
