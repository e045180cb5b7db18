import type { ChunkOutcome, ReadChunk, ReadOptions } from "#hypervisor/host.ts";
import type { ImageFile } from "#protocol/image.ts";

/** What the page asks of the image worker. */
export type ImageWorkerRequest =
  | {
      readonly type: "read";
      readonly id: number;
      /** URL that chunks are fetched below. */
      readonly folder: string;
      readonly chunk: ImageFile["chunks"][number];
      readonly fresh: boolean;
    }
  | { readonly type: "cancel"; readonly id: number };

/** What the image worker says; it is ours alone, no guest comes near it. */
export type ImageWorkerAnswer =
  | { readonly type: "progress"; readonly id: number; readonly receivedBytes: number }
  | { readonly type: "read"; readonly id: number; readonly outcome: ChunkOutcome }
  | { readonly type: "failed"; readonly id: number; readonly message: string };

interface Pending {
  readonly options: ReadOptions;
  readonly resolve: (outcome: ChunkOutcome) => void;
  readonly reject: (error: Error) => void;
}

/** Reads chunks in a worker, which is started anew where it fails. */
export function imageWorkerReader(folder: string, startWorker: () => Worker): ReadChunk {
  const pending = new Map<number, Pending>();
  let requests = 0;
  let worker: Worker | undefined;

  const receive = (answer: ImageWorkerAnswer): void => {
    const asked = pending.get(answer.id);
    if (!asked) return;
    if (answer.type === "progress") {
      asked.options.onBytes?.(answer.receivedBytes);
      if (asked.options.isCancelled?.()) worker?.postMessage({ type: "cancel", id: answer.id });
      return;
    }
    pending.delete(answer.id);
    if (answer.type === "read") asked.resolve(answer.outcome);
    else asked.reject(new Error(answer.message));
  };

  const started = (): Worker => {
    const fresh = startWorker();
    fresh.addEventListener("message", ({ data }: MessageEvent<ImageWorkerAnswer>) => receive(data));
    fresh.addEventListener("error", (event) => {
      event.preventDefault();
      fresh.terminate();
      worker = undefined;
      for (const { reject } of pending.values()) reject(new Error("the code that reads images could not be loaded"));
      pending.clear();
    });
    return fresh;
  };
  worker = started();

  return (chunk, options) => {
    worker ??= started();
    const id = ++requests;
    const request: ImageWorkerRequest = { type: "read", id, folder, chunk, fresh: options.fresh ?? false };
    return new Promise((resolve, reject) => {
      pending.set(id, { options, resolve, reject });
      worker?.postMessage(request);
    });
  };
}
