import { ByteQueue } from "#base/byte-queue.ts";
import { RingReader, RingWriter } from "#base/byte-ring.ts";
import type { ByteSource, ConsoleSink } from "#devices/device.ts";
import { CONSOLE_IN, CONSOLE_OUT, CONSOLE_RING_BYTES } from "#memory/layout.ts";
import { FlowControl } from "./flow-control.ts";

/** Output kept for want of room before the machine is held up. */
const OVERFLOW_BYTES = 64 * 1024;

/** The worker's end of the console: what the machine prints goes into one ring, what was typed comes out of another. */
export class WorkerConsole {
  readonly sink: ConsoleSink;
  readonly source: ByteSource;
  readonly #output: RingWriter;
  readonly #input: RingReader;
  readonly #tell: (what: "output" | "room") => void;
  /** None for machines that must not notice how fast the page is. */
  readonly #flow: FlowControl | undefined;
  /** What found no room and must not be refused. */
  readonly #overflow = new ByteQueue();
  #told = 0;
  #taken = 0;
  /** What is typed waits while this is set. */
  held = false;

  /**
   * `neverRefuse`: output without room is kept here rather than refused, for machines that must not notice how fast the
   * page is. `tell`: the page asked to be told of output or of room for input.
   */
  constructor(
    buffer: SharedArrayBuffer,
    neverRefuse: boolean,
    now: () => number,
    tell: (what: "output" | "room") => void,
  ) {
    this.#output = new RingWriter(buffer, CONSOLE_OUT, CONSOLE_RING_BYTES);
    this.#input = new RingReader(buffer, CONSOLE_IN, CONSOLE_RING_BYTES);
    this.#tell = tell;
    this.#flow = neverRefuse ? undefined : new FlowControl(now);
    this.#input.askForData();
    this.source = { read: () => this.#read() };
    const crowded = () => this.crowded;
    this.sink = {
      write: neverRefuse ? (byte) => this.#writeOrKeep(byte) : (byte) => this.#write(byte),
      keep: (bytes) => bytes.forEach((byte) => this.#writeOrKeep(byte)),
      get crowded() {
        return crowded();
      },
    };
  }

  /** What stands in the output ring before this was printed before now. */
  get outputPosition(): number {
    return this.#output.position;
  }

  /** Bytes ever printed and taken: whether the guest and the person talk at all. */
  get traffic(): number {
    return this.#output.position + this.#taken;
  }

  /** Changes when something was typed. */
  get typed(): number {
    return this.#input.writerPosition;
  }

  /** Asks the page to say when something is typed. Look at `typed` once more afterwards. */
  askForInput(): void {
    this.#input.askForData();
  }

  /** What was typed and not taken is gone, and so is what was kept for want of room. */
  clear(): void {
    this.#overflow.clear();
    this.#flow?.reset();
    while (this.#input.available > 0) this.#input.read(CONSOLE_RING_BYTES);
    this.tellPage();
  }

  /** What was typed before `position` (in bytes ever typed) and not taken is gone. */
  skipInput(position: number): void {
    this.#input.skipTo(position);
    this.tellPage();
  }

  /** So much output found no room that the machine had better wait until the page takes it: `wake` tells. */
  get crowded(): boolean {
    return this.#overflow.length >= OVERFLOW_BYTES;
  }

  /** Tells the page of output, or of room for input, where it asked. */
  tellPage(): void {
    this.#flush();
    if (this.#output.position !== this.#told && this.#output.takeAskedForData()) {
      this.#told = this.#output.position;
      this.#tell("output");
    }
    if (this.#input.available < CONSOLE_RING_BYTES / 2 && this.#input.takeAskedForRoom()) this.#tell("room");
  }

  #read(): number {
    if (this.held || this.#flow?.passes(this.#input.available) === false) return -1;
    const byte = this.#input.readByte();
    if (byte >= 0) this.#taken++;
    return byte;
  }

  #write(byte: number): boolean {
    if (this.#overflow.length > 0) return false;
    if (!this.#output.writeByte(byte)) {
      this.#output.askForRoom();
      if (!this.#output.writeByte(byte)) return false;
    }
    this.#flow?.printed(byte);
    return true;
  }

  #writeOrKeep(byte: number): boolean {
    if (!this.#write(byte)) this.#overflow.pushByte(byte);
    return true;
  }

  #flush(): void {
    const take = (bytes: Uint8Array) => this.#output.write(bytes);
    this.#overflow.moveTo(take);
    if (this.#overflow.length === 0) return;
    this.#output.askForRoom();
    this.#overflow.moveTo(take);
  }
}
