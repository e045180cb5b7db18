import {
  DECODED,
  DECODED_PAGE_BYTES,
  layoutFor,
  PAGE_BYTES,
  PAGE_SHIFT,
  PageFlag,
  RAM_BASE,
  type MemoryLayout,
} from "./layout.ts";

/** Thrown where a device or loader names guest memory that does not exist. */
export class GuestAddressError extends RangeError {
  constructor(physicalAddress: number, byteLength: number) {
    super(`guest physical 0x${physicalAddress.toString(16)} + ${byteLength} bytes is outside RAM`);
  }
}

/** One guest's shared memory, seen by devices and loaders through guest physical addresses. */
export class GuestMemory {
  readonly wasm: WebAssembly.Memory;
  readonly layout: MemoryLayout;
  /** All of the shared memory. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** RAM alone: index 0 is guest physical RAM_BASE. */
  readonly ram: Uint8Array;
  readonly pageFlags: Uint8Array;
  /** How often the host has changed RAM. */
  touches = 0;

  /** `memoryMiB` of RAM; throws RangeError with the browser's words when it cannot be had. */
  constructor(memoryMiB: number, wasm?: WebAssembly.Memory) {
    this.layout = layoutFor(memoryMiB * 1024 * 1024);
    const pages = this.layout.totalBytes / 0x1_0000;
    this.wasm = wasm ?? new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const { buffer } = this.wasm;
    if (buffer.byteLength !== this.layout.totalBytes)
      throw new RangeError("the shared memory has another size than its layout");
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.ram = new Uint8Array(buffer, this.layout.ram, this.layout.ramBytes);
    this.pageFlags = new Uint8Array(buffer, this.layout.pageFlags, this.layout.pageCount);
  }

  /** Whether all of the range lies in RAM. */
  contains(physicalAddress: number, byteLength: number): boolean {
    const offset = physicalAddress - RAM_BASE;
    return byteLength >= 0 && offset >= 0 && offset + byteLength <= this.layout.ramBytes;
  }

  /** A live view of guest memory for reading; do not write through it. Throws GuestAddressError. */
  read(physicalAddress: number, byteLength: number): Uint8Array {
    this.#check(physicalAddress, byteLength);
    const offset = physicalAddress - RAM_BASE;
    return this.ram.subarray(offset, offset + byteLength);
  }

  /** Writes guest memory, marking its pages dirty and their decoded code stale. Throws GuestAddressError. */
  write(physicalAddress: number, source: Uint8Array): void {
    this.#check(physicalAddress, source.length);
    this.ram.set(source, physicalAddress - RAM_BASE);
    this.touch(physicalAddress, source.length);
  }

  /** As `write`, of `byteLength` bytes of one value. */
  fill(physicalAddress: number, byteLength: number, value: number): void {
    this.#check(physicalAddress, byteLength);
    this.ram.fill(value, physicalAddress - RAM_BASE, physicalAddress - RAM_BASE + byteLength);
    this.touch(physicalAddress, byteLength);
  }

  load16(physicalAddress: number): number {
    this.#check(physicalAddress, 2);
    return this.view.getUint16(this.#at(physicalAddress), true);
  }

  load32(physicalAddress: number): number {
    this.#check(physicalAddress, 4);
    return this.view.getUint32(this.#at(physicalAddress), true);
  }

  load64(physicalAddress: number): bigint {
    this.#check(physicalAddress, 8);
    return this.view.getBigUint64(this.#at(physicalAddress), true);
  }

  store16(physicalAddress: number, value: number): void {
    this.#check(physicalAddress, 2);
    this.view.setUint16(this.#at(physicalAddress), value, true);
    this.touch(physicalAddress, 2);
  }

  store32(physicalAddress: number, value: number): void {
    this.#check(physicalAddress, 4);
    this.view.setUint32(this.#at(physicalAddress), value, true);
    this.touch(physicalAddress, 4);
  }

  store64(physicalAddress: number, value: bigint): void {
    this.#check(physicalAddress, 8);
    this.view.setBigUint64(this.#at(physicalAddress), value, true);
    this.touch(physicalAddress, 8);
  }

  /** Records that the host changed a range of RAM: its pages are dirty, and what was decoded from them is stale. */
  touch(physicalAddress: number, byteLength: number): void {
    if (byteLength === 0) return;
    this.touches++;
    const first = (physicalAddress - RAM_BASE) >>> PAGE_SHIFT;
    const last = (physicalAddress - RAM_BASE + byteLength - 1) >>> PAGE_SHIFT;
    for (let page = first; page <= last; page++) {
      const flags = this.pageFlags[page] ?? 0;
      if (flags & PageFlag.code) this.dropCode(page);
      this.pageFlags[page] = flags | PageFlag.dirty;
    }
  }

  /** Forgets every operation decoded from a RAM page; the page stays decoded, with nothing in it. */
  dropCode(page: number): void {
    const index = this.view.getUint32(this.layout.decodedIndex + page * 4, true);
    if (index === 0) return;
    const start = DECODED + index * DECODED_PAGE_BYTES;
    this.bytes.fill(0, start, start + (PAGE_BYTES / 2) * 8);
  }

  #at(physicalAddress: number): number {
    return physicalAddress - RAM_BASE + this.layout.ram;
  }

  #check(physicalAddress: number, byteLength: number): void {
    if (!this.contains(physicalAddress, byteLength)) throw new GuestAddressError(physicalAddress, byteLength);
  }
}
