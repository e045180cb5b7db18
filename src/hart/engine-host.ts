import { Cause, type HelperName } from "#riscv/engine.ts";
import type { GuestMemory } from "#memory/guest-memory.ts";
import { Counter, DECODED, DECODED_PAGE_BYTES, HartSlot, PAGE_BYTES } from "#memory/layout.ts";
import { DeviceAnswer } from "#hart/emit/region-calls.ts";
import { isSystemHelper } from "#hart/emit/host-functions.ts";
import type { InterpreterHost } from "#hart/interpreter/interpreter.ts";
import { GuestException } from "#hart/state/exception.ts";
import type { HartState } from "#hart/state/hart-state.ts";
import { Status } from "#hart/state/status.ts";
import type { DecodedPages } from "#hart/translation/decoded-pages.ts";
import type { Tlbs } from "#hart/translation/tlb.ts";
import type { VirtualMemory } from "#hart/translation/virtual-memory.ts";
import type { Helper } from "./helpers.ts";

/** Calls of emitted code to the host between two looks of the board at its clock. */
const CALLS_A_LOOK = 64;

/** What emitted code reaches of its hart. */
export interface CalledHart {
  readonly state: HartState;
  readonly memory: GuestMemory;
  readonly tlbs: Tlbs;
  readonly virtual: VirtualMemory;
  readonly decoded: DecodedPages;
  readonly helpers: Readonly<Record<HelperName, Helper>>;
  trap(code: number, value: bigint): void;
  interruptsChanged(): void;
  time(): bigint;
  codeChanged(page: number, first: number, end: number): void;
  hot(operation: number): void;
  declined(operation: number): void;
  /** The engine is to go on from the pc slot anew: its page may be data. */
  fetchAnew(): void;
  /** Some more calls were made: the board may want its turn. */
  calledOut(): void;
}

/** The host's side of emitted code. Calls cost a hundred times what an instruction does, so that they are counted. */
export class EngineHost {
  readonly #hart: CalledHart;
  readonly #budgetAt: number;
  #calls = 0;

  constructor(hart: CalledHart) {
    this.#hart = hart;
    this.#budgetAt = hart.state.base + HartSlot.budget;
  }

  imports(): InterpreterHost {
    const guarded = Object.entries(this.#hart.helpers).map(
      ([name, helper]) => [name, this.#guard(this.#helper(name as HelperName, helper), 0n)] as const,
    );
    return {
      helpers: Object.fromEntries(guarded) as Record<HelperName, (...args: bigint[]) => bigint>,
      readDevice: this.#guard((va: bigint, physical: bigint, width: number) => {
        this.#calledOut();
        return this.#hart.virtual.readDevice(BigInt.asUintN(64, va), BigInt.asUintN(64, physical), width);
      }, 0n),
      writeDevice: this.#guard((va: bigint, physical: bigint, width: number, value: bigint) => {
        this.#calledOut();
        this.#hart.virtual.writeDevice(BigInt.asUintN(64, va), BigInt.asUintN(64, physical), width, value);
      }, undefined),
      accessDevice: (...access) => this.#accessDevice(...access),
      decodePage: (page: number) => this.#decodePage(page),
      releasePage: (page: number) => this.#releasePage(page),
      decode: (address: number) => this.#decode(address),
      decodeSpanning: this.#guard(
        (page: number) => this.#hart.decoded.decodeSpanning(page, this.#spanningWord()),
        undefined,
      ),
      trap: () => this.#trapPending(),
      useFloat: this.#guard(() => this.#useFloat(), undefined),
      interruptsChanged: () => this.#hart.interruptsChanged(),
      time: () => this.#hart.time(),
      codeChanged: (page: number, first: number, end: number) => this.#hart.codeChanged(page, first, end),
      hot: (operation: number) => this.#hart.hot(operation),
      declined: (operation: number) => this.#hart.declined(operation),
    };
  }

  /** For a region, which goes on only where nothing but the device has changed. */
  #accessDevice(physical: number, width: number, low: number, high: number, isStore: number): number {
    const { state, memory, virtual } = this.#hart;
    const { touches, view } = memory;
    const budget = view.getUint32(this.#budgetAt, true);
    this.#calledOut();
    try {
      const address = BigInt(physical >>> 0);
      if (isStore) {
        const value = width === 8 ? (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0) : BigInt(low >>> 0);
        virtual.writeDevice(address, address, width, value);
      } else state.set("xSink", virtual.readDevice(address, address, width));
    } catch (error) {
      if (!(error instanceof GuestException)) throw error;
      return DeviceAnswer.none;
    }
    const isAsBefore = memory.touches === touches && view.getUint32(this.#budgetAt, true) === budget;
    return isAsBefore ? DeviceAnswer.done : DeviceAnswer.leave;
  }

  #decode(address: number): void {
    this.#calledOut();
    this.#hart.decoded.decode(address);
  }

  #helper(name: HelperName, helper: Helper): Helper {
    const call = unsigned(helper);
    if (!isSystemHelper(name)) return call;
    return (...args) => {
      this.#calledOut();
      return call(...args);
    };
  }

  /** Only where emitted code has its budget in the slot, and looks at it afterwards. */
  #calledOut(): void {
    if (++this.#calls % CALLS_A_LOOK === 0) this.#hart.calledOut();
  }

  /** What a wasm import may not do is throw: the exception goes to its slot, and `otherwise` is returned. */
  #guard<A extends readonly unknown[], R>(call: (...args: A) => R, otherwise: R): (...args: A) => R {
    return (...args) => {
      try {
        return call(...args);
      } catch (error) {
        if (!(error instanceof GuestException)) throw error;
        this.#hart.state.set("exception", BigInt(error.code + 1));
        this.#hart.state.set("exceptionValue", BigInt.asUintN(64, error.value));
        return otherwise;
      }
    };
  }

  #trapPending(): void {
    const { state } = this.#hart;
    this.#calledOut();
    const code = state.getLow("exception") - 1;
    state.set("exception", 0n);
    this.#hart.trap(code, state.get("exceptionValue"));
    state.set("exceptionValue", 0n);
  }

  #decodePage(page: number): number {
    this.#calledOut();
    const { decoded } = this.#hart;
    const { index, evicted } = decoded.assign(page);
    this.#hart.tlbs.dropWritesTo(this.#hart.memory.layout.ram + page * PAGE_BYTES);
    if (evicted) this.#hart.tlbs.dropFetchesOf(DECODED + index * DECODED_PAGE_BYTES);
    this.#hart.state.count(Counter.pagesDecoded);
    return index;
  }

  #releasePage(page: number): void {
    this.#calledOut();
    this.#hart.decoded.release(page);
    this.#hart.tlbs.flushFetches();
    // The page may be the one that is running: fetch it anew.
    this.#hart.fetchAnew();
  }

  #spanningWord(): number {
    const low = this.#hart.virtual.fetch16(this.#hart.state.get("pc"));
    return ((this.#hart.virtual.fetch16(BigInt.asUintN(64, this.#hart.state.get("pc") + 2n)) << 16) | low) >>> 0;
  }

  #useFloat(): void {
    const status = this.#hart.state.getLow("mstatus");
    if ((status & Status.FS) === 0) throw new GuestException(Cause.IllegalInstruction, 0n);
    this.#hart.state.setLow("mstatus", status | Status.FS);
  }
}

/** WebAssembly hands its i64s over as signed; the helpers take unsigned ones. */
function unsigned(helper: Helper): Helper {
  return (...args) => (args.length === 0 ? helper() : helper(...args.map((arg) => BigInt.asUintN(64, arg))));
}
