/** Register offsets; with LCR.DLAB set, 0 and 1 are the divisor latch. */
export const DATA = 0;
export const IER = 1;
export const IIR_FCR = 2;
export const LCR = 3;
export const MCR = 4;
export const LSR = 5;
export const MSR = 6;
export const SCR = 7;

export const IER_RECEIVED = 0x01;
export const IER_THR_EMPTY = 0x02;
export const IER_LINE_STATUS = 0x04;

export const IIR_NONE = 0x01;
export const IIR_THR_EMPTY = 0x02;
export const IIR_RECEIVED = 0x04;
export const IIR_LINE_STATUS = 0x06;
export const IIR_TIMEOUT = 0x0c;
export const IIR_FIFO_ENABLED = 0xc0;

export const FCR_ENABLE = 0x01;
export const FCR_CLEAR_RECEIVER = 0x02;
export const FCR_CLEAR_TRANSMITTER = 0x04;
export const FCR_KEPT = 0xc9;
export const TRIGGER_LEVELS = [1, 4, 8, 14] as const;

export const LCR_DLAB = 0x80;
export const MCR_LOOPBACK = 0x10;
export const MCR_OUT2 = 0x08;

export const LSR_DATA_READY = 0x01;
export const LSR_OVERRUN = 0x02;
export const LSR_TRANSMITTER_EMPTY = 0x60; // THRE and TEMT: bytes leave in no time, or wait for the sink
/** A terminal that is always there: DCD, DSR, CTS. */
export const MSR_CONNECTED = 0xb0;

export const DIVISOR_9600 = 12;
