import {
  parseWorkerMessage,
  type BootMessage,
  type PageMessage,
  type WorkerMessage,
  type WorkerReply,
} from "#protocol/messages.ts";
import { TabvisorError } from "#protocol/tabvisor.ts";
import type { GuestWorker, HypervisorHost, SharedGuestMemory } from "./host.ts";
import { MessageAllowance } from "./message-allowance.ts";

/** How often a worker is looked at, and how long it may leave a ping unanswered. */
const LOOK_MS = 500;
const SILENCE_MS = 2000;
/** While it comes up, boots, packs or hashes all of memory. */
const SILENCE_AT_WORK_MS = 15_000;
const LONG_WORK: ReadonlySet<string> = new Set(["boot", "snapshot", "hash"]);
/** How long each request may stay without its answer, pings or not. */
const ANSWER_MS = { pause: 5000, restore: 10_000, snapshot: 30_000, hash: 30_000, boot: 30_000 } as const;
/** A timer that comes so much later than it was set for: the page was frozen or starved, and its workers may have been, too. */
const LATE_MS = 1500;
/** What a worker may say before its machine stands. */
const BEFORE_READY: ReadonlySet<string> = new Set(["output", "room", "log"]);
/** The pending entry of the boot message, which has no request id. */
const BOOT_ID = 0;
/** Messages that are none of ours before a worker is given up. */
const NONSENSE_LIMIT = 10;

/** What a worker says of itself. */
export type WorkerEvent = Exclude<WorkerMessage, WorkerReply | { type: "ready" | "bootFailed" | "pong" }>;
/** A request without its id, which the link gives it. */
type Request =
  Extract<PageMessage, { requestId: number }> extends infer R
    ? R extends unknown
      ? Omit<R, "requestId">
      : never
    : never;

interface Pending {
  readonly type: Request["type"] | "boot";
  readonly resolve: (reply: WorkerMessage) => void;
  readonly reject: (error: Error) => void;
  readonly cancelTimeout: () => void;
}

/** What a link tells its guest. */
export interface LinkListener {
  event(event: WorkerEvent): void;
  /** The worker is lost: it died, was killed, hangs, or talks nonsense. Said once; the worker is terminated by then. */
  lost(reason: string): void;
  /** Called at every look at the worker, about twice a second. */
  looked(): void;
}

/**
 * One worker's life as the page sees it: messages checked, requests matched with replies, and a heartbeat watched.
 *
 * The worker counts a heartbeat up in shared memory whenever it runs; where it stands still between two looks, a ping
 * is sent, and a worker that leaves it unanswered for two seconds is lost.
 */
export class WorkerLink {
  readonly memory: SharedGuestMemory;
  readonly #host: HypervisorHost;
  readonly #worker: GuestWorker;
  readonly #listener: LinkListener;
  readonly #heartbeat: Int32Array;
  readonly #pending = new Map<number, Pending>();
  readonly #allowance: MessageAllowance;
  #requests = 0;
  #nonsense = 0;
  #ended = false;
  /** Its machine was made. */
  #hasStood = false;
  /** It has said something: its code is loaded. */
  #heard = false;
  #lastBeat = -1;
  #lastLook: number;
  #silentSince: number | undefined;
  #cancelLook: () => void = () => {};

  /** Starts a worker over `memory`. */
  constructor(host: HypervisorHost, name: string, memory: SharedGuestMemory, listener: LinkListener) {
    this.#host = host;
    this.memory = memory;
    this.#listener = listener;
    this.#heartbeat = new Int32Array(memory.buffer, memory.counters["heartbeat"] ?? 0, 1);
    this.#lastLook = host.now();
    this.#allowance = new MessageAllowance(host.now);
    this.#worker = host.startWorker(name);
    this.#worker.onMessage((message) => this.#receive(message));
    this.#worker.onError((message) => this.#lose(`The guest's worker failed: ${message}.`));
    this.#scheduleLook();
  }

  get ended(): boolean {
    return this.#ended;
  }

  post(message: PageMessage): void {
    if (!this.#ended) this.#worker.post(message);
  }

  /** The first message: resolves once the machine stands, rejects with a TabvisorError saying why it does not. */
  async boot(message: BootMessage): Promise<void> {
    if (this.#ended) throw new TabvisorError("The guest's worker is gone.");
    const answer = await this.#ask(BOOT_ID, "boot", message);
    if (answer.type === "bootFailed") throw new TabvisorError(answer.message);
  }

  /** Rejects with a TabvisorError where the worker refuses or is lost. */
  request<T extends Request["type"]>(request: Extract<Request, { type: T }>): Promise<ReplyTo<T>> {
    if (this.#ended) return Promise.reject(new TabvisorError("The guest's worker is gone."));
    const requestId = ++this.#requests;
    return this.#ask(requestId, request.type, { ...request, requestId }).then((reply) => {
      if (reply.type === REPLIES[request.type]) return reply as ReplyTo<T>;
      if (reply.type === "refused") throw new TabvisorError(reply.message);
      throw new TabvisorError("The guest's worker gave the wrong answer.");
    });
  }

  /** Ends the worker without a word to the listener. */
  end(reason = "The guest's worker was ended."): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelLook();
    this.#worker.terminate();
    for (const { reject, cancelTimeout } of this.#pending.values()) {
      cancelTimeout();
      reject(new TabvisorError(reason));
    }
    this.#pending.clear();
  }

  /** The worker broke a rule: it is ended, and the listener told. */
  breakOff(reason: string): void {
    this.#lose(reason);
  }

  #ask(id: number, type: Pending["type"], message: PageMessage): Promise<WorkerMessage> {
    return new Promise((resolve, reject) => {
      this.#await(id, { type, resolve, reject }, ANSWER_MS[type]);
      this.#worker.post(message);
    });
  }

  #await(id: number, request: Omit<Pending, "cancelTimeout">, milliseconds: number): void {
    const due = this.#host.now() + milliseconds;
    const cancelTimeout = this.#host.after(milliseconds, () => {
      // The answer may be there already, behind this timer in the queue.
      if (this.#host.now() - due > LATE_MS) return this.#await(id, request, SILENCE_MS);
      this.#lose(`The guest's worker did not answer for ${ANSWER_MS[request.type] / 1000} seconds: it is lost.`);
    });
    this.#pending.set(id, { ...request, cancelTimeout });
  }

  #receive(message: unknown): void {
    if (this.#ended) return;
    this.#silentSince = undefined;
    this.#heard = true;
    const refusal = this.#allowance.refusal(message);
    if (refusal !== undefined) return this.#lose(`The guest's worker ${refusal}.`);
    const parsed = parseWorkerMessage(message);
    if (!parsed || !this.#isExpected(parsed)) {
      if (++this.#nonsense > NONSENSE_LIMIT) this.#lose("The guest's worker sends messages that make no sense.");
      return;
    }
    if (parsed.type === "pong") return;
    if (parsed.type === "ready" || parsed.type === "bootFailed") return this.#settle(BOOT_ID, parsed);
    if ("requestId" in parsed) return this.#settle(parsed.requestId, parsed);
    if (parsed.type === "failed" && this.#pending.has(BOOT_ID)) {
      return this.#settle(BOOT_ID, { type: "bootFailed", message: parsed.message });
    }
    this.#listener.event(parsed);
  }

  /** Answers nobody asked for, and a life before its machine stands, are none of an honest worker's. */
  #isExpected(message: WorkerMessage): boolean {
    if (message.type === "pong") return true;
    if (message.type === "ready" || message.type === "bootFailed") return this.#pending.has(BOOT_ID);
    if ("requestId" in message) return this.#pending.has(message.requestId);
    return (
      this.#hasStood || BEFORE_READY.has(message.type) || (message.type === "failed" && this.#pending.has(BOOT_ID))
    );
  }

  #settle(id: number, answer: WorkerMessage): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (id === BOOT_ID && answer.type === "ready") this.#hasStood = true;
    pending?.cancelTimeout();
    pending?.resolve(answer);
  }

  #scheduleLook(): void {
    this.#cancelLook = this.#host.after(LOOK_MS, () => {
      this.#look();
      if (!this.#ended) this.#scheduleLook();
    });
  }

  #look(): void {
    const now = this.#host.now();
    const beat = Atomics.load(this.#heartbeat, 0);
    // A page that was frozen or starved looks late, and its workers may have been, too: give them time anew.
    if (beat !== this.#lastBeat || now - this.#lastLook > 3 * LOOK_MS) this.#silentSince = undefined;
    this.#lastBeat = beat;
    this.#lastLook = now;
    this.#listener.looked();
    if (this.#silentSince === undefined) {
      this.#silentSince = now;
      this.post({ type: "ping" });
      return;
    }
    const limit = this.#atWork() ? SILENCE_AT_WORK_MS : SILENCE_MS;
    if (now - this.#silentSince >= limit) this.#lose("The guest's worker stopped answering: it was killed or hangs.");
  }

  #atWork(): boolean {
    return !this.#heard || [...this.#pending.values()].some(({ type }) => LONG_WORK.has(type));
  }

  #lose(reason: string): void {
    if (this.#ended) return;
    this.end(reason);
    this.#listener.lost(reason);
  }
}

const REPLIES = { pause: "paused", snapshot: "snapshotted", restore: "restored", hash: "hashed" } as const;
type ReplyTo<T extends Request["type"]> = Extract<WorkerReply, { type: (typeof REPLIES)[T] }>;
