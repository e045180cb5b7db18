import type { HartHost } from "#hart/state/hart-host.ts";
import { Hart } from "#hart/hart.ts";
import { seededRandom } from "#machine/deterministic-host.ts";
import type { EngineName } from "#machine/face.ts";
import type { GuestMemory } from "#memory/guest-memory.ts";
import { Counter, HartSlot } from "#memory/layout.ts";
import type { Profile, RunCounts } from "./profile.ts";

/** Instructions between samples: short enough to tell functions apart, long enough not to be what is measured. */
const SAMPLE_INSTRUCTIONS = 20_000;
const MODES = ["U", "S", "", "M"];
const SEED = 1;

const now = (): number => performance.now();

/**
 * A hart that notes where it is after every so many instructions, and what they cost. A sample comes after a number of
 * instructions and not at the end of whatever slice there was: slices end early at device accesses, which would seem hot.
 */
export class ProfiledHart extends Hart {
  readonly #memory: GuestMemory;
  readonly #profile: Profile;
  readonly #nextDistance = distances();
  #left = SAMPLE_INSTRUCTIONS;
  /** Of all slices: `ticks` begins anew when the guest reboots. */
  #instructions = 0;
  #sampled: Totals = { instructions: 0, translated: 0, translationMs: 0, tlbMisses: 0, hartMs: 0, deviceMs: 0 };

  constructor(memory: GuestMemory, host: HartHost, engine: EngineName, profile: Profile) {
    super(memory, timed(host, profile), engine, { now });
    this.#memory = memory;
    this.#profile = profile;
  }

  override run(budget: number): number {
    const began = now();
    const instructions = super.run(Math.min(budget, this.#left));
    const ended = now();
    this.#profile.hartMs += ended - began;
    this.#instructions += instructions;
    this.#left -= instructions;
    if (this.#left > 0) return instructions;
    this.#sample();
    this.#left = this.#nextDistance();
    this.#profile.samplingMs += now() - ended;
    return instructions;
  }

  /** What was counted since power-on. */
  counts(): RunCounts {
    return {
      instructions: this.#instructions,
      translated: this.#counted(Counter.translatedInstructions),
      tlbMisses: this.#counted(Counter.tlbMisses),
      translationMs: this.#counted(Counter.translationMicroseconds) / 1000,
      regionsTranslated: this.#counted(Counter.regionsTranslated),
      deviceAccesses: this.#counted(Counter.mmioAccesses),
    };
  }

  #sample(): void {
    const { hartMs, deviceMs } = this.#profile;
    const before = this.#sampled;
    const total = { ...this.counts(), hartMs, deviceMs };
    this.#sampled = total;
    this.#profile.sample(this.pc, MODES[this.state.getLow("mode")] ?? "", {
      instructions: total.instructions - before.instructions,
      translated: total.translated - before.translated,
      milliseconds: Math.max(0, hartMs - before.hartMs - (total.translationMs - before.translationMs)),
      deviceMs: deviceMs - before.deviceMs,
      tlbMisses: total.tlbMisses - before.tlbMisses,
    });
  }

  #counted(counter: number): number {
    const at = this.state.base + HartSlot.counters + counter;
    const { view } = this.#memory;
    return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
  }
}

/** What stood at the last sample. */
interface Totals extends Pick<RunCounts, "instructions" | "translated" | "translationMs" | "tlbMisses"> {
  readonly hartMs: number;
  readonly deviceMs: number;
}

/** Adds up the host time of what the hart asks of devices and SBI. */
function timed(host: HartHost, profile: Profile): HartHost {
  const during = <T>(call: () => T): T => {
    const began = now();
    const result = call();
    profile.deviceMs += now() - began;
    return result;
  };
  return {
    readDevice: (address, width) => during(() => host.readDevice(address, width)),
    writeDevice: (address, width, value) => during(() => host.writeDevice(address, width, value)),
    time: () => host.time(),
    timerChanged: () => host.timerChanged(),
    ...(host.sbiCall ? { sbiCall: () => during(() => host.sbiCall?.() ?? false) } : {}),
  };
}

/** Distances of half to one and a half times the mean: a fixed one could fall into step with a loop. The same in every run. */
function distances(): () => number {
  const random = seededRandom(SEED);
  const bytes = new Uint8Array(2);
  return () => {
    random(bytes);
    return Math.round(SAMPLE_INSTRUCTIONS * (0.5 + ((bytes[0] ?? 0) + (bytes[1] ?? 0) * 256) / 0x1_0000));
  };
}
