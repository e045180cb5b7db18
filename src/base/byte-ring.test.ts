import { describe, expect, test } from "vitest";
import { RING_HEADER_BYTES, RingCorruptError, RingReader, RingWriter } from "./byte-ring.ts";

function ring(capacity: number) {
  const buffer = new SharedArrayBuffer(128 + RING_HEADER_BYTES + capacity);
  return {
    writer: new RingWriter(buffer, 128, capacity),
    reader: new RingReader(buffer, 128, capacity),
    header: new Int32Array(buffer, 128, 4),
  };
}

const bytes = (...values: number[]) => Uint8Array.from(values);

describe("byte ring", () => {
  test("refuses what does not fit and loses nothing", () => {
    const { writer, reader } = ring(4);
    expect(writer.write(bytes(1, 2, 3, 4, 5))).toBe(4);
    expect(writer.writeByte(6)).toBe(false);
    expect(reader.read(3)).toEqual(bytes(1, 2, 3));
    expect(writer.write(bytes(5, 6, 7, 8))).toBe(3);
    expect(reader.read(100)).toEqual(bytes(4, 5, 6, 7));
    expect(reader.readByte()).toBe(-1);
  });

  test("carries a long stream across its end in order", () => {
    const { writer, reader } = ring(16);
    const sent: number[] = [];
    const got: number[] = [];
    for (let step = 0; step < 1000; step++) {
      const chunk = Uint8Array.from({ length: step % 11 }, (_, index) => (step * 7 + index) & 0xff);
      sent.push(...chunk.subarray(0, writer.write(chunk)));
      got.push(...reader.read(step % 9));
    }
    got.push(...reader.read(16));
    expect(got).toEqual(sent);
  });

  test("each request to be told is answered once", () => {
    const { writer, reader } = ring(4);
    reader.askForData();
    writer.askForRoom();
    expect([writer.takeAskedForData(), writer.takeAskedForData()]).toEqual([true, false]);
    expect([reader.takeAskedForRoom(), reader.takeAskedForRoom()]).toEqual([true, false]);
  });

  test.each([5, -1, 0x7fff_ffff])("a writer's position of %i is refused by the reader", (tail) => {
    const { reader, header } = ring(4);
    header[1] = tail;
    expect(() => reader.read(4)).toThrow(RingCorruptError);
    expect(() => reader.readByte()).toThrow(RingCorruptError);
  });

  test.each([1, -100, 0x7fff_ffff])("a reader's position of %i is refused by the writer", (head) => {
    const { writer, header } = ring(4);
    header[0] = head;
    expect(() => writer.writeByte(1)).toThrow(RingCorruptError);
  });

  test("a position to skip to that does not lie within what is there is ignored", () => {
    const { writer, reader } = ring(8);
    writer.write(bytes(1, 2, 3));
    reader.skipTo(100);
    expect(reader.available).toBe(3);
    reader.skipTo(writer.position);
    expect(reader.available).toBe(0);
  });
});
