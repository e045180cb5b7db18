import { beforeEach, expect, test, vi } from "vitest";
import type { BootMessage, PageMessage, SnapshotRecord, WorkerMessage } from "#protocol/messages.ts";
import { asGuestWorker } from "./warden-link.ts";

/** A worker as whoever started it sees it. */
class FakeWorker extends EventTarget {
  readonly postMessage = vi.fn<(message: unknown, transfer?: Transferable[]) => void>();
  readonly terminate = vi.fn<() => void>();

  says(data: unknown): void {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }
}

const started = vi.hoisted(() => ({ guest: undefined as unknown }));
vi.mock("./guest-worker-url.ts", () => ({ newGuestWorker: () => started.guest }));

let guest: FakeWorker;
/** The warden's own side of the page. */
let scope: {
  postMessage: ReturnType<typeof vi.fn>;
  close: ReturnType<typeof vi.fn>;
  onmessage?: (event: MessageEvent) => void;
};

beforeEach(async () => {
  guest = new FakeWorker();
  started.guest = guest;
  scope = { postMessage: vi.fn(), close: vi.fn() };
  vi.stubGlobal("self", scope);
  vi.resetModules();
  await import("./warden.ts");
});

const pageSays = (data: unknown): void => scope.onmessage?.(new MessageEvent("message", { data }));
const output = { type: "output" } satisfies WorkerMessage;

function boot(): BootMessage {
  const record = { id: "s", parent: undefined, parts: {}, pages: new ArrayBuffer(8) } as SnapshotRecord;
  const settings = { memoryMiB: 8, firmware: "sbi", commandLine: "", clock: "wall", diskCount: 1 } as const;
  const [kernel, initrd, disks] = [new ArrayBuffer(1), new ArrayBuffer(2), [new ArrayBuffer(3)]];
  return { type: "boot", memory: 0, engine: "translator", settings, kernel, initrd, disks, snapshots: [record] };
}

test("what is said on one side is passed to the other, and bytes are given on", () => {
  const message = boot();
  pageSays(message);
  const buffers = [message.kernel, message.initrd, ...message.disks, message.snapshots[0]?.pages];
  expect(guest.postMessage).toHaveBeenCalledWith(message, buffers);
  guest.says(output);
  expect(scope.postMessage).toHaveBeenCalledWith(output, []);
  const taken = { type: "snapshotted", requestId: 1, pages: new ArrayBuffer(16), parts: {} };
  guest.says(taken);
  expect(scope.postMessage).toHaveBeenLastCalledWith(taken, [taken.pages]);
});

test("a guest's worker that floods is ended, the page told once, and nothing more of it passed", () => {
  for (let count = 0; count < 5000; count++) guest.says(output);
  expect(guest.terminate).toHaveBeenCalledOnce();
  expect(scope.close).toHaveBeenCalledOnce();
  const words = scope.postMessage.mock.calls.map(([word]: unknown[]) => (word as { type: string }).type);
  expect(words.filter((type) => type === "wardenLostGuest")).toEqual(["wardenLostGuest"]);
  expect(words.at(-1)).toBe("wardenLostGuest");
  expect(words.length).toBeLessThan(2000);
});

test("what is no message is not passed, but the page hears of it", () => {
  for (const nonsense of [7, null, {}, { type: "sudo" }, { type: "snapshotted", pages: 1 }]) {
    guest.says(nonsense);
    expect(scope.postMessage).toHaveBeenLastCalledWith({ type: "wardenSawNonsense" });
  }
});

test("a guest's worker that fails, or cannot be spoken to, is ended, and the page is told why", () => {
  guest.postMessage.mockImplementation(() => {
    throw new Error("out of memory");
  });
  pageSays({ type: "ping" });
  expect(scope.postMessage).toHaveBeenLastCalledWith({ type: "wardenLostGuest", reason: "out of memory" });
  expect(guest.terminate).toHaveBeenCalledOnce();
  guest.dispatchEvent(new Event("messageerror"));
  guest.says(output);
  expect(scope.postMessage).toHaveBeenCalledOnce();
});

test("the page keeps its bytes: the warden is given copies", () => {
  const warden = new FakeWorker();
  const worker = asGuestWorker(warden as unknown as Worker);
  const message = boot();
  const forget: PageMessage = { type: "forget", id: "s", children: message.snapshots };
  for (const said of [message, forget]) {
    worker.post(said);
    const [given, transfer] = warden.postMessage.mock.lastCall ?? [];
    expect(given).toEqual(said);
    const own = new Set<unknown>([message.kernel, message.initrd, ...message.disks, message.snapshots[0]?.pages]);
    expect(transfer?.length).toBe(said === message ? 4 : 1);
    expect(transfer?.filter((buffer) => own.has(buffer))).toEqual([]);
  }
  worker.post({ type: "ping" });
  expect(warden.postMessage).toHaveBeenLastCalledWith({ type: "ping" }, []);
});
