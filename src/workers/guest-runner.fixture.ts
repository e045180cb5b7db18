import { RingReader, RingWriter } from "#base/byte-ring.ts";
import type { RunOutcome } from "#machine/face.ts";
import { GuestMemory } from "#memory/guest-memory.ts";
import { CONSOLE_IN, CONSOLE_OUT, CONSOLE_RING_BYTES } from "#memory/layout.ts";
import type { BootMessage, PageMessage, WorkerMessage, WorkerReply } from "#protocol/messages.ts";
import { GuestRunner } from "./guest-runner.ts";
import type { RunnableMachine, RunnerMachineHost, WorkerHost } from "./runner-face.ts";

type WithoutId<R> = R extends { requestId: number } ? Omit<R, "requestId"> : never;

/** A runner whose turns and time are in the test's hands, and the page's end of it. */
export class RunnerBench {
  readonly memory: GuestMemory;
  readonly posted: WorkerMessage[] = [];
  readonly output: RingReader;
  readonly input: RingWriter;
  readonly #runner: GuestRunner;
  #turns: (() => void)[] = [];
  #requests = 0;

  /** Every look at the clock takes a millisecond, so that a turn has about four slices. */
  constructor(memoryMiB: number, makeMachine: WorkerHost["makeMachine"]) {
    this.memory = new GuestMemory(memoryMiB);
    const shared = this.memory.wasm.buffer as ArrayBufferLike as SharedArrayBuffer;
    this.output = new RingReader(shared, CONSOLE_OUT, CONSOLE_RING_BYTES);
    this.input = new RingWriter(shared, CONSOLE_IN, CONSOLE_RING_BYTES);
    let now = 0;
    this.#runner = new GuestRunner({
      post: (message) => void this.posted.push(message),
      now: () => now++,
      epoch: () => 1_700_000_000_000,
      random: (bytes) => void bytes.fill(0x5a),
      soon: (callback) => void this.#turns.push(callback),
      prepare: () => {},
      makeMachine,
    });
  }

  /** Makes the machine, as a boot message with these changes asks for it. */
  async boot(changes: Partial<BootMessage> = {}): Promise<void> {
    const memoryMiB = this.memory.layout.ramBytes / 2 ** 20;
    this.send({
      type: "boot",
      memory: this.memory.wasm,
      engine: "interpreter",
      settings: { memoryMiB, firmware: "bare", commandLine: "", clock: "virtual", diskCount: 0 },
      kernel: new ArrayBuffer(4),
      disks: [],
      snapshots: [],
      ...changes,
    });
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  send(message: PageMessage): void {
    this.#runner.receive(message);
  }

  /** Sends a request; its answer comes at once. */
  ask(request: WithoutId<PageMessage>): WorkerReply {
    const requestId = ++this.#requests;
    this.send({ ...request, requestId } as PageMessage);
    const answer = this.posted.findLast((message) => "requestId" in message && message.requestId === requestId);
    if (!answer) throw new Error(`no answer to ${request.type}`);
    return answer as WorkerReply;
  }

  /** Gives the runner so many turns, if it wants them; whether it wants another. */
  turn(count = 1): boolean {
    for (let done = 0; done < count; done++) this.#turns.shift()?.();
    return this.#turns.length > 0;
  }

  /** Runs for a turn, then pauses. */
  runAWhile(): void {
    this.send({ type: "run" });
    this.turn();
    this.ask({ type: "pause" });
    this.turn();
  }

  has(type: WorkerMessage["type"]): boolean {
    return this.posted.some((message) => message.type === type);
  }
}

/** A machine that does what the test says each time it is run, and notes what else is asked of it. */
export class ScriptedMachine implements RunnableMachine {
  readonly asked: string[] = [];
  readonly #host: RunnerMachineHost;
  readonly #run: (machine: ScriptedMachine) => RunOutcome;
  #ticks = 0n;
  runs = 0;
  /** Called whenever somebody looks at how far the machine is. */
  looked: () => void = () => {};

  constructor(host: RunnerMachineHost, run: (machine: ScriptedMachine) => RunOutcome) {
    this.#host = host;
    this.#run = run;
  }

  get ticks(): bigint {
    this.looked();
    return this.#ticks;
  }

  run(budget: number): RunOutcome {
    this.runs++;
    this.#ticks += BigInt(budget);
    return this.#run(this);
  }

  print(count: number): void {
    for (let index = 0; index < count; index++) this.#host.consoleOutput.write(0x2e);
  }

  readByte(): number {
    return this.#host.consoleInput.read();
  }

  wake(): void {
    this.asked.push("wake");
  }

  stopClock(): void {
    this.asked.push("stopClock");
  }

  reset(): void {
    this.asked.push("reset");
  }

  save(): unknown {
    return {};
  }

  restore(): void {
    this.asked.push("restore");
  }

  pagesCleaned(): void {
    this.asked.push("pagesCleaned");
  }

  stateHash(): string {
    return "0".repeat(32);
  }

  resizeConsole(columns: number, rows: number): void {
    this.asked.push(`resize ${columns} ${rows}`);
  }
}

/** A bench around a scripted machine, booted. */
export async function scriptedRunner(
  run: (machine: ScriptedMachine) => RunOutcome,
  changes: Partial<BootMessage> = {},
): Promise<{ readonly bench: RunnerBench; readonly machine: ScriptedMachine }> {
  let made: ScriptedMachine | undefined;
  const bench = new RunnerBench(1, (_boot, _memory, host) => (made = new ScriptedMachine(host, run)));
  await bench.boot(changes);
  if (!made) throw new Error("no machine was made");
  return { bench, machine: made };
}
