import { expect, test } from "vitest";
import { imageWorkerReader, type ImageWorkerAnswer, type ImageWorkerRequest } from "./image-worker-link.ts";

const chunk = { sha256: "00", byteLength: 4, storedBytes: 4, encoding: "identity" } as const;

/** A worker that a test answers for. */
class PlayedImageWorker extends EventTarget {
  readonly requests: ImageWorkerRequest[] = [];
  terminated = false;

  postMessage(request: ImageWorkerRequest): void {
    this.requests.push(request);
  }

  terminate(): void {
    this.terminated = true;
  }

  say(data: ImageWorkerAnswer): void {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }
}

function reader() {
  const workers: PlayedImageWorker[] = [];
  const read = imageWorkerReader("http://here/guests/", () => {
    const worker = new PlayedImageWorker();
    workers.push(worker);
    return worker as unknown as Worker;
  });
  return { read, workers };
}

test("answers find their questions, whatever their order", async () => {
  const { read, workers } = reader();
  const outcomes = [read(chunk, {}), read(chunk, { fresh: true })];
  expect(workers[0]!.requests).toMatchObject([{ fresh: false }, { fresh: true }]);
  const [first, second] = workers[0]!.requests.map(({ id }) => id);
  workers[0]!.say({ type: "read", id: second!, outcome: { status: 404, bytes: undefined } });
  workers[0]!.say({ type: "read", id: first!, outcome: { status: 200, bytes: new Uint8Array(4) } });
  expect(await Promise.all(outcomes)).toEqual([
    { status: 200, bytes: new Uint8Array(4) },
    { status: 404, bytes: undefined },
  ]);
});

test("what is not wanted any more is cancelled at its next sign of life", () => {
  const { read, workers } = reader();
  const received: number[] = [];
  void read(chunk, { onBytes: (bytes) => received.push(bytes), isCancelled: () => received.length === 2 });
  const { id } = workers[0]!.requests[0]!;
  for (const receivedBytes of [1, 2]) workers[0]!.say({ type: "progress", id, receivedBytes });
  expect(received).toEqual([1, 2]);
  expect(workers[0]!.requests.slice(1)).toEqual([{ type: "cancel", id }]);
});

test("a worker that fails takes its questions with it, and the next question gets a new one", async () => {
  const { read, workers } = reader();
  const asked = read(chunk, {});
  workers[0]!.dispatchEvent(new Event("error"));
  await expect(asked).rejects.toThrow("could not be loaded");
  const again = read(chunk, {});
  expect(workers.map(({ terminated }) => terminated)).toEqual([true, false]);
  workers[1]!.say({ type: "failed", id: workers[1]!.requests[0]!.id, message: "connection refused" });
  await expect(again).rejects.toThrow("connection refused");
});
