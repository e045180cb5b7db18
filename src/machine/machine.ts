import type { Width } from "#devices/device.ts";
import type { HartFace } from "#hart/face.ts";
import type { HartHost } from "#hart/state/hart-host.ts";
import type { GuestMemory } from "#memory/guest-memory.ts";
import { HART_BASE, HART_STATE_BYTES, HartSlot } from "#memory/layout.ts";
import { Board } from "./board.ts";
import { checkConfig } from "./check-config.ts";
import { loadBootFiles, type Booted } from "#machine/boot/boot.ts";
import type { BootFiles, MachineConfig, MachineHost, MachineParts, RunOutcome, StopReason } from "./face.ts";
import { VirtualClock, WallClock } from "./guest-clock.ts";
import { holdingSink } from "./holding-sink.ts";
import { Htif } from "./htif.ts";
import { VIRTIO_BASE } from "./memory-map.ts";
import { checkSameConfig, PARTS_VERSION, readParts } from "./parts.ts";
import { PollPace } from "./poll-pace.ts";
import { Sbi } from "./sbi.ts";
import { machineHash } from "./machine-hash.ts";
import { clearRam } from "./zero-pages.ts";

const TICKS_PER_MILLISECOND = 10_000;
/** A timer past that, in ticks since power-on (29,000 years), never comes. */
const NEVER_TICKS = 1n << 63n;
/** Under the wall clock `run` comes back once requests to devices have taken it so far past its beginning: 10 ms. */
const LONG_RUN_TICKS = 100_000n;
/** How soon to come back to a waiting guest whose output the host refused. */
const BLOCKED_OUTPUT_MS = 5;

const A0 = 10;
const A1 = 11;

/**
 * One emulated board: a hart, RAM and devices, at rest or running in slices. It never waits: `run` comes back, and the
 * host decides when to call it again.
 */
export class Machine {
  readonly config: MachineConfig;
  readonly memory: GuestMemory;
  readonly hart: HartFace;
  readonly #files: BootFiles;
  readonly #host: MachineHost;
  readonly #clock: WallClock | VirtualClock;
  readonly #board: Board;
  readonly #sbi: Sbi;
  readonly #pace: PollPace;
  #htif: Htif | undefined;
  #stopped: StopReason | undefined;
  #sliceEnd = 0n;
  /** Taken back from a snapshot, and not run since. */
  #restored = false;
  /** The host's time when `run` is to come back early; undefined under the virtual clock, which host time must not touch. */
  #comeBackAt: bigint | undefined;
  #late = false;

  /** Builds the board over memory that is new (all zero), and boots it to its first instruction. Throws BootError with what to do about it. */
  static create(
    config: MachineConfig,
    files: BootFiles,
    host: MachineHost,
    memory: GuestMemory,
    makeHart: (memory: GuestMemory, hartHost: HartHost) => HartFace,
  ): Machine {
    checkConfig(config, host, memory);
    return new Machine(config, files, host, memory, makeHart);
  }

  private constructor(
    config: MachineConfig,
    files: BootFiles,
    outside: MachineHost,
    memory: GuestMemory,
    makeHart: (memory: GuestMemory, hartHost: HartHost) => HartFace,
  ) {
    const host = { ...outside, consoleOutput: holdingSink(outside.consoleOutput, () => this.#comeBack()) };
    this.config = config;
    this.memory = memory;
    this.#files = files;
    this.#host = host;
    this.hart = makeHart(memory, this.#hartHost());
    this.#clock =
      config.clock === "virtual" ? new VirtualClock(host.clock, () => this.hart.ticks) : new WallClock(host.clock);
    this.#board = new Board({
      host,
      memory,
      hart: this.hart,
      clock: this.#clock,
      finish: (code) => this.#finish(code),
      reboot: () => this.#stop({ type: "reboot" }),
      timerChanged: () => this.#timerChanged(),
    });
    this.#sbi = new Sbi({
      memory,
      hart: this.hart,
      consoleOutput: host.consoleOutput,
      consoleInput: host.consoleInput,
      setTimer: (time) => this.#setSupervisorTimer(time),
      stop: (reason) => this.#stop(reason),
      log: host.log,
    });
    const booted = this.#boot();
    this.#pace = new PollPace({ reportsByHtif: booted.tohost !== undefined, isFixed: config.clock === "virtual" });
  }

  /**
   * Runs `instructions` instructions (exactly so many under the virtual clock, unless it stops or waits for good; then guest
   * time jumps over waiting). Comes back early when stopped or when the console is crowded, and under the wall
   * clock when waiting or held up by devices.
   */
  run(instructions: number): RunOutcome {
    this.#clock.start();
    if (this.#restored) this.#goOnAsAnother();
    this.#late = false;
    this.#comeBackAt = this.config.clock === "wall" ? this.#host.clock.now() + LONG_RUN_TICKS : undefined;
    const outcome = this.#run(this.hart.ticks + BigInt(instructions));
    this.#clock.rest(outcome.type === "ran");
    return outcome;
  }

  #run(end: bigint): RunOutcome {
    const { hart } = this;
    while (!this.#stopped) {
      if (hart.ticks >= end || this.#late) return { type: "ran" };
      const since = this.#clock.now();
      this.#board.pollTimers();
      if (hart.waiting || hart.ticks >= this.#pace.next) this.#poll(since);
      const begun = hart.run(this.#sliceUntil(end));
      this.#htif?.poll();
      if (begun > 0 || !hart.waiting || this.#stopped) continue;
      const outcome = this.#idle(since);
      if (outcome) return outcome;
    }
    return { type: "stopped", reason: this.#stopped };
  }

  /** Input came or output has room again: devices look at once, where that cannot make a difference between runs. */
  wake(): void {
    if (this.config.clock === "wall" || this.hart.waiting) this.#board.poll();
  }

  /** The guest is paused: its time stands still until the next `run`. */
  stopClock(): void {
    this.#clock.stop();
  }

  /** Tells the guest the terminal's size in cells. */
  resizeConsole(columns: number, rows: number): void {
    this.#board.resizeConsole(columns, rows);
  }

  /** Everything but RAM, at an instruction boundary (between calls of `run`). */
  save(): MachineParts {
    // Devices first: they look at the time, and the hart has what came of it.
    const devices = this.#saveDevices();
    const hart = this.memory.bytes.slice(HART_BASE, HART_BASE + HART_STATE_BYTES);
    return { version: PARTS_VERSION, config: this.config, hart, devices };
  }

  /**
   * Takes back what `save` gave, of any version; RAM must be put back before, and code decoded
   * from it dropped (GuestMemory does). Guest time goes on from the moment of saving.
   * Throws TypeError with what is wrong, naming the difference where the parts are of another machine.
   */
  restore(saved: MachineParts): void {
    const parts = readParts(saved);
    checkSameConfig(parts.config, this.config);
    this.memory.bytes.set(parts.hart, HART_BASE);
    this.hart.stateReplaced();
    this.#clock.restore(parts.devices["clock"]);
    this.#host.disks.forEach((disk, index) => disk.restore(parts.devices[`disk${index}`]));
    this.#board.restore(parts.devices);
    this.#stopped = undefined;
    this.#restored = true;
    this.#pace.resume(this.hart.ticks);
  }

  /** Cold reboot from the boot files: RAM zeroed and loaded anew, every device as at power-on. Disks keep what was written. */
  reset(): void {
    clearRam(this.memory);
    this.#boot();
    this.#pace.reset();
  }

  /** The host has marked pages of RAM clean: the next store to each must be seen again. */
  pagesCleaned(): void {
    this.hart.flushWriteTlb();
  }

  /** Hash of RAM, hart and devices as 32 hexadecimal digits; equal states have equal hashes, whatever engine made them. */
  stateHash(): string {
    return machineHash(this.memory, this.#saveDevices());
  }

  /** A timer that has come due since the last look is pending in what is saved, as it will be in what is restored. */
  #saveDevices(): Record<string, unknown> {
    this.#board.pollTimers();
    const disks = this.#host.disks.map((disk, index) => [`disk${index}`, disk.save()] as const);
    return { ...this.#board.save(), ...Object.fromEntries(disks), clock: this.#clock.save() };
  }

  #boot(): Booted {
    const booted = loadBootFiles(this.config, this.#files, this.memory, this.#host.random);
    this.hart.reset(BigInt(booted.entry), booted.mode);
    this.hart.setX(A0, 0n);
    this.hart.setX(A1, BigInt(booted.deviceTree));
    this.hart.dropCaches();
    this.#clock.reset();
    this.#board.reset();
    this.#htif = this.#makeHtif(booted);
    this.#stopped = undefined;
    this.#restored = false;
    return booted;
  }

  /**
   * Whoever goes on from a snapshot is one of many, and must not draw the same random numbers as the others. Under the virtual
   * clock that is just what it is to do: a run from a snapshot is the same run each time.
   */
  #goOnAsAnother(): void {
    this.#restored = false;
    if (this.config.clock === "wall") this.#board.renewGeneration();
  }

  #makeHtif({ tohost, fromhost }: Booted): Htif | undefined {
    if (tohost === undefined || !this.memory.contains(tohost, 8)) return undefined;
    const addresses = { tohost, ...(fromhost !== undefined && this.memory.contains(fromhost, 8) ? { fromhost } : {}) };
    return new Htif(this.memory, addresses, this.#host.consoleOutput, (code) => this.#stop({ type: "finished", code }));
  }

  #hartHost(): HartHost {
    return {
      readDevice: (address, width) => this.#board.bus.read(address, width),
      writeDevice: (address, width, value) => this.#writeDevice(address, width, value),
      time: () => this.#board.clint.mtime,
      timerChanged: () => this.#timerChanged(),
      calledOut: () => this.#lookAtClock(),
      ...(this.config.firmware === "sbi" ? { sbiCall: () => this.#sbiCall() } : {}),
    };
  }

  #writeDevice(address: number, width: Width, value: bigint): boolean {
    const answered = this.#board.bus.write(address, width, value);
    // One notification may cost a hundred thousand instructions' time: the host must get its turn between two.
    if (address >= VIRTIO_BASE) this.#lookAtClock();
    return answered;
  }

  /** Slices end by time as well as by count: what calls out may be a thousand times slower than what does not. */
  #lookAtClock(): void {
    if (this.#comeBackAt === undefined || this.#host.clock.now() < this.#comeBackAt) return;
    this.#comeBack();
  }

  #comeBack(): void {
    this.#late = true;
    this.hart.requestExit();
  }

  #sbiCall(): boolean {
    this.#sbi.call();
    return true;
  }

  #poll(now: bigint): void {
    const { ticks } = this.hart;
    this.#board.poll();
    this.#pace.polled(now, ticks);
  }

  /** Instructions of the next slice: to `end`, the next look at devices, or the next timer, whatever comes first. */
  #sliceUntil(end: bigint): number {
    const { ticks } = this.hart;
    let slice = end - ticks;
    if (this.#pace.next - ticks < slice) slice = this.#pace.next - ticks;
    if (this.#clock instanceof VirtualClock) {
      const timer = this.#nextTimer();
      if (timer !== undefined && this.#clock.ticksAt(timer) - ticks < slice) slice = this.#clock.ticksAt(timer) - ticks;
    }
    if (slice < 1n) slice = 1n;
    this.#sliceEnd = ticks + slice;
    return Number(slice);
  }

  /** Under the virtual clock a slice must not run past a timer that was set within it; the wall clock is not so exact. */
  #timerChanged(): void {
    if (!(this.#clock instanceof VirtualClock)) return;
    const timer = this.#nextTimer();
    if (timer !== undefined && this.#clock.ticksAt(timer) < this.#sliceEnd) this.hart.requestExit();
  }

  /**
   * The hart waits and nothing was pending at `since`: jumps to the next timer, or says how long the host may rest.
   * A timer that has come since then is due now.
   */
  #idle(since: bigint): RunOutcome | undefined {
    const timer = this.#nextTimer(since);
    // A timer that came due since the hart last looked is not among those still to come.
    this.#board.pollTimers();
    if (!this.hart.waiting) return undefined;
    if (this.#clock instanceof VirtualClock && timer !== undefined) {
      this.#clock.skipTo(timer);
      return undefined;
    }
    const milliseconds = timer === undefined ? Infinity : Number(timer - this.#clock.now()) / TICKS_PER_MILLISECOND;
    const blocked = this.#board.uart.blocked ? BLOCKED_OUTPUT_MS : Infinity;
    return { type: "waiting", milliseconds: Math.max(0, Math.min(milliseconds, blocked)) };
  }

  /** The board's time of the next timer later than `since`; one before has done what it could. */
  #nextTimer(since = this.#clock.now()): bigint | undefined {
    const now = this.#clock.now();
    const { clint, rtc } = this.#board;
    const alarm = rtc.nanosecondsToAlarm;
    // What the guest wrote to mtime moves it against the board's time.
    const moved = BigInt.asIntN(64, clint.mtime - now);
    const { nextTimer } = this.hart;
    const due = [
      nextTimer === undefined ? undefined : nextTimer - moved,
      clint.nextTimer,
      alarm === undefined ? undefined : now + (alarm + 99n) / 100n,
    ];
    return due.reduce((first, time) => {
      if (time === undefined || time <= since || time >= NEVER_TICKS) return first;
      return first === undefined || time < first ? time : first;
    }, undefined);
  }

  #setSupervisorTimer(time: bigint): void {
    this.memory.view.setBigUint64(HART_BASE + HartSlot.stimecmp, time, true);
    // One that is due already is pending from the next slice on.
    this.hart.requestExit();
  }

  /** Under built-in SBI the finisher is how the kernel powers off; a bare program reports its result. */
  #finish(code: number): void {
    this.#stop(this.config.firmware === "sbi" && code === 0 ? { type: "poweroff" } : { type: "finished", code });
  }

  #stop(reason: StopReason): void {
    this.#stopped ??= reason;
    this.hart.requestExit();
  }
}
