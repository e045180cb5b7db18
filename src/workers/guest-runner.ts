import { RingReader, RingWriter } from "#base/byte-ring.ts";
import { GuestMemory } from "#memory/guest-memory.ts";
import { CONSOLE_IN, CONSOLE_OUT, CONSOLE_RING_BYTES, Counter, HART_BASE, HartSlot } from "#memory/layout.ts";
import type { MachineHost, RunOutcome } from "#machine/face.ts";
import type { BootMessage, OpaqueParts, PageMessage, WorkerMessage } from "#protocol/messages.ts";
import { SnapshotStore } from "./snapshot-store.ts";

/** Instructions of one slice, and how long slices go on before messages get their turn. */
const SLICE_INSTRUCTIONS = 100_000;
const TURN_MS = 4;
/** Waits shorter than this are slept through in place: a timer of the event loop would come too late. */
const SHORT_WAIT_MS = 1.5;
const LONGEST_WAIT_MS = 2 ** 31 - 1;
const TICKS_PER_MS = 10_000;
const COUNTERS = HART_BASE + HartSlot.counters;

/** The machine as its runner uses it. */
export interface RunnableMachine {
  run(budget: number): RunOutcome;
  /** Input came, or output has room again. */
  wake(): void;
  /** Guest time stands still until the next `run`. */
  stopClock(): void;
  /** Back to power-on, its files loaded anew. */
  reset(): void;
  save(): OpaqueParts;
  /** RAM is already what it was; drops every cache of it and of the hart. */
  restore(parts: OpaqueParts): void;
  /** RAM was packed and its pages are clean: the next write to each must be seen. */
  pagesCleaned(): void;
  stateHash(): string;
  resizeConsole(columns: number, rows: number): void;
}

/** What the runner gives a machine; disks come from whoever makes the machine. */
export type RunnerMachineHost = Omit<MachineHost, "disks">;

/** What differs between a browser's worker and Node's. */
export interface WorkerHost {
  post(message: WorkerMessage): void;
  /** Milliseconds on a clock that only goes forward, and since 1970. */
  readonly now: () => number;
  readonly epoch: () => number;
  readonly random: (bytes: Uint8Array) => void;
  /** Calls back soon, after the messages that came meanwhile. */
  readonly soon: (callback: () => void) => void;
  readonly makeMachine: (
    boot: BootMessage,
    memory: GuestMemory,
    host: RunnerMachineHost,
  ) => RunnableMachine | Promise<RunnableMachine>;
}

/**
 * Runs one guest in its worker, between messages.
 *
 *     (boot) ──► paused ◄──► running ──► ended     ended: stopped or failed; restore leads back to paused
 */
export class GuestRunner {
  readonly #host: WorkerHost;
  #machine: RunnableMachine | undefined;
  #memory: GuestMemory | undefined;
  #output: RingWriter | undefined;
  #input: RingReader | undefined;
  #snapshots: SnapshotStore | undefined;
  #state: "paused" | "running" | "ended" = "paused";
  #turnPosted = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #outputSeen = 0;
  #size: { readonly columns: number; readonly rows: number } | undefined;
  #sleepWord = new Int32Array(new SharedArrayBuffer(4));

  constructor(host: WorkerHost) {
    this.#host = host;
  }

  /** Takes one message from the page; the page is trusted. */
  receive(message: PageMessage): void {
    this.#beat();
    if (message.type === "boot") {
      this.#boot(message).catch((error: unknown) => this.#host.post({ type: "bootFailed", message: words(error) }));
      return;
    }
    if (!("requestId" in message)) return this.#obey(message);
    const { requestId } = message;
    try {
      this.#host.post(this.#answer(message));
    } catch (error) {
      this.#host.post({ type: "refused", requestId, message: words(error) });
    }
  }

  async #boot(boot: BootMessage): Promise<void> {
    const memory = new GuestMemory(boot.settings.memoryMiB, boot.memory as WebAssembly.Memory);
    const shared = memory.wasm.buffer as ArrayBufferLike as SharedArrayBuffer;
    const output = new RingWriter(shared, CONSOLE_OUT, CONSOLE_RING_BYTES);
    const input = new RingReader(shared, CONSOLE_IN, CONSOLE_RING_BYTES);
    input.askForData();
    [this.#memory, this.#output, this.#input] = [memory, output, input];
    this.#machine = await this.#host.makeMachine(boot, memory, {
      clock: {
        now: () => BigInt(Math.floor(this.#host.now() * TICKS_PER_MS)),
        epochNanoseconds: () => BigInt(Math.floor(this.#host.epoch() * 1000)) * 1000n,
      },
      random: this.#host.random,
      consoleOutput: { write: (byte) => this.#print(output, byte) },
      consoleInput: { read: () => input.readByte() },
      log: (message) => this.#host.post({ type: "log", level: "warning", message }),
    });
    this.#snapshots = new SnapshotStore(memory);
    for (const record of boot.snapshots) this.#snapshots.add(record);
    if (boot.restoreTo !== undefined) this.#restore(boot.restoreTo);
    this.#tellSize();
    this.#beat();
    this.#host.post({ type: "ready" });
  }

  #obey(message: Exclude<PageMessage, BootMessage | { requestId: number }>): void {
    switch (message.type) {
      case "ping":
        return this.#host.post({ type: "pong" });
      case "run":
        if (this.#state !== "paused") return;
        this.#state = "running";
        return this.#postTurn();
      case "wake":
        if (this.#state === "running") this.#machine?.wake();
        return this.#postTurn();
      case "resize":
        this.#machine?.resizeConsole(message.columns, message.rows);
        this.#size = message;
        return this.#postTurn();
      case "forget":
        for (const child of message.children) this.#snapshots?.add(child);
        return this.#snapshots?.forget(message.id);
    }
  }

  #answer(request: Extract<PageMessage, { requestId: number }>): WorkerMessage {
    const { requestId } = request;
    const { machine, snapshots } = { machine: this.#machine, snapshots: this.#snapshots };
    if (!machine || !snapshots) throw new Error("there is no machine yet");
    switch (request.type) {
      case "pause":
        this.#pause();
        this.#tellOfOutput();
        return { type: "paused", requestId };
      case "snapshot": {
        const parts = machine.save();
        const pages = snapshots.take(request.id, parts, request.adopt);
        if (request.adopt) machine.pagesCleaned();
        return { type: "snapshotted", requestId, pages, parts };
      }
      case "restore": {
        const began = this.#host.now();
        this.#restore(request.id);
        const milliseconds = this.#host.now() - began;
        return { type: "restored", requestId, milliseconds, outputPosition: this.#output?.position ?? 0 };
      }
      case "hash":
        return { type: "hashed", requestId, hash: machine.stateHash() };
    }
  }

  #restore(id: string): void {
    this.#pause();
    const input = this.#input;
    while (input && input.available > 0) input.read(CONSOLE_RING_BYTES);
    this.#snapshots?.restore(id);
    this.#machine?.restore(this.#snapshots?.parts(id));
    this.#tellSize();
    this.#state = "paused";
  }

  /** The terminal has its size whatever the machine was told in another life. */
  #tellSize(): void {
    if (this.#size) this.#machine?.resizeConsole(this.#size.columns, this.#size.rows);
  }

  #pause(): void {
    if (this.#state === "running") this.#state = "paused";
    clearTimeout(this.#timer);
    this.#machine?.stopClock();
  }

  #postTurn(): void {
    if (this.#turnPosted || this.#state !== "running") return;
    clearTimeout(this.#timer);
    this.#turnPosted = true;
    this.#host.soon(() => this.#turn());
  }

  /** Runs slices for some milliseconds, then gives messages their turn, or sleeps where the guest does. */
  #turn(): void {
    this.#turnPosted = false;
    const { machine, input } = { machine: this.#machine, input: this.#input };
    if (this.#state !== "running" || !machine || !input) return;
    this.#beat();
    const began = this.#host.now();
    try {
      const outcome = this.#slices(machine, input, began + TURN_MS);
      this.#count(Counter.busyMicroseconds, Math.round((this.#host.now() - began) * 1000));
      this.#tellOfOutput();
      if (input.available < CONSOLE_RING_BYTES / 2 && input.takeAskedForRoom()) this.#host.post({ type: "room" });
      this.#after(machine, outcome);
    } catch (error) {
      this.#end();
      this.#tellOfOutput();
      this.#host.post({ type: "failed", message: words(error) });
    }
  }

  #slices(machine: RunnableMachine, input: RingReader, deadline: number): RunOutcome {
    for (;;) {
      const before = input.writerPosition;
      const outcome = machine.run(SLICE_INSTRUCTIONS);
      if (outcome.type === "stopped") return outcome;
      if (outcome.type === "waiting") {
        input.askForData();
        // What came since the machine looked would be slept over otherwise.
        if (input.writerPosition === before) return outcome;
      }
      if (this.#host.now() >= deadline) return { type: "ran" };
    }
  }

  #after(machine: RunnableMachine, outcome: RunOutcome): void {
    if (outcome.type === "ran") return this.#postTurn();
    if (outcome.type === "waiting") return this.#sleep(outcome.milliseconds);
    const { reason } = outcome;
    if (reason.type === "reboot") {
      this.#host.post({ type: "rebooted" });
      machine.reset();
      return this.#postTurn();
    }
    this.#end();
    this.#host.post({ type: "stopped", code: reason.type === "finished" ? reason.code : undefined });
  }

  #sleep(milliseconds: number): void {
    if (milliseconds <= SHORT_WAIT_MS) {
      Atomics.wait(this.#sleepWord, 0, 0, milliseconds);
      return this.#postTurn();
    }
    if (milliseconds > LONGEST_WAIT_MS) return;
    this.#timer = setTimeout(() => this.#postTurn(), milliseconds);
  }

  #end(): void {
    this.#pause();
    this.#state = "ended";
  }

  #print(output: RingWriter, byte: number): boolean {
    if (output.writeByte(byte)) return true;
    output.askForRoom();
    return output.writeByte(byte);
  }

  #tellOfOutput(): void {
    const output = this.#output;
    if (!output || output.position === this.#outputSeen) return;
    if (!output.takeAskedForData()) return;
    this.#outputSeen = output.position;
    this.#host.post({ type: "output" });
  }

  #beat(): void {
    this.#count(Counter.heartbeat, 1);
  }

  #count(counter: number, more: number): void {
    const view = this.#memory?.view;
    view?.setBigUint64(COUNTERS + counter, view.getBigUint64(COUNTERS + counter, true) + BigInt(more), true);
  }
}

/** An error in one line; workers have no one to show a stack trace to. */
function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
