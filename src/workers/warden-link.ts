import type { GuestWorker } from "#hypervisor/host.ts";
import type { BootMessage, PageMessage, SnapshotRecord } from "#protocol/messages.ts";

/** What a warden says of itself, between what it passes on. */
export type WardenWord =
  /** The guest's worker is gone; why, as the end of a sentence. */
  | { readonly type: "wardenLostGuest"; readonly reason: string }
  /** It said what is no message. */
  | { readonly type: "wardenSawNonsense" };

/** The guest's worker behind a warden, as the hypervisor sees it. */
export function asGuestWorker(warden: Worker): GuestWorker {
  return {
    post: (message) => {
      const own = withCopies(message as PageMessage);
      warden.postMessage(own, buffersOf(own));
    },
    onMessage: (listener) => {
      warden.addEventListener("message", ({ data }: MessageEvent<WardenWord>) => {
        if (data.type !== "wardenLostGuest") listener(data);
      });
    },
    onError: (listener) => {
      warden.addEventListener("message", ({ data }: MessageEvent<WardenWord>) => {
        if (data.type === "wardenLostGuest") listener(data.reason);
      });
      warden.addEventListener("error", (event) => {
        event.preventDefault();
        listener(event.message || "its code could not be loaded; reload the page");
      });
      warden.addEventListener("messageerror", () => listener("a message could not be read"));
    },
    terminate: () => warden.terminate(),
  };
}

/** The message with copies of its buffers, to give away: a structured clone would copy them twice. */
function withCopies(message: PageMessage): PageMessage {
  if (message.type === "forget") return { ...message, children: message.children.map(withCopiedPages) };
  if (message.type !== "boot") return message;
  const { kernel, initrd, disks, snapshots } = message;
  return {
    ...message,
    kernel: kernel.slice(0),
    ...(initrd && { initrd: initrd.slice(0) }),
    disks: disks.map((disk) => disk.slice(0)),
    snapshots: snapshots.map(withCopiedPages),
  };
}

function withCopiedPages(record: SnapshotRecord): SnapshotRecord {
  return { ...record, pages: record.pages.slice(0) };
}

/** The buffers of a message from the page, which are the warden's own copies: given on, they need not be copied again. */
export function buffersOf(message: unknown): ArrayBuffer[] {
  const { type } = message as PageMessage;
  if (type === "boot") {
    const { kernel, initrd, disks, snapshots } = message as BootMessage;
    return [...new Set([kernel, ...(initrd ? [initrd] : []), ...disks, ...snapshots.map(({ pages }) => pages)])];
  }
  if (type !== "forget") return [];
  const { children } = message as { readonly children: readonly SnapshotRecord[] };
  return [...new Set(children.map(({ pages }) => pages))];
}
