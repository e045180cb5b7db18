import type { ImageManifest } from "#protocol/image.ts";
import type { Guest, TabvisorEvent } from "#protocol/tabvisor.ts";
import type { HypervisorHost } from "./host.ts";
import type { ImageFiles, ImageStore } from "./image-store.ts";
import type { SnapshotNode } from "./snapshot-tree.ts";

/** What a guest is told when it is made. */
export interface GuestOptions {
  readonly id: string;
  readonly name: string;
  readonly manifest: ImageManifest;
  readonly memoryMiB: number;
  readonly commandLine: string;
  readonly clock: "wall" | "virtual";
  readonly pauseAtInstructions: number | undefined;
  readonly host: HypervisorHost;
  readonly images: ImageStore;
  readonly emit: (event: TabvisorEvent) => void;
  readonly fork: (name: string | undefined) => Promise<Guest>;
  readonly removed: () => void;
}

/** A guest's state at one moment, with all that it rests on: another guest can start from it. */
export interface ForkPoint {
  readonly chain: readonly SnapshotNode[];
  readonly files: ImageFiles | undefined;
}
