import { Cause, type HelperName } from "#riscv/engine.ts";
import { instructionLength } from "#riscv/decode.ts";
import type { GuestMemory } from "#memory/guest-memory.ts";
import { Counter, HART_STATE_BYTES } from "#memory/layout.ts";
import { peekCsr, type CsrHost } from "./csrs.ts";
import { DecodedPages } from "#hart/translation/decoded-pages.ts";
import { Evaluator } from "#hart/evaluator/evaluator.ts";
import { GuestException } from "#hart/state/exception.ts";
import { EngineHost } from "./engine-host.ts";
import type { HartFace } from "./face.ts";
import type { HartHost } from "#hart/state/hart-host.ts";
import { HartState } from "#hart/state/hart-state.ts";
import { makeHelpers } from "./helpers.ts";
import {
  compileInterpreter,
  instantiateInterpreter,
  TABLE_SIZE,
  type InterpreterHost,
} from "#hart/interpreter/interpreter.ts";
import { Mode, SXL_64, UXL_64 } from "#hart/state/status.ts";
import { Tlbs } from "#hart/translation/tlb.ts";
import { Translator } from "#hart/translator/translator.ts";
import { interruptToTake, takeTrap } from "./traps.ts";
import { ADUE, updateContexts } from "#hart/translation/translation.ts";
import { VirtualMemory } from "#hart/translation/virtual-memory.ts";

const STCE = 1n << 63n;
const NEVER = 0xffff_ffff_ffff_ffffn;
const STIP = 1 << 5;
/** What OpenSBI delegates: everything S-mode can take but its own ecall; and S-mode's three interrupts. */
const SBI_MEDELEG = 0xb1ffn;
const SBI_MIDELEG = 0x222n;

/** Arrivals at a place that make it worth translating (FACTS: translation pays after one to two thousand executions). */
const HOT_THRESHOLD = 8_000;

/** A module costs much more than a function: the translator waits for one hot operation for each so many arrivals at one. */
const ARRIVALS_A_BATCH = 320;

export interface HartOptions {
  /** Arrivals at an operation after which what it begins is translated. */
  readonly hotThreshold?: number;
  /** A host clock, in milliseconds, for the meters only. */
  readonly now?: () => number;
}

/** One hart: architectural state in guest memory, an engine that runs it, and the caches that the engine needs. */
export class Hart implements HartFace {
  readonly state: HartState;
  readonly #memory: GuestMemory;
  readonly #host: HartHost;
  readonly #tlbs: Tlbs;
  readonly #virtual: VirtualMemory;
  readonly #helpers: Readonly<Record<HelperName, (...args: readonly bigint[]) => bigint>>;
  readonly #runEngine: () => void;
  readonly #csrHost: CsrHost;
  #decoded: DecodedPages | undefined;
  #translator: Translator | undefined;
  /** `ticks` when the budget slot reaches 0 and nothing is put by. */
  #ticksEnd = 0n;
  /** Budget put by so that the engine fetches anew before it goes on. */
  #putBy = 0;
  #running = false;

  constructor(
    memory: GuestMemory,
    host: HartHost,
    engine: "evaluator" | "interpreter" | "translator",
    options: HartOptions = {},
  ) {
    this.#memory = memory;
    this.#host = host;
    this.state = new HartState(memory, 0);
    this.#tlbs = new Tlbs(memory, this.state.base);
    this.#virtual = new VirtualMemory(this.state, memory, host);
    this.#csrHost = {
      state: this.state,
      time: () => host.time(),
      interruptsChanged: () => this.#interruptsChanged(),
      timerChanged: () => this.#timerChanged(),
      flushTlbs: () => this.#tlbs.flushTranslated(),
      addressSpaceChanged: () => this.#addressSpaceChanged(),
    };
    this.#helpers = makeHelpers({
      ...this.#csrHost,
      memory,
      host,
      synchronise: () => this.#synchronise(),
      requestExit: () => this.requestExit(),
      flushPage: (va) => this.#tlbs.flushPage(va),
      flushSpace: (asid) => this.#tlbs.flushSpace(asid),
    });
    this.#runEngine =
      engine === "evaluator"
        ? this.#makeEvaluator()
        : this.#makeInterpreter(engine === "translator" ? options : undefined);
    this.dropCaches();
  }

  reset(pc: bigint, mode: "M" | "S"): void {
    const { state } = this;
    this.#memory.bytes.fill(0, state.base, state.base + HART_STATE_BYTES);
    state.set("pc", pc);
    state.setLow("mode", mode === "M" ? Mode.M : Mode.S);
    state.set("mstatus", UXL_64 | SXL_64);
    state.set("mcounteren", 7n);
    state.set("scounteren", 7n);
    state.set("stimecmp", NEVER);
    // As on QEMU's virt, where A and D are set by the hart unless software says otherwise.
    state.set("menvcfg", ADUE);
    if (mode === "S") {
      state.set("medeleg", SBI_MEDELEG);
      state.set("mideleg", SBI_MIDELEG);
      state.set("menvcfg", STCE | ADUE);
    }
    this.#ticksEnd = 0n;
    this.dropCaches();
  }

  run(budget: number): number {
    const { state } = this;
    const before = state.get("ticks");
    if (budget <= 0) return 0;
    if (this.waiting) return 0;
    this.#refreshTimer();
    state.setLow("waiting", 0);
    this.#takeInterrupt();
    this.#ticksEnd = before + BigInt(budget);
    state.setLow("budget", budget);
    this.#running = true;
    this.#runEngine();
    while (this.#putBy > 0) {
      state.setLow("budget", this.#putBy);
      this.#putBy = 0;
      this.#runEngine();
    }
    this.#running = false;
    this.#synchronise();
    this.#translator?.translate();
    state.count(Counter.slices);
    return Number(state.get("ticks") - before);
  }

  requestExit(): void {
    if (!this.#running) return;
    const left = this.state.getLow("budget") + this.#putBy;
    this.state.setLow("budget", 0);
    this.#putBy = 0;
    this.#ticksEnd -= BigInt(left);
  }

  setInterruptPending(bit: number, level: boolean): void {
    const mip = this.state.getLow("mip");
    this.state.setLow("mip", level ? mip | (1 << bit) : mip & ~(1 << bit));
    if (level) this.#interruptsChanged();
  }

  get waiting(): boolean {
    if (this.state.getLow("waiting") === 0) return false;
    this.#refreshTimer();
    return (this.state.getLow("mip") & this.state.getLow("mie")) === 0;
  }

  get nextTimer(): bigint | undefined {
    const compare = this.state.get("stimecmp");
    return compare === NEVER || !(this.state.get("menvcfg") & STCE) ? undefined : compare;
  }

  get ticks(): bigint {
    if (this.#running) this.#synchronise();
    return this.state.get("ticks");
  }

  x(register: number): bigint {
    return this.state.getX(register);
  }

  setX(register: number, value: bigint): void {
    this.state.setX(register, BigInt.asUintN(64, value));
  }

  get pc(): bigint {
    return this.state.get("pc");
  }

  set pc(value: bigint) {
    this.state.set("pc", BigInt.asUintN(64, value));
  }

  csr(number: number): bigint {
    return peekCsr(this.#csrHost, number);
  }

  dropCaches(): void {
    this.#decoded?.dropAll();
    this.#translator?.dropAll();
    this.stateReplaced();
  }

  fence(): void {
    this.#tlbs.flushTranslated();
  }

  flushWriteTlb(): void {
    this.#tlbs.flushWrites();
  }

  stateReplaced(): void {
    this.#tlbs.flushAll();
    this.#addressSpaceChanged();
  }

  #addressSpaceChanged(): void {
    this.state.tlbBank = this.#tlbs.bankFor(this.state.get("satp"));
    updateContexts(this.state);
  }

  #takeInterrupt(): void {
    const interrupt = interruptToTake(this.state, this.state.getLow("mip"));
    if (interrupt === undefined) return;
    this.state.count(Counter.interrupts);
    takeTrap(this.state, interrupt, 0n, true);
  }

  /** Drives STIP from stimecmp where Sstc is on: before each slice, and when either changes. */
  #refreshTimer(): void {
    if (!(this.state.get("menvcfg") & STCE)) return;
    const timer = this.nextTimer;
    const mip = this.state.getLow("mip");
    this.state.setLow("mip", timer !== undefined && this.#host.time() >= timer ? mip | STIP : mip & ~STIP);
  }

  #timerChanged(): void {
    this.#refreshTimer();
    this.#host.timerChanged();
    this.#interruptsChanged();
  }

  #interruptsChanged(): void {
    if (!this.#running) return;
    if (interruptToTake(this.state, this.state.getLow("mip")) !== undefined) this.requestExit();
  }

  /** Brings the ticks slot up to what has been begun of this slice. */
  #synchronise(): void {
    this.state.set("ticks", this.#ticksEnd - BigInt(this.state.getLow("budget") + this.#putBy));
  }

  #time(): bigint {
    this.#synchronise();
    return this.#host.time();
  }

  #trap(code: number, value: bigint): void {
    this.state.count(Counter.traps);
    takeTrap(this.state, code, code === Cause.IllegalInstruction && value === 0n ? this.#encodingAtPc() : value, false);
  }

  /** What an illegal instruction's tval holds: the encoding at pc, whose fetch has just succeeded. */
  #encodingAtPc(): bigint {
    const low = this.#virtual.fetch16(this.pc);
    if (instructionLength(low) === 2) return BigInt(low);
    return BigInt(((this.#virtual.fetch16(this.pc + 2n) << 16) | low) >>> 0);
  }

  /** What emitted code calls. */
  #engineHost(decoded: DecodedPages): InterpreterHost {
    return new EngineHost({
      state: this.state,
      memory: this.#memory,
      tlbs: this.#tlbs,
      virtual: this.#virtual,
      decoded,
      helpers: this.#helpers,
      trap: (code, value) => this.#trap(code, value),
      interruptsChanged: () => this.#interruptsChanged(),
      time: () => this.#time(),
      codeChanged: (page, first, end) => this.#translator?.codeChanged(page, first, end),
      hot: (operation) => this.#translator?.hot(operation),
      declined: (operation) => this.#translator?.declined(operation),
      fetchAnew: () => {
        this.#putBy += this.state.getLow("budget");
        this.state.setLow("budget", 0);
      },
      calledOut: () => this.#host.calledOut?.(),
    }).imports();
  }

  #makeEvaluator(): () => void {
    const { state } = this;
    const evaluator = new Evaluator({
      view: this.#memory.view,
      base: state.base,
      fetch16: (address) => this.#virtual.fetch16(address),
      load: (width, address) => this.#virtual.load(width, address),
      store: (width, address, value) => this.#virtual.store(width, address, value),
      probeStore: (_, address) => this.#virtual.probeStore(address),
      helpers: this.#helpers,
    });
    return () => {
      while (state.getLow("budget") > 0) {
        state.setLow("budget", state.getLow("budget") - 1);
        try {
          evaluator.step();
        } catch (error) {
          if (!(error instanceof GuestException)) throw error;
          this.#trap(error.code, error.value);
        }
      }
    };
  }

  /** With `translation`, what becomes hot is translated. */
  #makeInterpreter(translation: HartOptions | undefined): () => void {
    const hotThreshold = translation && (translation.hotThreshold ?? HOT_THRESHOLD);
    const compiled = compileInterpreter(this.#memory.layout, this.state.base, { hotThreshold });
    const decoded = new DecodedPages(this.#memory, compiled.uses, (page) => this.#translator?.dropPage(page));
    this.#decoded = decoded;
    const table =
      translation && new WebAssembly.Table({ element: "anyfunc", initial: TABLE_SIZE, maximum: TABLE_SIZE });
    const interpreter = instantiateInterpreter(compiled, this.#memory, this.#engineHost(decoded), table);
    this.#tlbs.emitted = interpreter.tlbs;
    if (table && hotThreshold !== undefined) {
      this.#translator = new Translator({
        memory: this.#memory,
        state: this.state,
        decoded,
        table,
        exports: interpreter.exports,
        batchOperations: Math.ceil(hotThreshold / ARRIVALS_A_BATCH),
        now: translation.now ?? (() => 0),
      });
    }
    return interpreter.run;
  }
}
