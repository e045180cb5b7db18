import { ByteFifo } from "#base/byte-fifo.ts";
import type { ByteSink, ByteSource, Device, InterruptLine, Width } from "./device.ts";
import {
  DATA,
  IER,
  IIR_FCR,
  LCR,
  MCR,
  LSR,
  MSR,
  SCR,
  IER_RECEIVED,
  IER_THR_EMPTY,
  IER_LINE_STATUS,
  IIR_NONE,
  IIR_THR_EMPTY,
  IIR_RECEIVED,
  IIR_LINE_STATUS,
  IIR_TIMEOUT,
  IIR_FIFO_ENABLED,
  FCR_ENABLE,
  FCR_CLEAR_RECEIVER,
  FCR_CLEAR_TRANSMITTER,
  FCR_KEPT,
  TRIGGER_LEVELS,
  LCR_DLAB,
  MCR_LOOPBACK,
  MCR_OUT2,
  LSR_DATA_READY,
  LSR_OVERRUN,
  LSR_TRANSMITTER_EMPTY,
  MSR_CONNECTED,
  DIVISOR_9600,
} from "./ns16550-registers.ts";
import { readUartState } from "./ns16550-state.ts";
import { OnceLog } from "./once-log.ts";

/** What each FIFO holds. A 16550A has 16; a driver that reads `fifo-size` in the device tree is interrupted less often by more. */
export const FIFO_BYTES = 256;
/**
 * What comes at a time. Linux' terminal driver says stop with 128 bytes of room left, and must have done so before more comes:
 * a Ctrl+C behind it finds room then.
 */
const BATCH_BYTES = 120;
/** So many polls in a row may find the driver about to transmit, which may be a stop, and bring nothing. */
const POLLS_WITHOUT_INPUT = 4;

/** What the UART asks of the board. */
export interface UartHost {
  readonly line: InterruptLine;
  readonly output: ByteSink;
  readonly input: ByteSource;
  readonly log: (message: string) => void;
}

/**
 * National Semiconductor 16550A, one byte per register; of wider accesses the lowest byte counts, as on QEMU. Bytes go to the sink at once; while it refuses they wait in the
 * transmitter FIFO with LSR.THRE and TEMT at 0 until `poll` gets them out. `poll` also moves input into the receiver
 * FIFO, and takes a dry source for the receive timeout (4 character times without a byte).
 */
export class Ns16550 implements Device {
  readonly name = "ns16550";
  readonly size = 0x100;
  readonly #host: UartHost;
  readonly #log: OnceLog;
  readonly #received = new ByteFifo(FIFO_BYTES);
  readonly #transmit = new ByteFifo(FIFO_BYTES);
  #ier = 0;
  #fcr = 0;
  #lcr = 0;
  #mcr = MCR_OUT2;
  #scratch = 0;
  #divisor = DIVISOR_9600;
  #overrun = false;
  #receiveTimeout = false;
  /** The transmitter became empty, or its interrupt was enabled while it was; until IIR told so or THR was written. */
  #thrEmptyPending = false;
  /** That is told in IIR, but drives the line from the next `poll` on. */
  #thrEmptyHeld = false;
  #pollsWithoutInput = 0;

  constructor(host: UartHost) {
    this.#host = host;
    this.#log = new OnceLog(this.name, host.log);
  }

  /** Output waits for the sink: poll again when it has room. */
  get blocked(): boolean {
    return this.#transmit.length > 0;
  }

  poll(): void {
    const isAboutToSend = this.#thrEmptyHeld && this.#pollsWithoutInput < POLLS_WITHOUT_INPUT;
    const sent = this.#drain() || this.#thrEmptyHeld;
    this.#thrEmptyHeld = false;
    this.#pollsWithoutInput = isAboutToSend ? this.#pollsWithoutInput + 1 : 0;
    const came = !isAboutToSend && this.#fill();
    // Only what happened drives the line: the PLIC takes each time for an event.
    if (sent || came) this.#drive();
  }

  read(offset: number, width: Width): number {
    if (width !== 1) this.#sayWide(width);
    switch (offset) {
      case DATA:
        return this.#dlab ? this.#divisor & 0xff : this.#readReceived();
      case IER:
        return this.#dlab ? this.#divisor >>> 8 : this.#ier;
      case IIR_FCR:
        return this.#readInterruptIdentification();
      case LCR:
        return this.#lcr;
      case MCR:
        return this.#mcr;
      case LSR:
        return this.#readLineStatus();
      case MSR:
        return this.#modemStatus();
      case SCR:
        return this.#scratch;
      default:
        return 0;
    }
  }

  write(offset: number, width: Width, value: number): void {
    if (width !== 1) this.#sayWide(width);
    this.#writeByte(offset, value & 0xff);
  }

  #writeByte(offset: number, value: number): void {
    switch (offset) {
      case DATA:
        if (this.#dlab) this.#divisor = (this.#divisor & 0xff00) | value;
        else this.#writeTransmit(value);
        break;
      case IER:
        if (this.#dlab) this.#divisor = (this.#divisor & 0xff) | (value << 8);
        else this.#writeInterruptEnable(value & 0x0f);
        break;
      case IIR_FCR:
        this.#writeFifoControl(value);
        break;
      case LCR:
        this.#lcr = value;
        break;
      case MCR:
        this.#mcr = value & 0x1f;
        break;
      case SCR:
        this.#scratch = value;
        break;
      default:
        return; // LSR and MSR are read-only
    }
    this.#drive();
  }

  reset(): void {
    this.#received.clear();
    this.#transmit.clear();
    this.#ier = 0;
    this.#fcr = 0;
    this.#lcr = 0;
    this.#mcr = MCR_OUT2;
    this.#scratch = 0;
    this.#divisor = DIVISOR_9600;
    this.#overrun = false;
    this.#receiveTimeout = false;
    this.#thrEmptyPending = false;
    this.#thrEmptyHeld = false;
    this.#pollsWithoutInput = 0;
    this.#drive();
  }

  save(): unknown {
    return {
      version: 2,
      received: this.#received.toBytes(),
      transmit: this.#transmit.toBytes(),
      ier: this.#ier,
      fcr: this.#fcr,
      lcr: this.#lcr,
      mcr: this.#mcr,
      scratch: this.#scratch,
      divisor: this.#divisor,
      overrun: this.#overrun,
      receiveTimeout: this.#receiveTimeout,
      thrEmptyPending: this.#thrEmptyPending,
      thrEmptyHeld: this.#thrEmptyHeld,
      pollsWithoutInput: this.#pollsWithoutInput,
    };
  }

  restore(state: unknown): void {
    const registers = readUartState(state, FIFO_BYTES);
    this.#received.refill(registers.received);
    this.#transmit.refill(registers.transmit);
    this.#ier = registers.ier;
    this.#fcr = registers.fcr & FCR_KEPT;
    this.#lcr = registers.lcr;
    this.#mcr = registers.mcr;
    this.#scratch = registers.scratch;
    this.#divisor = registers.divisor;
    this.#overrun = registers.overrun;
    this.#receiveTimeout = registers.receiveTimeout;
    this.#thrEmptyPending = registers.thrEmptyPending;
    this.#thrEmptyHeld = registers.thrEmptyHeld;
    this.#pollsWithoutInput = registers.pollsWithoutInput;
    this.#drive();
  }

  get #dlab(): boolean {
    return (this.#lcr & LCR_DLAB) !== 0;
  }
  get #fifoEnabled(): boolean {
    return (this.#fcr & FCR_ENABLE) !== 0;
  }

  get #loopback(): boolean {
    return (this.#mcr & MCR_LOOPBACK) !== 0;
  }

  /** How many bytes each direction holds: 1 without FIFOs. */
  get #depth(): number {
    return this.#fifoEnabled ? FIFO_BYTES : 1;
  }

  #readReceived(): number {
    const byte = this.#received.shift();
    // Reading restarts the timeout; the next poll finds it again if bytes are left.
    this.#receiveTimeout = false;
    this.#drive();
    return Math.max(byte, 0);
  }

  #readInterruptIdentification(): number {
    const cause = this.#cause();
    if (cause === IIR_THR_EMPTY) {
      this.#thrEmptyPending = false;
      this.#drive();
    }
    return cause | (this.#fifoEnabled ? IIR_FIFO_ENABLED : 0);
  }

  #readLineStatus(): number {
    let status = this.#transmit.length === 0 ? LSR_TRANSMITTER_EMPTY : 0;
    if (this.#received.length > 0) status |= LSR_DATA_READY;
    if (this.#overrun) {
      status |= LSR_OVERRUN;
      this.#overrun = false;
      this.#drive();
    }
    return status;
  }

  #modemStatus(): number {
    if (!this.#loopback) return MSR_CONNECTED;
    // In loopback the outputs DTR, RTS, OUT1, OUT2 are the inputs DSR, CTS, RI, DCD.
    const mcr = this.#mcr;
    return ((mcr & 0x0c) << 4) | ((mcr & 0x02) << 3) | ((mcr & 0x01) << 5);
  }

  #writeTransmit(byte: number): void {
    this.#thrEmptyPending = false;
    this.#thrEmptyHeld = false;
    if (this.#loopback) {
      if (this.#received.length < this.#depth) this.#received.push(byte);
      else this.#overrun = true;
      this.#thrEmptyPending = true;
      return;
    }
    if (this.#transmit.length === 0 && this.#host.output.write(byte)) {
      this.#thrEmptyPending = true;
      return;
    }
    // A driver that writes while THRE is 0 loses what does not fit, as on the chip.
    if (this.#transmit.length < this.#depth) this.#transmit.push(byte);
    this.#drain();
  }

  #writeInterruptEnable(value: number): void {
    const changed = this.#ier ^ value;
    this.#ier = value;
    if ((changed & IER_THR_EMPTY) === 0) return;
    this.#thrEmptyPending = (value & IER_THR_EMPTY) !== 0 && this.#transmit.length === 0;
    // A driver that enables it for every line that it is given, as Linux' does, will have many by the next poll.
    this.#thrEmptyHeld = this.#thrEmptyPending;
  }

  #writeFifoControl(value: number): void {
    const toggled = ((value ^ this.#fcr) & FCR_ENABLE) !== 0;
    if (toggled || (value & FCR_CLEAR_RECEIVER) !== 0) {
      this.#received.clear();
      this.#receiveTimeout = false;
    }
    if (toggled || (value & FCR_CLEAR_TRANSMITTER) !== 0) {
      this.#transmit.clear();
      this.#thrEmptyPending = true;
    }
    this.#fcr = (value & FCR_ENABLE) !== 0 ? value & FCR_KEPT : 0;
  }

  /** Whether the transmitter became empty. */
  #drain(): boolean {
    if (this.#transmit.length === 0) return false;
    while (this.#transmit.length > 0) {
      if (!this.#host.output.write(this.#transmit.peek())) return false;
      this.#transmit.shift();
    }
    this.#thrEmptyPending = true;
    return true;
  }

  /** Whether a byte came, or a receive timeout. */
  #fill(): boolean {
    if (this.#loopback) return false;
    const before = this.#received.length;
    while (this.#received.length < Math.min(this.#depth, BATCH_BYTES)) {
      const byte = this.#host.input.read();
      if (byte < 0) {
        const timedOut = this.#receiveTimeout;
        this.#receiveTimeout = this.#fifoEnabled && this.#received.length > 0;
        return this.#received.length > before || this.#receiveTimeout !== timedOut;
      }
      this.#received.push(byte & 0xff);
    }
    return this.#received.length > before;
  }

  /** The enabled interrupt of highest priority. */
  #cause(thrEmpty = this.#thrEmptyPending): number {
    if ((this.#ier & IER_LINE_STATUS) !== 0 && this.#overrun) return IIR_LINE_STATUS;
    if ((this.#ier & IER_RECEIVED) !== 0 && this.#received.length > 0) {
      if (!this.#fifoEnabled || this.#received.length >= TRIGGER_LEVELS[(this.#fcr >>> 6) as 0 | 1 | 2 | 3])
        return IIR_RECEIVED;
      if (this.#receiveTimeout) return IIR_TIMEOUT;
    }
    if ((this.#ier & IER_THR_EMPTY) !== 0 && thrEmpty) return IIR_THR_EMPTY;
    return IIR_NONE;
  }

  #drive(): void {
    this.#host.line.set(this.#cause(this.#thrEmptyPending && !this.#thrEmptyHeld) !== IIR_NONE);
  }

  #sayWide(width: Width): void {
    this.#log.say("width", `an access of ${width} bytes; its registers are one byte wide, so only the lowest counts`);
  }
}
