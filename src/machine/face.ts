import type { Clock } from "#base/clock.ts";
import type { ByteSource, ConsoleSink } from "#devices/device.ts";
import type { Disk } from "#devices/disks/disk.ts";

/** Which engine executes guest instructions; all leave the same state. */
export type EngineName = "evaluator" | "interpreter" | "translator";

/** What a machine is made of; part of every snapshot, and compared when one is restored. */
export interface MachineConfig {
  readonly memoryMiB: number;
  /** `sbi`: the machine answers S-mode's ecalls and starts the payload in S-mode. `bare`: an ELF or firmware starts in M-mode. */
  readonly firmware: "sbi" | "bare";
  readonly commandLine: string;
  /** `virtual`: guest time is instructions begun ÷ 100 per 100 ns tick, and the machine is deterministic. */
  readonly clock: "wall" | "virtual";
  readonly diskCount: number;
}

/** The bytes a machine boots from. */
export interface BootFiles {
  /** A Linux Image, a raw binary (entered at RAM + 2 MiB), or an ELF. */
  readonly kernel: Uint8Array;
  readonly initrd?: Uint8Array;
}

/** Everything a machine asks of its host. */
export interface MachineHost {
  /** Wall clock; a virtual-clock machine asks only `epochNanoseconds` of it, once. */
  readonly clock: Clock;
  /** While it is `crowded`, `run` comes back after the instruction that printed. */
  readonly consoleOutput: ConsoleSink;
  readonly consoleInput: ByteSource;
  readonly disks: readonly Disk[];
  /** Fills with entropy; a recorded or seeded run hands in a seeded one. */
  readonly random: (bytes: Uint8Array) => void;
  /** One line for the guest's log: what a device refused and why. */
  readonly log: (message: string) => void;
}

export type StopReason =
  | { readonly type: "poweroff" }
  | { readonly type: "reboot" }
  /** Test finisher or tohost: 0 is pass. */
  | { readonly type: "finished"; readonly code: number };

/** Why `run` came back. */
export type RunOutcome =
  /** The instructions asked for were run (or an event wants the host's attention); run again. */
  | { readonly type: "ran" }
  /** In wfi with nothing due: call again after `milliseconds` (Infinity: only an event can wake it), or at the next input. */
  | { readonly type: "waiting"; readonly milliseconds: number }
  | { readonly type: "stopped"; readonly reason: StopReason };

/** What of a machine is not in its RAM: hart state, and each device's `save()` by its name. Structured-clonable. */
export interface MachineParts {
  readonly version: number;
  readonly config: MachineConfig;
  readonly hart: Uint8Array;
  readonly devices: Readonly<Record<string, unknown>>;
}
