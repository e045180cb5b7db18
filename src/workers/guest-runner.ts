import { words } from "#base/words.ts";
import { GuestMemory } from "#memory/guest-memory.ts";
import { Counter, HART_BASE, HartSlot } from "#memory/layout.ts";
import { DETERMINISTIC_EPOCH_NANOSECONDS, seededRandom } from "#machine/deterministic-host.ts";
import type { RunOutcome } from "#machine/face.ts";
import {
  MESSAGE_CHARACTERS,
  type BootMessage,
  type OpaqueParts,
  type PageMessage,
  type PrepareMessage,
  type WorkerMessage,
} from "#protocol/messages.ts";
import { PollingGuest } from "./polling-guest.ts";
import { LimitedTalk } from "./limited-talk.ts";
import type { RunnableMachine, RunnerMachineHost, WorkerHost } from "./runner-face.ts";
import { SnapshotStore } from "./snapshot-store.ts";
import { TrapLoop } from "./trap-loop.ts";
import { WorkerConsole } from "./worker-console.ts";

/** Instructions of one slice, and how long slices go on before messages get their turn. */
const SLICE_INSTRUCTIONS = 400_000;
const TURN_MS = 4;
/** Waits shorter than this are slept through in place: a timer of the event loop would come too late. */
const SHORT_WAIT_MS = 1.5;
const LONGEST_WAIT_MS = 2 ** 31 - 1;
/** A guest that waits by asking is looked at with slices of so many instructions. */
const WAITING_SLICE_INSTRUCTIONS = 10_000;
/** Of the random bytes under the virtual clock; the command line uses the same. */
const SEED = 1;
const TICKS_PER_MS = 10_000;
const COUNTERS = HART_BASE + HartSlot.counters;

/**
 * Runs one guest in its worker, between messages.
 *
 *     (boot) ──► paused ◄──► running ──► ended     ended: stopped or failed; restore leads back to paused
 */
export class GuestRunner {
  readonly #talk: LimitedTalk;
  readonly #host: WorkerHost;
  #machine: RunnableMachine | undefined;
  #memory: GuestMemory | undefined;
  #console: WorkerConsole | undefined;
  #snapshots: SnapshotStore | undefined;
  #state: "paused" | "running" | "ended" = "paused";
  #turnPosted = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Under the virtual clock nothing of the host may be noticed by the machine. */
  #virtual = false;
  #pauseAt = Infinity;
  readonly #polling = new PollingGuest();
  readonly #traps = new TrapLoop();
  #size: { readonly columns: number; readonly rows: number } | undefined;
  #sleepWord = new Int32Array(new SharedArrayBuffer(4));

  constructor(host: WorkerHost) {
    this.#talk = new LimitedTalk((message) => host.post(message));
    this.#host = host;
  }

  /** Takes one message from the page; the page is trusted. */
  receive(message: PageMessage): void {
    this.#beat();
    if (message.type === "prepare") return this.#prepare(message);
    if (message.type === "boot") {
      this.#boot(message).catch((error: unknown) =>
        this.#host.post({ type: "bootFailed", message: words(error).slice(0, MESSAGE_CHARACTERS) }),
      );
      return;
    }
    if (!("requestId" in message)) return this.#obey(message);
    const { requestId } = message;
    try {
      const answer = this.#answer(message);
      this.#host.post(answer, answer.type === "snapshotted" ? [answer.pages] : []);
    } catch (error) {
      this.#host.post({ type: "refused", requestId, message: words(error).slice(0, MESSAGE_CHARACTERS) });
    }
  }

  #prepare({ memoryMiB, memory, engine }: PrepareMessage): void {
    try {
      this.#host.prepare(new GuestMemory(memoryMiB, memory as WebAssembly.Memory), engine);
    } catch {
      // It will fail again when the machine is made, and say why.
    }
  }

  async #boot(boot: BootMessage): Promise<void> {
    const memory = new GuestMemory(boot.settings.memoryMiB, boot.memory as WebAssembly.Memory);
    const shared = memory.wasm.buffer as ArrayBufferLike as SharedArrayBuffer;
    this.#virtual = boot.settings.clock === "virtual";
    this.#pauseAt = boot.pauseAtInstructions ?? Infinity;
    this.#memory = memory;
    this.#console = new WorkerConsole(shared, this.#virtual, this.#host.now, (type) => this.#host.post({ type }));
    this.#console.held = this.#pauseAt !== Infinity;
    this.#machine = await this.#host.makeMachine(boot, memory, this.#machineHost(this.#console));
    this.#snapshots = new SnapshotStore(memory);
    for (const record of boot.snapshots) this.#snapshots.add(record);
    if (boot.restoreTo !== undefined) this.#restore(boot.restoreTo);
    this.#beat();
    this.#host.post({ type: "ready" });
  }

  #machineHost({ sink, source }: WorkerConsole): RunnerMachineHost {
    const { now, epoch, random } = this.#host;
    return {
      clock: {
        now: () => BigInt(Math.floor(now() * TICKS_PER_MS)),
        epochNanoseconds: () =>
          this.#virtual ? DETERMINISTIC_EPOCH_NANOSECONDS : BigInt(Math.floor(epoch() * 1000)) * 1000n,
      },
      random: this.#virtual ? seededRandom(SEED) : random,
      consoleOutput: sink,
      consoleInput: source,
      log: (message) =>
        this.#talk.say({ type: "log", level: "warning", message: message.slice(0, MESSAGE_CHARACTERS) }),
    };
  }

  #obey(message: Exclude<PageMessage, PrepareMessage | BootMessage | { requestId: number }>): void {
    switch (message.type) {
      case "ping":
        return this.#host.post({ type: "pong" });
      case "run":
        if (this.#state !== "paused") return;
        this.#state = "running";
        this.#tellSize();
        return this.#postTurn();
      case "wake":
        this.#console?.tellPage();
        if (this.#state === "running") this.#machine?.wake();
        return this.#postTurn();
      case "skipInput":
        this.#console?.skipInput(message.position);
        return this.#postTurn();
      case "resize":
        this.#size = message;
        if (this.#state === "running") this.#tellSize();
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
        this.#console?.tellPage();
        return { type: "paused", requestId };
      case "snapshot": {
        const parts = machine.save();
        const pages = takeSnapshot(snapshots, request, parts);
        if (request.adopt) machine.pagesCleaned();
        return { type: "snapshotted", requestId, pages, parts };
      }
      case "restore": {
        const began = this.#host.now();
        this.#restore(request.id);
        const milliseconds = this.#host.now() - began;
        return { type: "restored", requestId, milliseconds, outputPosition: this.#console?.outputPosition ?? 0 };
      }
      case "hash":
        return { type: "hashed", requestId, hash: machine.stateHash() };
    }
  }

  #restore(id: string): void {
    this.#pause();
    this.#console?.clear();
    this.#snapshots?.restore(id);
    this.#machine?.restore(this.#snapshots?.parts(id));
    this.#state = "paused";
  }

  /**
   * The terminal has its size whatever the machine was told in another life. Told once it runs: what was restored is what was
   * saved until then.
   */
  #tellSize(): void {
    if (this.#size && !this.#virtual) this.#machine?.resizeConsole(this.#size.columns, this.#size.rows);
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
    const { machine, terminal } = { machine: this.#machine, terminal: this.#console };
    if (this.#state !== "running" || !machine || !terminal) return;
    this.#beat();
    // The next turn comes with the page's `wake`.
    if (terminal.crowded) return terminal.tellPage();
    const began = this.#host.now();
    try {
      const outcome = this.#slices(machine, terminal, began + TURN_MS);
      this.#count(Counter.busyMicroseconds, Math.round((this.#host.now() - began) * 1000));
      terminal.tellPage();
      this.#after(machine, outcome);
    } catch (error) {
      this.#end();
      terminal.tellPage();
      this.#host.post({ type: "failed", message: words(error).slice(0, MESSAGE_CHARACTERS) });
    }
  }

  #slices(machine: RunnableMachine, terminal: WorkerConsole, deadline: number): RunOutcome {
    if (this.#polling.waits) return machine.run(WAITING_SLICE_INSTRUCTIONS);
    for (;;) {
      const before = terminal.typed;
      const outcome = machine.run(Math.min(SLICE_INSTRUCTIONS, this.#pauseAt - Number(machine.ticks)));
      if (outcome.type === "stopped") return outcome;
      if (outcome.type === "waiting") {
        terminal.askForInput();
        // What came since the machine looked would be slept over otherwise.
        if (terminal.typed === before) return outcome;
      }
      if (this.#host.now() >= deadline || Number(machine.ticks) >= this.#pauseAt || terminal.crowded) {
        return { type: "ran" };
      }
    }
  }

  #after(machine: RunnableMachine, outcome: RunOutcome): void {
    if (outcome.type === "ran") return this.#goOn(machine);
    if (outcome.type === "waiting") return this.#sleep(outcome.milliseconds);
    const { reason } = outcome;
    if (reason.type === "reboot") {
      this.#talk.say({ type: "rebooted" });
      machine.reset();
      return this.#postTurn();
    }
    this.#end();
    this.#host.post({ type: "stopped", code: reason.type === "finished" ? reason.code : undefined });
  }

  #goOn(machine: RunnableMachine): void {
    if (Number(machine.ticks) >= this.#pauseAt) {
      this.#pauseAt = Infinity;
      if (this.#console) this.#console.held = false;
      this.#pause();
      return this.#host.post({ type: "pausedItself" });
    }
    if (this.#traps.isEndless(machine.ticks, this.#counted(Counter.traps))) {
      this.#end();
      const message =
        "the guest runs wild: its trap handler traps. Its kernel may be damaged, or made for another machine.";
      return this.#host.post({ type: "failed", message: message.slice(0, MESSAGE_CHARACTERS) });
    }
    const restMs = this.#virtual ? 0 : this.#restMs(machine);
    if (restMs > 0) this.#sleep(restMs);
    else this.#postTurn();
  }

  /** How long a guest that waits by asking may rest. */
  #restMs(machine: RunnableMachine): number {
    const terminal = this.#console;
    if (!terminal) return 0;
    const typed = terminal.typed;
    const restMs = this.#polling.restMs({
      instructions: machine.ticks,
      deviceAccesses: this.#counted(Counter.mmioAccesses),
      consoleBytes: terminal.traffic,
    });
    if (restMs > 0) terminal.askForInput();
    return terminal.typed === typed ? restMs : 0;
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

  #beat(): void {
    this.#count(Counter.heartbeat, 1);
  }

  #count(counter: number, more: number): void {
    this.#memory?.view.setBigUint64(COUNTERS + counter, this.#counted(counter) + BigInt(more), true);
  }

  #counted(counter: number): bigint {
    return this.#memory?.view.getBigUint64(COUNTERS + counter, true) ?? 0n;
  }
}

function takeSnapshot(
  snapshots: SnapshotStore,
  { id, adopt }: { readonly id: string; readonly adopt: boolean },
  parts: OpaqueParts,
): ArrayBuffer {
  try {
    return snapshots.take(id, parts, adopt);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Error("There is no memory left for the snapshot. Delete older ones, or destroy a guest.", {
      cause: error,
    });
  }
}
