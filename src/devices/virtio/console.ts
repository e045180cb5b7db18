import { unsigned, versioned } from "#base/checks.ts";
import type { ByteSink, ByteSource } from "#devices/device.ts";
import type { VirtioDevice, VirtioTransport } from "./virtio-device.ts";
import { VirtioError } from "./virtio-error.ts";
import type { Virtqueue } from "./virtqueue.ts";

const RECEIVE = 0;
const TRANSMIT = 1;
const VIRTIO_CONSOLE_F_SIZE = 1n;
/** cols, rows: u16; max_nr_ports, emerg_wr: u32. */
const CONFIG_BYTES = 12;
const CHUNK_BYTES = 4096;

/** Console device with one port, virtio 1.2 §5.3. Its configuration tells the driver the terminal's size. */
export class VirtioConsole implements VirtioDevice {
  readonly name = "virtio-console";
  readonly deviceId = 3;
  readonly features = VIRTIO_CONSOLE_F_SIZE;
  readonly queueSizes = [64, 64];
  readonly config = new Uint8Array(CONFIG_BYTES);
  readonly #output: ByteSink | undefined;
  readonly #input: ByteSource | undefined;
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  #transport: VirtioTransport | undefined;
  #receive: Virtqueue | undefined;
  #transmit: Virtqueue | undefined;
  /** Bytes of the oldest transmit request that the sink took already. */
  #transmitted = 0;

  /** Without `output` what the guest prints is discarded; without `input` it never reads anything. */
  constructor(output?: ByteSink, input?: ByteSource) {
    this.#output = output;
    this.#input = input;
  }

  attach(transport: VirtioTransport): void {
    this.#transport = transport;
  }

  /** The terminal has another size, in cells (1…65535). */
  resize(columns: number, rows: number): void {
    const config = new DataView(this.config.buffer);
    if (config.getUint16(0, true) === columns && config.getUint16(2, true) === rows) return;
    config.setUint16(0, columns, true);
    config.setUint16(2, rows, true);
    this.#transport?.configChanged();
  }

  activate(queues: readonly (Virtqueue | undefined)[]): void {
    this.#receive = queues[RECEIVE];
    this.#transmit = queues[TRANSMIT];
  }

  notify(queueIndex: number): void {
    if (queueIndex === TRANSMIT) this.#send();
    else this.#deliver();
  }

  poll(): void {
    this.#send();
    this.#deliver();
  }

  reset(): void {
    this.#receive = undefined;
    this.#transmit = undefined;
    this.#transmitted = 0;
  }

  save(): unknown {
    const config = new DataView(this.config.buffer);
    return {
      version: 1,
      columns: config.getUint16(0, true),
      rows: config.getUint16(2, true),
      transmitted: this.#transmitted,
    };
  }

  /** The size is what was saved: the host tells its own, by `resize`, before the guest goes on. */
  restore(state: unknown): void {
    const saved = versioned(state, "virtio-console's state", 1);
    const columns = unsigned(saved["columns"], "virtio-console's columns", 16);
    const rows = unsigned(saved["rows"], "virtio-console's rows", 16);
    this.#transmitted = unsigned(saved["transmitted"], "virtio-console's transmitted", 32);
    const config = new DataView(this.config.buffer);
    config.setUint16(0, columns, true);
    config.setUint16(2, rows, true);
  }

  #send(): void {
    const queue = this.#transmit;
    if (queue === undefined) return;
    for (const chain of queue.requests()) {
      if (this.#output !== undefined) {
        const total = chain.readableBytes;
        while (this.#transmitted < total) {
          const count = chain.read(this.#transmitted, this.#chunk);
          const taken = writeAll(this.#output, this.#chunk, count);
          this.#transmitted += taken;
          if (taken < count) return queue.flush();
        }
      }
      this.#transmitted = 0;
      queue.complete(chain, 0);
    }
    queue.flush();
  }

  #deliver(): void {
    const queue = this.#receive;
    if (queue === undefined || this.#input === undefined) return;
    for (const chain of queue.requests()) {
      if (chain.writableBytes === 0) throw new VirtioError("a console's receive buffer is not writable");
      const count = readAll(this.#input, this.#chunk, Math.min(chain.writableBytes, CHUNK_BYTES));
      if (count === 0) break;
      chain.write(0, this.#chunk.subarray(0, count));
      queue.complete(chain, count);
    }
    queue.flush();
  }
}

/** How many of the first `count` bytes the sink took. */
function writeAll(sink: ByteSink, bytes: Uint8Array, count: number): number {
  let taken = 0;
  while (taken < count && sink.write(bytes[taken]!)) taken++;
  return taken;
}

/** How many bytes, at most `room`, the source had. */
function readAll(source: ByteSource, bytes: Uint8Array, room: number): number {
  let count = 0;
  while (count < room) {
    const byte = source.read();
    if (byte < 0) break;
    bytes[count++] = byte;
  }
  return count;
}
