/** Bytes of one device access. */
export type Width = 1 | 2 | 4 | 8;

/**
 * A device that the hart reaches by loads and stores. It never learns where it is mapped.
 * Values are unsigned; 8-byte accesses reach a device as two of 4 bytes, low half first. Reads of widths or offsets
 * that the device does not have yield 0, writes are ignored, as on QEMU `virt`.
 */
export interface Device {
  readonly name: string;
  readonly size: number;
  read(offset: number, width: Width): number;
  write(offset: number, width: Width, value: number): void;
  /** Answers an 8-byte read whole, where the halves would not fit together (a running clock). Offset is 8-byte aligned. */
  readWhole?(offset: number): bigint;
  /** Called by the board between slices: input, output and alarms move here. */
  poll?(): void;
  /** Everything the guest can observe of the device, as structured-clonable plain data. */
  save(): unknown;
  /** Takes back what `save` gave, from this version; throws TypeError on anything else. */
  restore(state: unknown): void;
  reset(): void;
}

/** One wire to an interrupt controller. */
export interface InterruptLine {
  set(level: boolean): void;
}

/** Where a console's output goes. `false`: no room now, ask again later; nothing was taken. */
export interface ByteSink {
  write(byte: number): boolean;
}

/** A console's output as a whole machine prints to it. */
export interface ConsoleSink extends ByteSink {
  /** Takes bytes from a caller who cannot ask again (a firmware call): what finds no room is kept. */
  keep(bytes: Uint8Array): void;
  /** So much is kept that the machine must not go on before it has gone. */
  readonly crowded: boolean;
}

/** Where a console's input comes from. -1: nothing there. */
export interface ByteSource {
  read(): number;
}
