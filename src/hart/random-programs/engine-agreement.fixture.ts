import { disassemble } from "#riscv/disassemble.ts";
import { instructionLength } from "#riscv/decode.ts";
import type { GuestMemory } from "#memory/guest-memory.ts";
import { Contender, type EngineName } from "./contender.fixture.ts";
import { InterruptBit } from "#hart/face.ts";
import { Random } from "#hart/float/float-vectors.fixture.ts";
import type { Hart } from "#hart/hart.ts";
import { generatePrivilegedProgram, type PrivilegedProgram } from "./privileged-program.fixture.ts";
import { Status } from "#hart/state/status.ts";
import { translate } from "#hart/translation/translation.ts";

const BASE = 0x8001_0000;
const TRACED = 24;
const interrupts = Object.values(InterruptBit);

/** One slice of a run: so many instructions, after an interrupt's level has been set. */
interface Slice {
  readonly budget: number;
  readonly interrupt: number;
  readonly level: boolean;
}

/** How a seed's program is cut into slices: by few instructions at a time, many, or both. */
function slicesOf(seed: number): readonly Slice[] {
  const random = new Random(~seed);
  const [count, budget] = random.pick<readonly [number, () => number]>([
    [60, () => 1 + random.below(60)],
    [40, () => (random.below(4) === 0 ? 200 + random.below(200) : 1 + random.below(20))],
    [90, () => (random.below(4) === 0 ? 100 : 1 + random.below(4))],
    [12, () => 300],
  ]);
  // The first is for the boot stub and some more.
  return Array.from({ length: count }, (_, index) => ({
    budget: index === 0 ? 120 + random.below(100) : budget(),
    interrupt: random.pick(interrupts),
    level: random.below(6) === 0,
  }));
}

/** Harts of several engines that run the same programs; the first is the oracle. */
export class EngineAgreement {
  readonly #contenders: readonly Contender[];
  readonly #hotThreshold: number;
  instructions = 0;

  constructor(engines: readonly EngineName[], hotThreshold: number) {
    this.#hotThreshold = hotThreshold;
    this.#contenders = engines.map((engine) => new Contender(engine, hotThreshold));
  }

  /** The largest of the engines' counters since power-on. */
  counter(name: "translatedInstructions" | "translationFailures"): number {
    return Math.max(...this.#contenders.map((contender) => contender.counter(name)));
  }

  /** Runs a seed's program slice by slice; where states differ after one, says how. */
  async runInSlices(seed: number): Promise<string | undefined> {
    await collectible();
    const program = generatePrivilegedProgram(seed, "engines", BASE);
    const slices = slicesOf(seed);
    const failed = this.#run(program, slices);
    if (!failed) return undefined;
    const alone = this.#fresh().#run(program, slices);
    if (!alone) return `seed ${seed}, slice ${failed.slice}, only after other programs:\n${failed.lines.join("\n")}`;
    return this.#explain(program, slices, alone.slice);
  }

  /** What has become hot outlives a program: to run one again as it was, take new harts. */
  #fresh(): EngineAgreement {
    return new EngineAgreement(
      this.#contenders.map(({ engine }) => engine),
      this.#hotThreshold,
    );
  }

  /**
   * Warms a seed's program up, then has an interrupt come after 0, 1, 2, … further instructions, each time from the same state.
   * Where states differ, says how.
   */
  async runWithInterruptsEverywhere(seed: number, count: number): Promise<string | undefined> {
    await collectible();
    const random = new Random(~seed);
    const program = generatePrivilegedProgram(seed, "engines", BASE);
    for (const { hart } of this.#load(program)) for (let slice = 0; slice < 6; slice++) hart.run(70 + (seed % 50));
    const interrupt = random.pick(interrupts);
    const starts = this.#contenders.map((contender) => {
      const { state } = contender.hart;
      state.setLow("mie", 0xaaa);
      state.setLow("mstatus", state.getLow("mstatus") | Status.SIE | Status.MIE);
      return contender.save();
    });
    for (let after = 0; after < count; after++) {
      this.#contenders.forEach((contender, index) => {
        contender.restore(starts[index]!);
        if (after > 0) contender.hart.run(after);
        contender.hart.setInterruptPending(interrupt, true);
        contender.hart.run(40);
      });
      const lines = this.#compare();
      if (lines) return [`seed ${seed}, interrupt ${interrupt} after ${after} instructions:`, ...lines].join("\n");
    }
    return undefined;
  }

  #load(program: PrivilegedProgram): readonly Contender[] {
    for (const contender of this.#contenders) contender.load(program);
    return this.#contenders;
  }

  #run(program: PrivilegedProgram, slices: readonly Slice[]): { slice: number; lines: readonly string[] } | undefined {
    this.#load(program);
    for (const [index, { budget, interrupt, level }] of slices.entries()) {
      const begun = this.#contenders.map(({ hart }) => {
        hart.setInterruptPending(interrupt, level);
        return hart.run(budget);
      });
      this.instructions += begun[0]!;
      const lines = this.#compare();
      if (lines) return { slice: index, lines };
      if (begun.some((count) => count !== begun[0]))
        return { slice: index, lines: [`instructions begun: ${begun.join(", ")}`] };
      if (this.#contenders[0]!.hasExited) break;
    }
    return undefined;
  }

  #compare(): readonly string[] | undefined {
    const [oracle, ...others] = this.#contenders;
    const wrong = others.filter((contender) => !contender.agreesWith(oracle!));
    if (wrong.length === 0) return undefined;
    return wrong.flatMap((contender) => [`the ${contender.engine}:`, ...contender.differences(oracle!).slice(0, 12)]);
  }

  /** The fewest instructions of the failing slice after which states differ, and the code around there. */
  #explain(program: PrivilegedProgram, slices: readonly Slice[], failing: number): string {
    const last = slices[failing]!;
    const cut = (budget: number): readonly Slice[] => [...slices.slice(0, failing), { ...last, budget }];
    let [good, bad] = [0, last.budget];
    while (bad - good > 1) {
      const middle = (good + bad) >> 1;
      if (this.#fresh().#run(program, cut(middle))) bad = middle;
      else good = middle;
    }
    const trace = this.#trace(program, slices.slice(0, failing), { ...last, budget: bad });
    const { lines } = this.#fresh().#run(program, cut(bad)) ?? { lines: ["(not when the slice is cut)"] };
    return [
      `seed ${program.seed}, slice ${failing}, after ${bad} of its ${last.budget} instructions:`,
      ...lines,
      `the last of them:`,
      ...trace,
      `again: TABVISOR_SEED=${program.seed} TABVISOR_PROGRAMS=1 TABVISOR_HOT=${this.#hotThreshold} npx vitest run src/hart/engines-agree.test.ts`,
    ].join("\n");
  }

  /** The last instructions that the oracle begins in a slice. */
  #trace(program: PrivilegedProgram, before: readonly Slice[], { budget, interrupt, level }: Slice): readonly string[] {
    this.#run(program, before);
    const { hart, memory } = this.#contenders[0]!;
    hart.setInterruptPending(interrupt, level);
    hart.run(budget - TRACED);
    return Array.from({ length: Math.min(budget, TRACED) }, () => {
      const line = describeInstruction(hart, memory);
      hart.run(1);
      return line;
    });
  }
}

/** WebAssembly modules that nobody holds are collected only after a turn of the event loop. */
async function collectible(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function describeInstruction({ state, pc }: Hart, memory: GuestMemory): string {
  const mode = ["U", "S", "", "M"][state.getLow("mode")];
  const halfword = (at: bigint): number =>
    memory.load16(Number(translate(state, memory, BigInt.asUintN(64, at), "fetch")));
  try {
    const low = halfword(pc);
    const encoding = instructionLength(low) === 2 ? low : ((halfword(pc + 2n) << 16) | low) >>> 0;
    return `  ${mode} ${pc.toString(16)}: ${disassemble(encoding, pc)}`;
  } catch {
    return `  ${mode} ${pc.toString(16)}: cannot be fetched`;
  }
}
