import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SpareWorker } from "./spare-worker.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Starts workers that are nothing but their events. */
function started() {
  const workers: Worker[] = [];
  const spare = new SpareWorker(() => {
    const worker = new EventTarget() as Worker;
    workers.push(worker);
    return worker;
  });
  return { workers, spare };
}

test("one is up before it is taken, and another some time after", () => {
  const { workers, spare } = started();
  vi.advanceTimersByTime(0);
  expect(workers.length).toBe(1);
  expect(spare.take()).toBe(workers[0]);
  expect(spare.take()).toBe(workers[1]);
  expect(workers.length).toBe(2);
  vi.advanceTimersByTime(60_000);
  expect(workers.length).toBe(3);
  expect(spare.take()).toBe(workers[2]);
});

test("one that fails is not given to a guest", () => {
  const { workers, spare } = started();
  vi.advanceTimersByTime(0);
  workers[0]?.dispatchEvent(new Event("error", { cancelable: true }));
  expect(spare.take()).toBe(workers[1]);
});
