import type { HartHost } from "#hart/state/hart-host.ts";
import type { EngineName } from "#machine/face.ts";
import type { GuestMemory } from "#memory/guest-memory.ts";
import { Profile } from "./profile.ts";
import { profileReport } from "./profile-report.ts";
import { ProfiledHart } from "./profiled-hart.ts";
import type { SymbolTable } from "./symbols.ts";

/** Profiles one machine's run: makes its hart, is told of its turns, and says in the end where the time went. */
export class Profiler {
  readonly #symbols: SymbolTable;
  readonly #profile = new Profile();
  #hart: ProfiledHart | undefined;
  #engine: EngineName = "translator";

  constructor(symbols: SymbolTable) {
    this.#symbols = symbols;
  }

  makeHart(memory: GuestMemory, host: HartHost, engine: EngineName): ProfiledHart {
    this.#engine = engine;
    this.#hart = new ProfiledHart(memory, host, engine, this.#profile);
    return this.#hart;
  }

  /** What `turn` of the machine takes is its host time. */
  during<T>(turn: () => T): T {
    const began = performance.now();
    const result = turn();
    this.#profile.machineMs += performance.now() - began;
    return result;
  }

  /** What has been measured up to now, as text. */
  report(): string {
    if (!this.#hart) return "";
    const counts = this.#hart.counts();
    return profileReport({
      engine: this.#engine === "evaluator" ? "evaluator" : "interpreter",
      counts,
      shares: this.#profile.shares(counts),
      hottest: this.#profile.hottest(this.#symbols),
      samples: this.#profile.samples,
    });
  }
}
