import { randomFillSync } from "node:crypto";
import type { ConsoleSink } from "#devices/device.ts";
import { Hart } from "#hart/hart.ts";
import { DETERMINISTIC_EPOCH_NANOSECONDS, seededRandom } from "#machine/deterministic-host.ts";
import type { MachineHost, RunOutcome, StopReason } from "#machine/face.ts";
import { Machine } from "#machine/machine.ts";
import { GuestMemory } from "#memory/guest-memory.ts";
import { execSession } from "./exec-session.ts";
import { loadSymbols } from "./profile/load-symbols.ts";
import { Profiler } from "./profile/profiler.ts";
import { openDisk } from "./run-disks.ts";
import { parseRunOptions, RUN_USAGE, type RunOptions } from "./run-options.ts";
import { openTarget, type RunTarget } from "./run-target.ts";
import { Terminal } from "./terminal.ts";

/** Exit statuses beyond the guest's own; the first as `timeout` has it. */
const INSTRUCTIONS_REACHED = 124;
const WAITS_FOR_GOOD = 125;
/** A failure code that is no exit status. */
const OTHER_FAILURE = 123;
const CRASHED = 1;

/** Instructions between looks at standard input. */
const TURN_INSTRUCTIONS = 1_000_000;
const PROMPT_TAIL = 256;
const CRASH_LINE = 512;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SEED = 1;

/** Why the run is over. */
type Ending =
  | { readonly type: "quit" }
  | { readonly type: "exit"; readonly status: number }
  | { readonly type: "instructions" }
  | { readonly type: "waits" }
  | { readonly type: "crashed"; readonly line: string }
  | { readonly type: "stopped"; readonly reason: StopReason };

/** `tabvisor run`: boots a machine on this terminal, and resolves with the guest's exit status. */
export async function run(args: readonly string[]): Promise<number> {
  const options = parseRunOptions(args);
  if (!options) {
    console.log(RUN_USAGE);
    return 0;
  }
  const target = await openTarget(options);
  const profiler = options.profile ? new Profiler(loadSymbols(options.symbols, target.files.kernel)) : undefined;
  const session = new RunSession(options, target, profiler);
  const ending = await session.run();
  if (profiler) console.error(profiler.report());
  if (options.stateHash) console.error(`state-hash ${session.stateHash()} after ${session.instructions} instructions`);
  return exitStatus(ending, options);
}

/** One machine at one terminal. */
class RunSession {
  readonly #options: RunOptions;
  readonly #terminal: Terminal;
  readonly #machine: Machine;
  readonly #profiler: Profiler | undefined;
  #ending: Ending | undefined;

  constructor(options: RunOptions, target: RunTarget, profiler: Profiler | undefined) {
    const { files, config, prompt, crashText } = target;
    this.#options = options;
    this.#profiler = profiler;
    this.#terminal = new Terminal(() => this.#end({ type: "quit" }));
    const host: MachineHost = {
      clock: hostClock(options.virtualClock),
      consoleOutput: this.#consoleOutput(prompt, crashText),
      consoleInput: this.#terminal.input,
      disks: options.disks.map(openDisk),
      random: options.virtualClock ? seededRandom(SEED) : (bytes) => void randomFillSync(bytes),
      log: (message) => console.error(`tabvisor: ${message}`),
    };
    const memory = new GuestMemory(config.memoryMiB);
    this.#machine = Machine.create(
      config,
      files,
      host,
      memory,
      (own, hartHost) =>
        profiler?.makeHart(own, hartHost, options.engine) ??
        new Hart(own, hartHost, options.engine, { now: () => performance.now() }),
    );
  }

  get instructions(): bigint {
    return this.#machine.hart.ticks;
  }

  stateHash(): string {
    return this.#machine.stateHash();
  }

  async run(): Promise<Ending> {
    this.#terminal.open();
    const quit = (): void => this.#end({ type: "quit" });
    process.once("SIGINT", quit);
    process.once("SIGTERM", quit);
    const resize = (): void => this.#resize();
    resize();
    process.stdout.on("resize", resize);
    try {
      for (;;) {
        if (!this.#ending) await this.#turn();
        await this.#terminal.flush();
        if (this.#ending) return this.#ending;
      }
    } finally {
      process.off("SIGINT", quit);
      process.off("SIGTERM", quit);
      process.stdout.off("resize", resize);
      this.#terminal.close();
    }
  }

  /** Under the virtual clock a run must not depend on whose terminal it is on. */
  #resize(): void {
    const { columns, rows } = process.stdout;
    if (columns > 0 && rows > 0 && !this.#options.virtualClock) this.#machine.resizeConsole(columns, rows);
  }

  #end(ending: Ending): void {
    this.#ending ??= ending;
    this.#terminal.type([]);
  }

  async #turn(): Promise<void> {
    const left = this.#options.maxInstructions - Number(this.instructions);
    if (left <= 0) return this.#end({ type: "instructions" });
    const turn = (): RunOutcome => this.#machine.run(Math.min(TURN_INSTRUCTIONS, left));
    const outcome = this.#profiler ? this.#profiler.during(turn) : turn();
    await this.#terminal.flush();
    if (outcome.type === "stopped") this.#stopped(outcome.reason);
    else if (outcome.type === "waiting") await this.#wait(outcome.milliseconds);
    else await new Promise((resolve) => setImmediate(resolve));
  }

  /** A reboot is the guest's own affair, but for a bare program, which would only start over. */
  #stopped(reason: StopReason): void {
    if (reason.type === "reboot" && this.#options.exec === undefined && this.#machine.config.firmware === "sbi") {
      this.#machine.reset();
    } else this.#end({ type: "stopped", reason });
  }

  async #wait(milliseconds: number): Promise<void> {
    if (milliseconds === Infinity && this.#terminal.ended) return this.#end({ type: "waits" });
    await this.#terminal.wait(milliseconds);
    this.#machine.wake();
  }

  /** Where the guest prints to: the terminal, or a session that picks out a command's output. */
  #consoleOutput(prompt: string | undefined, crashText: string | undefined): ConsoleSink {
    const { exec } = this.#options;
    const { output } = this.#terminal;
    if (prompt === undefined) return output;
    if (exec !== undefined) {
      const session = execSession(prompt, exec, {
        type: (text) => this.#terminal.type(new TextEncoder().encode(text)),
        print: (bytes) => output.keep(Uint8Array.from(bytes)),
        done: (status) => this.#end({ type: "exit", status }),
      });
      const watch = this.#crashWatch(crashText);
      return looksAt((byte) => {
        watch(byte);
        session.receive(byte);
      }, output);
    }
    this.#terminal.hold();
    return looksAt(this.#releaseAt(prompt), output);
  }

  /** A command that kills its guest never ends: the guest's last words end the run. */
  #crashWatch(crashText: string | undefined): (byte: number) => void {
    if (crashText === undefined) return () => {};
    let line = "";
    return (byte) => {
      line = byte === NEWLINE ? "" : (line + String.fromCharCode(byte)).slice(-CRASH_LINE);
      if (byte === CARRIAGE_RETURN && line.includes(crashText)) this.#end({ type: "crashed", line: line.trim() });
    };
  }

  /** Prints, and lets piped input through once the prompt has shown. */
  #releaseAt(prompt: string): (byte: number) => void {
    let tail = "";
    let released = false;
    return (byte) => {
      this.#terminal.output.write(byte);
      if (released) return;
      tail = (tail + String.fromCharCode(byte)).slice(-PROMPT_TAIL);
      if (!tail.endsWith(prompt)) return;
      released = true;
      this.#terminal.release();
    };
  }
}

/** A sink that looks at each byte; what it prints goes to `terminal`. */
function looksAt(take: (byte: number) => void, terminal: ConsoleSink): ConsoleSink {
  return {
    write: (byte) => {
      take(byte);
      return true;
    },
    keep: (bytes) => bytes.forEach(take),
    get crowded() {
      return terminal.crowded;
    },
  };
}

function hostClock(isVirtual: boolean): MachineHost["clock"] {
  return {
    now: () => process.hrtime.bigint() / 100n,
    epochNanoseconds: () => (isVirtual ? DETERMINISTIC_EPOCH_NANOSECONDS : BigInt(Date.now()) * 1_000_000n),
  };
}

/** Says how it ended where that is not the guest's own success. */
function exitStatus(ending: Ending, options: RunOptions): number {
  switch (ending.type) {
    case "quit":
      return 0;
    case "exit":
      return ending.status;
    case "instructions":
      console.error(`tabvisor: stopped after ${options.maxInstructions} instructions (--max-instructions).`);
      return INSTRUCTIONS_REACHED;
    case "crashed":
      console.error(`tabvisor: the guest crashed: ${ending.line}`);
      return CRASHED;
    case "waits":
      console.error("tabvisor: the guest waits for an interrupt that cannot come, and input has ended.");
      return WAITS_FOR_GOOD;
    case "stopped":
      return stoppedStatus(ending.reason);
  }
}

function stoppedStatus(reason: StopReason): number {
  if (reason.type !== "finished" || reason.code === 0) return 0;
  console.error(`tabvisor: the guest failed with ${reason.code}.`);
  return reason.code < OTHER_FAILURE ? reason.code : OTHER_FAILURE;
}
