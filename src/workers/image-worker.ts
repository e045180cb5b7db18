import { chunkReader } from "#hypervisor/chunk-reader.ts";
import type { ImageWorkerAnswer, ImageWorkerRequest } from "./image-worker-link.ts";
import { fetchBelow, gunzip, sha256 } from "./web-platform.ts";

/** A browser's worker that reads chunks of images, so that the page does not stutter and guests start while it reads. */
declare const self: DedicatedWorkerGlobalScope;

const cancelled = new Set<number>();

self.onmessage = ({ data }: MessageEvent<ImageWorkerRequest>) => {
  if (data.type === "cancel") cancelled.add(data.id);
  else void read(data);
};

async function read({ id, folder, chunk, fresh }: Extract<ImageWorkerRequest, { type: "read" }>): Promise<void> {
  const answer = (message: ImageWorkerAnswer, transfer: ArrayBuffer[] = []) => self.postMessage(message, transfer);
  try {
    const readChunk = chunkReader({ fetchFile: fetchBelow(folder), sha256, gunzip });
    const outcome = await readChunk(chunk, {
      fresh,
      onBytes: (receivedBytes) => answer({ type: "progress", id, receivedBytes }),
      isCancelled: () => cancelled.has(id),
    });
    answer({ type: "read", id, outcome }, outcome.bytes ? [outcome.bytes.buffer] : []);
  } catch (error) {
    answer({ type: "failed", id, message: error instanceof Error ? error.message : String(error) });
  } finally {
    cancelled.delete(id);
  }
}
