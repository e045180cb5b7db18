import type { Guest, GuestStats, LogEntry, RunState, SnapshotSummary, TabvisorEvent } from "#protocol/tabvisor.ts";
import { TabvisorError } from "#protocol/tabvisor.ts";
import { FakeConsole } from "./fake-console.fixture.ts";

const BOOT_LINUX = [
  "[    0.000000] Linux version 6.12.107+deb13-riscv64 (debian-kernel@lists.debian.org)",
  "[    0.000000] Machine model: riscv-virtio,qemu",
  "[    0.000000] SBI specification v2.0 detected",
  "[    0.000000] riscv: base ISA extensions acdfim",
  "[    0.000000] Kernel command line: console=ttyS0",
  "[    0.211043] clocksource: riscv_clocksource: mask: 0xffffffffffffffff",
  "[    0.388210] 10000000.serial: ttyS0 at MMIO 0x10000000 (irq = 12, base_baud = 230400) is a 16550A",
  "[    0.640112] goldfish_rtc 101000.rtc: setting system clock",
  "[    0.812004] Run /init as init process",
  "",
];
const BOOT_UBOOT = [
  "",
  "U-Boot 2025.01+dfsg-5 (Debian)",
  "",
  "CPU:   riscv",
  "Model: riscv-virtio,qemu",
  "DRAM:  64 MiB",
  "In:    serial",
  "Out:   serial",
  "Err:   serial",
  "",
];
const HASH_LENGTH = 64;

/** How the fake behaves, so that tests and screenshots can stand still where they want. */
export interface FakeOptions {
  /** How long loading takes; 0 is at once. */
  readonly loadMs: number;
  /** Loading stops at this share and stays there. */
  readonly stuckAt?: number;
}

/** What a fake guest asks of the Tabvisor that it belongs to. */
export interface FakeHost {
  fork(parent: FakeGuest, name: string | undefined): Guest;
  tell(event: TabvisorEvent): void;
  remove(guest: FakeGuest): void;
}

/** A guest that is a few lines of script. */
export class FakeGuest implements Guest {
  readonly id: string;
  readonly image: string;
  readonly memoryMiB: number;
  readonly console: FakeConsole;
  readonly #tabvisor: FakeHost;
  readonly #born = Date.now();
  #name: string;
  #runState: RunState = "loading";
  #reason: string | undefined;
  #progress: Guest["progress"];
  #log: LogEntry[] = [];
  #snapshots: SnapshotSummary[] = [];
  #texts = new Map<string, string>();
  #standsOn: string | undefined;
  #line = "";
  #spin: ReturnType<typeof setInterval> | undefined;

  constructor(tabvisor: FakeHost, id: string, name: string, image: string, memoryMiB: number) {
    this.#tabvisor = tabvisor;
    this.id = id;
    this.#name = name;
    this.image = image;
    this.memoryMiB = memoryMiB;
    this.console = new FakeConsole((text) => this.#typed(text));
  }

  get name(): string {
    return this.#name;
  }

  get runState(): RunState {
    return this.#runState;
  }

  get reason(): string | undefined {
    return this.#reason;
  }

  get progress(): Guest["progress"] {
    return this.#progress;
  }

  get log(): readonly LogEntry[] {
    return this.#log;
  }

  get standsOn(): string | undefined {
    return this.#standsOn;
  }

  get #prompt(): string {
    return this.image === "linux" ? "~ # " : "=> ";
  }

  async load(totalBytes: number, { loadMs, stuckAt }: FakeOptions): Promise<void> {
    this.#note("info", `Loading ${this.image}`);
    const steps = loadMs === 0 ? 1 : Math.ceil(loadMs / 50);
    for (let step = 1; step <= steps; step++) {
      if (stuckAt !== undefined && step / steps > stuckAt) await new Promise(() => {});
      this.#progress = { doneBytes: Math.round((totalBytes * step) / steps), totalBytes };
      this.#changed();
      if (loadMs > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    this.#progress = undefined;
    await this.#boot();
  }

  copy(parent: FakeGuest): void {
    this.#snapshots = [...parent.#snapshots];
    this.#texts = new Map(parent.#texts);
    this.#standsOn = parent.#standsOn;
    this.#note("info", `Forked from ${parent.name}`);
    this.#enter("running");
    this.console.print(parent.console.text());
  }

  rename(name: string): void {
    this.#name = name;
    this.#changed();
  }

  pause(): Promise<void> {
    this.#enter("paused");
    return Promise.resolve();
  }

  resume(): Promise<void> {
    this.#enter("running");
    return Promise.resolve();
  }

  powerOff(): Promise<void> {
    this.#stop("stopped", "Powered off from the page.");
    return Promise.resolve();
  }

  async start(): Promise<void> {
    this.console.forget("");
    await this.#boot();
  }

  snapshot(label = `snapshot ${this.#snapshots.length + 1}`): Promise<SnapshotSummary> {
    const number = this.#snapshots.length + 1;
    const made: SnapshotSummary = {
      id: `${this.id}-s${number}`,
      label,
      parent: this.#standsOn,
      createdAt: Date.now(),
      bytes: number === 1 ? 43_200_000 : 2_150_000 * number,
    };
    this.#snapshots.push(made);
    this.#texts.set(made.id, this.console.text());
    this.#standsOn = made.id;
    this.#note("info", `Snapshot “${label}” taken`);
    return Promise.resolve(made);
  }

  snapshots(): readonly SnapshotSummary[] {
    return this.#snapshots;
  }

  reset(snapshotId = this.#standsOn): Promise<{ readonly milliseconds: number }> {
    const snapshot = this.#snapshots.find(({ id }) => id === snapshotId);
    if (!snapshot) return Promise.reject(new TabvisorError("There is no snapshot to reset to. Take one first."));
    clearInterval(this.#spin);
    this.#line = "";
    this.#standsOn = snapshot.id;
    this.#note("info", `Reset to “${snapshot.label}” in 12 ms`);
    this.#enter("running");
    const text = this.#texts.get(snapshot.id) ?? "";
    this.console.forget("");
    this.console.print(`\u001bc${text}`);
    return Promise.resolve({ milliseconds: 12 });
  }

  renameSnapshot(snapshotId: string, label: string): void {
    this.#snapshots = this.#snapshots.map((snapshot) =>
      snapshot.id === snapshotId ? { ...snapshot, label } : snapshot,
    );
    this.#changed();
  }

  deleteSnapshot(snapshotId: string): Promise<void> {
    const gone = this.#snapshots.find(({ id }) => id === snapshotId);
    if (snapshotId === this.#standsOn) return Promise.reject(new TabvisorError("The guest stands on this snapshot."));
    this.#snapshots = this.#snapshots
      .filter(({ id }) => id !== snapshotId)
      .map((snapshot) => (snapshot.parent === snapshotId ? { ...snapshot, parent: gone?.parent } : snapshot));
    this.#changed();
    return Promise.resolve();
  }

  fork(name?: string): Promise<Guest> {
    return Promise.resolve(this.#tabvisor.fork(this, name));
  }

  destroy(): Promise<void> {
    clearInterval(this.#spin);
    this.#tabvisor.remove(this);
    return Promise.resolve();
  }

  stats(): Promise<GuestStats> {
    const isRunning = this.#runState === "running";
    const busy = isRunning ? (this.#spin ? 96 : 0.4) : 0;
    return Promise.resolve({
      instructions: 1_019_000_000 + (Date.now() - this.#born) * 1000,
      mips: busy * 3.1,
      cpuPercent: busy,
      memoryBytes: this.memoryMiB * 2 ** 20,
      dirtyPages: this.#standsOn === undefined ? 0 : 1204,
      uptimeMs: Date.now() - this.#born,
      counters: { interrupts: 18_422, tlbRefills: 1_204_113, pagesPredecoded: 3_318 },
    });
  }

  stateHash(): Promise<string> {
    return Promise.resolve("0".repeat(HASH_LENGTH));
  }

  async #boot(): Promise<void> {
    this.#enter("running");
    this.#note("info", "Started");
    const lines = this.image === "linux" ? BOOT_LINUX : BOOT_UBOOT;
    this.console.print(`\u001b[90m${lines.join("\r\n")}\u001b[0m\r\n${this.#prompt}`);
    if (this.#snapshots.length === 0) await this.snapshot("first prompt");
  }

  #typed(text: string): void {
    if (this.#runState !== "running") return;
    for (const character of text) this.#key(character);
  }

  #key(character: string): void {
    if (character === "\u0003") {
      clearInterval(this.#spin);
      this.#spin = undefined;
      this.#line = "";
      this.console.print(`^C\r\n${this.#prompt}`);
    } else if (character === "\r") {
      const line = this.#line;
      this.#line = "";
      this.console.print("\r\n");
      this.#run(line.trim());
    } else if (character === "\u007f") {
      if (this.#line !== "") this.console.print("\b \b");
      this.#line = this.#line.slice(0, -1);
    } else {
      this.#line += character;
      this.console.print(character);
    }
  }

  #run(line: string): void {
    const { columns, rows } = this.console.size;
    const outputs: Readonly<Record<string, string>> = {
      "": "",
      "uname -a": "Linux (none) 6.12.107+deb13-riscv64 #1 SMP Debian 6.12.107-1 riscv64 GNU/Linux\r\n",
      "stty size": `${rows} ${columns}\r\n`,
      "free -m": "              total   used   free\r\nMem:            114     21     86\r\n",
      ls: "\u001b[1;34mbin\u001b[0m   \u001b[1;34mdev\u001b[0m   \u001b[1;34metc\u001b[0m   \u001b[1;32minit\u001b[0m  \u001b[1;34mproc\u001b[0m  \u001b[1;34msys\u001b[0m\r\n",
      ask: "\u001b[6n\u001b[c",
    };
    if (line === "yes") return this.#yes();
    if (line === "poweroff") return this.#stop("stopped", "It powered itself off.");
    if (line.startsWith("echo c >")) return this.#panic();
    this.console.print((outputs[line] ?? `sh: ${line.split(" ")[0]}: not found\r\n`) + this.#prompt);
  }

  #yes(): void {
    const block = "y\r\n".repeat(20_000);
    this.#spin = setInterval(() => this.console.waiting < 4 && this.console.print(block), 4);
  }

  #panic(): void {
    this.console.print(
      "\u001b[31m[   42.117003] Kernel panic - not syncing: sysrq triggered crash\u001b[0m\r\n\u001b[90m[   42.118110] CPU: 0 UID: 0 PID: 61 Comm: sh Not tainted 6.12.107+deb13-riscv64\u001b[0m\r\n",
    );
    this.#stop("crashed", "Its kernel panicked: “sysrq triggered crash”");
  }

  #stop(runState: "stopped" | "crashed", reason: string): void {
    clearInterval(this.#spin);
    this.#spin = undefined;
    this.#line = "";
    this.#note(runState === "crashed" ? "error" : "info", reason);
    this.#enter(runState, reason);
  }

  #enter(runState: RunState, reason?: string): void {
    this.#runState = runState;
    this.#reason = reason;
    this.#changed();
  }

  #note(level: LogEntry["level"], message: string): void {
    const entry = { at: Date.now(), level, message };
    this.#log.push(entry);
    this.#tabvisor.tell({ type: "logged", guestId: this.id, entry });
  }

  #changed(): void {
    this.#tabvisor.tell({ type: "guestChanged", guestId: this.id });
  }
}
