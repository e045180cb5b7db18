import { versioned } from "#base/checks.ts";
import { DiskFullError, SECTOR_BYTES, type Disk } from "#devices/disks/disk.ts";
import { OnceLog } from "#devices/once-log.ts";
import type { DescriptorChain } from "./descriptor-chain.ts";
import type { VirtioDevice } from "./virtio-device.ts";
import { VirtioError } from "./virtio-error.ts";
import type { Virtqueue } from "./virtqueue.ts";

const VIRTIO_BLK_F_SEG_MAX = 1n << 2n;
const VIRTIO_BLK_F_RO = 1n << 5n;
const VIRTIO_BLK_F_BLK_SIZE = 1n << 6n;
const VIRTIO_BLK_F_FLUSH = 1n << 9n;
const VIRTIO_BLK_F_DISCARD = 1n << 13n;
const VIRTIO_BLK_F_WRITE_ZEROES = 1n << 14n;

const VIRTIO_BLK_T_IN = 0;
const VIRTIO_BLK_T_OUT = 1;
const VIRTIO_BLK_T_FLUSH = 4;
const VIRTIO_BLK_T_GET_ID = 8;
const VIRTIO_BLK_T_DISCARD = 11;
const VIRTIO_BLK_T_WRITE_ZEROES = 13;

const VIRTIO_BLK_S_OK = 0;
const VIRTIO_BLK_S_IOERR = 1;
const VIRTIO_BLK_S_UNSUPP = 2;

const QUEUE_SIZE = 256;
/** A request is header, data and status. */
const SEGMENTS_MAX = QUEUE_SIZE - 2;
/** Sectors that one discard or write-zeroes may name: 1 GiB. */
const ZERO_SECTORS_MAX = 0x20_0000;
const HEADER_BYTES = 16;
const RANGE_BYTES = 16;
const ID_BYTES = 20;
const CHUNK_BYTES = 0x1_0000;
/** After so many bytes the rest of the requests wait for the next `poll`: the host must get its turn. */
const BATCH_BYTES = 32 * 2 ** 20;

/** Block device, virtio 1.2 §5.2, over a host's disk. Errors of the disk are the guest's I/O errors, told in the log. */
export class VirtioBlock implements VirtioDevice {
  readonly name: string;
  readonly deviceId = 2;
  readonly features: bigint;
  readonly queueSizes = [QUEUE_SIZE];
  readonly config: Uint8Array;
  readonly #disk: Disk;
  readonly #log: OnceLog;
  readonly #id = new Uint8Array(ID_BYTES);
  readonly #header = new DataView(new ArrayBuffer(HEADER_BYTES));
  readonly #range = new DataView(new ArrayBuffer(RANGE_BYTES));
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  #queue: Virtqueue | undefined;

  /** `id`: up to 20 ASCII characters, the guest's serial number of the disk, and part of the device's name. */
  constructor(disk: Disk, id: string, log: (message: string) => void) {
    this.name = `virtio-blk ${id}`;
    this.#disk = disk;
    this.#log = new OnceLog(this.name, log);
    for (let index = 0; index < Math.min(id.length, ID_BYTES); index++) this.#id[index] = id.charCodeAt(index);
    this.features = VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_BLK_SIZE | VIRTIO_BLK_F_FLUSH;
    this.features |= disk.readOnly ? VIRTIO_BLK_F_RO : VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES;
    this.config = configuration(disk);
  }

  activate([queue]: readonly (Virtqueue | undefined)[]): void {
    this.#queue = queue;
  }

  notify(): void {
    const queue = this.#queue;
    if (queue === undefined) return;
    let bytes = 0;
    for (const chain of queue.requests()) {
      queue.complete(chain, this.#serve(chain));
      bytes += chain.readableBytes + chain.writableBytes;
      if (bytes >= BATCH_BYTES) break;
    }
    queue.flush();
  }

  /** Requests that were left over. */
  poll(): void {
    if (this.#queue?.hasRequest) this.notify();
  }

  reset(): void {
    this.#queue = undefined;
  }

  /** The disk is the machine's, and saved beside its devices. */
  save(): unknown {
    return { version: 1 };
  }

  restore(state: unknown): void {
    versioned(state, `${this.name}'s state`, 1);
  }

  /** Does one request; returns how many bytes were written to the driver, the status included. */
  #serve(chain: DescriptorChain): number {
    if (chain.readableBytes < HEADER_BYTES) throw new VirtioError("a block request has no whole header");
    if (chain.writableBytes < 1) throw new VirtioError("a block request has no room for its status");
    chain.read(0, new Uint8Array(this.#header.buffer));
    const type = this.#header.getUint32(0, true);
    const sector = Number(this.#header.getBigUint64(8, true));
    const room = chain.writableBytes - 1;
    let status: number;
    try {
      status = this.#perform(type, sector, chain, room);
    } catch (error) {
      if (error instanceof VirtioError) throw error;
      this.#logFailure(error);
      status = VIRTIO_BLK_S_IOERR;
    }
    chain.write(room, Uint8Array.of(status));
    return type === VIRTIO_BLK_T_IN || type === VIRTIO_BLK_T_GET_ID ? room + 1 : 1;
  }

  #perform(type: number, sector: number, chain: DescriptorChain, room: number): number {
    switch (type) {
      case VIRTIO_BLK_T_IN:
        return this.#read(sector, chain, room);
      case VIRTIO_BLK_T_OUT:
        return this.#write(sector, chain);
      case VIRTIO_BLK_T_FLUSH:
        return VIRTIO_BLK_S_OK;
      case VIRTIO_BLK_T_GET_ID:
        chain.write(0, this.#id.subarray(0, room));
        return VIRTIO_BLK_S_OK;
      case VIRTIO_BLK_T_DISCARD:
      case VIRTIO_BLK_T_WRITE_ZEROES:
        return this.#zero(chain);
      default:
        return VIRTIO_BLK_S_UNSUPP;
    }
  }

  #read(sector: number, chain: DescriptorChain, byteLength: number): number {
    if (!this.#holds(sector, byteLength)) return VIRTIO_BLK_S_IOERR;
    for (let done = 0; done < byteLength; done += CHUNK_BYTES) {
      const chunk = this.#chunk.subarray(0, Math.min(CHUNK_BYTES, byteLength - done));
      this.#disk.read(sector + done / SECTOR_BYTES, chunk);
      chain.write(done, chunk);
    }
    return VIRTIO_BLK_S_OK;
  }

  #write(sector: number, chain: DescriptorChain): number {
    const byteLength = chain.readableBytes - HEADER_BYTES;
    if (this.#disk.readOnly || !this.#holds(sector, byteLength)) return VIRTIO_BLK_S_IOERR;
    for (let done = 0; done < byteLength; done += CHUNK_BYTES) {
      const chunk = this.#chunk.subarray(0, Math.min(CHUNK_BYTES, byteLength - done));
      chain.read(HEADER_BYTES + done, chunk);
      this.#disk.write(sector + done / SECTOR_BYTES, chunk);
    }
    return VIRTIO_BLK_S_OK;
  }

  /** Discard is done as write-zeroes: the guest then sees the same disk in every run. */
  #zero(chain: DescriptorChain): number {
    const byteLength = chain.readableBytes - HEADER_BYTES;
    if (this.#disk.readOnly || byteLength !== RANGE_BYTES) return VIRTIO_BLK_S_IOERR;
    chain.read(HEADER_BYTES, new Uint8Array(this.#range.buffer));
    const sector = Number(this.#range.getBigUint64(0, true));
    const count = this.#range.getUint32(8, true);
    if (count > ZERO_SECTORS_MAX || !this.#holds(sector, count * SECTOR_BYTES)) return VIRTIO_BLK_S_IOERR;
    if (this.#disk.zero !== undefined) this.#disk.zero(sector, count);
    else this.#writeZeroes(sector, count);
    return VIRTIO_BLK_S_OK;
  }

  #writeZeroes(sector: number, count: number): void {
    this.#chunk.fill(0);
    const step = CHUNK_BYTES / SECTOR_BYTES;
    for (let done = 0; done < count; done += step) {
      this.#disk.write(sector + done, this.#chunk.subarray(0, Math.min(step, count - done) * SECTOR_BYTES));
    }
  }

  /** Whether a range of whole sectors lies on the disk. Sectors above 2^53 are rounded, and far outside any disk. */
  #holds(sector: number, byteLength: number): boolean {
    return byteLength % SECTOR_BYTES === 0 && sector + byteLength / SECTOR_BYTES <= this.#disk.sectorCount;
  }

  #logFailure(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof DiskFullError)
      this.#log.say("full", `the disk is full: ${message}; the guest sees I/O errors`);
    else this.#log.say("failed", `the disk failed: ${message}; the guest sees I/O errors`);
  }
}

/** struct virtio_blk_config, virtio 1.2 §5.2.4. */
function configuration(disk: Disk): Uint8Array {
  const config = new DataView(new ArrayBuffer(60));
  config.setBigUint64(0, BigInt(disk.sectorCount), true);
  config.setUint32(12, SEGMENTS_MAX, true);
  config.setUint32(20, SECTOR_BYTES, true);
  config.setUint32(36, ZERO_SECTORS_MAX, true); // max_discard_sectors
  config.setUint32(40, 1, true); // max_discard_seg
  config.setUint32(44, 1, true); // discard_sector_alignment
  config.setUint32(48, ZERO_SECTORS_MAX, true); // max_write_zeroes_sectors
  config.setUint32(52, 1, true); // max_write_zeroes_seg
  config.setUint8(56, 1); // write_zeroes_may_unmap
  return new Uint8Array(config.buffer);
}
