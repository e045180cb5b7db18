/** Bytes of a virtio-blk sector. */
export const SECTOR_BYTES = 512;

/** A host's backing of a block device; the device has checked ranges before it calls. */
export interface Disk {
  readonly sectorCount: number;
  readonly readOnly: boolean;
  /** Fills `target` (whole sectors) from `sector` on. */
  read(sector: number, target: Uint8Array): void;
  /** Throws DiskFullError where the overlay's cap is reached. */
  write(sector: number, source: Uint8Array): void;
  /** Makes sectors read as zeroes, cheaper than writing them. Throws DiskFullError as `write` does. */
  zero?(sector: number, count: number): void;
  /** Everything written over the base since it was made, plain data; blocks in it are never changed afterwards. */
  save(): unknown;
  restore(state: unknown): void;
}

export class DiskFullError extends Error {}
