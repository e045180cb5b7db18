/**
 * A single-producer single-consumer byte ring in shared memory.
 *
 *   +0 head   u32: bytes ever consumed     written by the consumer
 *   +4 tail   u32: bytes ever produced     written by the producer
 *   +8 asked for data   i32: the consumer sleeps and wants to be told of the next byte
 *   +12 asked for room  i32: the producer has more and wants to be told when some was consumed
 *   +64 the bytes; the capacity is a power of two
 *
 * The other side may be corrupt: each side keeps its own position to itself, and checks the other's every time it reads it.
 */
export const RING_HEADER_BYTES = 64;

/** The other side of a ring wrote positions that cannot be. */
export class RingCorruptError extends Error {}

const HEAD = 0;
const TAIL = 1;
const ASKED_FOR_DATA = 2;
const ASKED_FOR_ROOM = 3;

/** The producing side. Exactly one of them may exist for a ring, made while the ring is all zeros. */
export class RingWriter {
  readonly #header: Int32Array;
  readonly #bytes: Uint8Array;
  #tail = 0;

  constructor(buffer: SharedArrayBuffer, offset: number, capacity: number) {
    this.#header = new Int32Array(buffer, offset, RING_HEADER_BYTES / 4);
    this.#bytes = new Uint8Array(buffer, offset + RING_HEADER_BYTES, capacity);
  }

  /** Bytes ever produced, modulo 2³². */
  get position(): number {
    return this.#tail;
  }

  /** Bytes that were produced and not consumed yet. Throws RingCorruptError. */
  get waiting(): number {
    return this.#bytes.length - this.room;
  }

  /** Bytes that can be written now. Throws RingCorruptError. */
  get room(): number {
    const used = (this.#tail - Atomics.load(this.#header, HEAD)) >>> 0;
    if (used > this.#bytes.length) throw new RingCorruptError("the reader of a ring is ahead of its writer");
    return this.#bytes.length - used;
  }

  /** Takes as many bytes as there is room for; returns how many. */
  write(source: Uint8Array): number {
    const count = Math.min(source.length, this.room);
    if (count === 0) return 0;
    const at = this.#tail % this.#bytes.length;
    const first = Math.min(count, this.#bytes.length - at);
    this.#bytes.set(source.subarray(0, first), at);
    this.#bytes.set(source.subarray(first, count), 0);
    this.#publish(count);
    return count;
  }

  /** Takes one byte; false when there is no room. */
  writeByte(byte: number): boolean {
    if (this.room === 0) return false;
    this.#bytes[this.#tail % this.#bytes.length] = byte;
    this.#publish(1);
    return true;
  }

  /** Asks the consumer to say when it has made room. Look at `room` once more afterwards: it may have just done so. */
  askForRoom(): void {
    Atomics.store(this.#header, ASKED_FOR_ROOM, 1);
  }

  /** True once after the consumer asked to be told of data. */
  takeAskedForData(): boolean {
    return Atomics.exchange(this.#header, ASKED_FOR_DATA, 0) === 1;
  }

  #publish(count: number): void {
    this.#tail = (this.#tail + count) >>> 0;
    Atomics.store(this.#header, TAIL, this.#tail);
  }
}

/** The consuming side. Exactly one of them may exist for a ring, made while the ring is all zeros. */
export class RingReader {
  readonly #header: Int32Array;
  readonly #bytes: Uint8Array;
  #head = 0;

  constructor(buffer: SharedArrayBuffer, offset: number, capacity: number) {
    this.#header = new Int32Array(buffer, offset, RING_HEADER_BYTES / 4);
    this.#bytes = new Uint8Array(buffer, offset + RING_HEADER_BYTES, capacity);
  }

  /** Bytes that can be read now. Throws RingCorruptError. */
  get available(): number {
    const used = (Atomics.load(this.#header, TAIL) - this.#head) >>> 0;
    if (used > this.#bytes.length)
      throw new RingCorruptError("the writer of a ring is further ahead than the ring is long");
    return used;
  }

  /** Bytes ever produced, modulo 2³², as the writer says: good for telling whether anything came. */
  get writerPosition(): number {
    return Atomics.load(this.#header, TAIL) >>> 0;
  }

  /** A copy, in unshared memory, of what is there, at most `limit` bytes. */
  read(limit: number): Uint8Array<ArrayBuffer> {
    const count = Math.min(limit, this.available);
    const copy = new Uint8Array(count);
    const at = this.#head % this.#bytes.length;
    const first = Math.min(count, this.#bytes.length - at);
    copy.set(this.#bytes.subarray(at, at + first));
    copy.set(this.#bytes.subarray(0, count - first), first);
    this.#consume(count);
    return copy;
  }

  /** One byte, or -1 when there is none. */
  readByte(): number {
    if (this.available === 0) return -1;
    const byte = this.#bytes[this.#head % this.#bytes.length] ?? 0;
    this.#consume(1);
    return byte;
  }

  /** Forgets everything up to the writer's `position`, when that lies within what is there. */
  skipTo(position: number): void {
    const count = (position - this.#head) >>> 0;
    if (count <= this.available) this.#consume(count);
  }

  /** Asks the producer to say when it has produced something. Look at `available` once more afterwards. */
  askForData(): void {
    Atomics.store(this.#header, ASKED_FOR_DATA, 1);
  }

  /** True once after the producer asked to be told of room. */
  takeAskedForRoom(): boolean {
    return Atomics.exchange(this.#header, ASKED_FOR_ROOM, 0) === 1;
  }

  #consume(count: number): void {
    this.#head = (this.#head + count) >>> 0;
    Atomics.store(this.#header, HEAD, this.#head);
  }
}
