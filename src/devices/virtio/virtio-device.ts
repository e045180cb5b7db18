import type { Virtqueue } from "./virtqueue.ts";

/** What the transport does for the device behind it. */
export interface VirtioTransport {
  /** The configuration changed: raises the generation and interrupts the driver. */
  configChanged(): void;
}

/**
 * A device behind a virtio transport, which owns negotiation, queue layout and status.
 * A method may throw VirtioError for what the driver did wrong: the transport then asks for a reset.
 */
export interface VirtioDevice {
  readonly name: string;
  /** virtio 1.2 §5. */
  readonly deviceId: number;
  /** Device-specific feature bits; the transport adds the ring's own. */
  readonly features: bigint;
  /** The largest size of each queue, a power of 2. */
  readonly queueSizes: readonly number[];
  /** Device-specific configuration space as it is now, little-endian. */
  readonly config: Uint8Array;
  /** Called once, before anything else. */
  attach?(transport: VirtioTransport): void;
  /** The driver set DRIVER_OK: the queues are the device's until `reset`. A queue that was not made ready is undefined. */
  activate(queues: readonly (Virtqueue | undefined)[], negotiated: bigint): void;
  notify(queueIndex: number): void;
  /** Called between slices while active: whatever waits on the host, and requests left over. */
  poll?(): void;
  reset(): void;
  /** What is the device's own beyond its queues; taken back before `activate`. */
  save(): unknown;
  restore(state: unknown): void;
}
