import { GuestMemory } from "#memory/guest-memory.ts";
import { Counter, HART_STATE_BYTES, HartSlot, PAGE_BYTES, RAM_BASE } from "#memory/layout.ts";
import { Hart } from "#hart/hart.ts";
import type { PrivilegedProgram } from "./privileged-program.fixture.ts";
import { EXIT } from "./program-image.fixture.ts";
import { TestBoard } from "./test-board.fixture.ts";

/** Every engine, the oracle first. */
export const engineNames = ["evaluator", "interpreter", "translator"] as const;

export type EngineName = (typeof engineNames)[number];

const RAM_MIB = 1;
const JUMP_TO_ITSELF = 0x6f;
/** Slots that are no part of a hart's state between slices. */
const transient: readonly number[] = [HartSlot.xSink, HartSlot.budget, HartSlot.exceptionValue];
const registers = Array.from({ length: 32 }, (_, register) => register);
const names = new Map<number, string>([
  ...Object.entries(HartSlot).map(([name, offset]): [number, string] => [offset, name]),
  ...registers.map((register): [number, string] => [HartSlot.x + register * 8, `x${register}`]),
  ...registers.map((register): [number, string] => [HartSlot.f + register * 8, `f${register}`]),
]);

/** Everything that a program can have changed. */
export interface ContenderState {
  readonly hart: Uint8Array;
  readonly ram: Uint8Array;
  readonly board: bigint;
}

/** A hart of one engine with memory and a board of its own, which runs many programs. */
export class Contender {
  readonly engine: EngineName;
  readonly memory = new GuestMemory(RAM_MIB);
  readonly board = new TestBoard();
  readonly hart: Hart;
  readonly #ram = Buffer.from(this.memory.bytes.buffer, this.memory.layout.ram, this.memory.layout.ramBytes);

  /** `hotThreshold`: arrivals after which the translator translates. */
  constructor(engine: EngineName, hotThreshold: number) {
    this.engine = engine;
    this.hart = new Hart(this.memory, this.board, engine, { hotThreshold });
    this.board.hart = this.hart;
  }

  load({ base, image }: PrivilegedProgram): void {
    this.memory.fill(RAM_BASE, RAM_MIB << 20, 0);
    this.memory.write(base, image);
    this.memory.store32(EXIT, JUMP_TO_ITSELF);
    this.board.reset();
    this.hart.reset(BigInt(base), "M");
  }

  get hasExited(): boolean {
    return this.hart.pc === BigInt(EXIT);
  }

  counter(name: keyof typeof Counter): number {
    const { view } = this.memory;
    return Number(view.getBigUint64(this.hart.state.base + HartSlot.counters + Counter[name], true));
  }

  save(): ContenderState {
    return { hart: this.#state(), ram: new Uint8Array(this.#ram), board: this.board.state };
  }

  /** As snapshots do it: pages that are as they were keep their translations. */
  restore({ hart, ram, board }: ContenderState): void {
    const { base } = this.hart.state;
    this.memory.bytes.set(hart, base);
    for (let at = 0; at < ram.length; at += PAGE_BYTES) {
      if (this.#ram.compare(ram, at, at + PAGE_BYTES, at, at + PAGE_BYTES) === 0) continue;
      this.memory.write(RAM_BASE + at, ram.subarray(at, at + PAGE_BYTES));
    }
    this.board.state = board;
    this.hart.stateReplaced();
  }

  /** In what this one's state differs from another's, at most a few lines. */
  differences(oracle: Contender): readonly string[] {
    const [ours, theirs] = [this.#words(this.#state()), this.#words(oracle.#state())];
    const lines = Array.from(theirs).flatMap((word, index) => {
      const name = names.get(index * 8) ?? `slot 0x${(index * 8).toString(16)}`;
      return word === ours[index] ? [] : [`${name}: ${hex(word)} in the ${oracle.engine}, ${hex(ours[index]!)} here`];
    });
    if (this.board.state !== oracle.board.state) lines.push("the device's register");
    if (this.#ram.compare(oracle.#ram) !== 0) {
      const at = this.#ram.findIndex((byte, index) => byte !== oracle.#ram[index]);
      lines.push(
        `RAM at 0x${(RAM_BASE + at).toString(16)}: ${oracle.#ram[at]} in the ${oracle.engine}, ${this.#ram[at]} here`,
      );
    }
    return lines;
  }

  agreesWith(oracle: Contender): boolean {
    if (this.board.state !== oracle.board.state) return false;
    if (Buffer.compare(this.#state(), oracle.#state()) !== 0) return false;
    return this.#ram.compare(oracle.#ram) === 0;
  }

  #state(): Uint8Array {
    const { base } = this.hart.state;
    const state = this.memory.bytes.slice(base, base + HART_STATE_BYTES);
    for (const slot of transient) state.fill(0, slot, slot + 8);
    return state;
  }

  #words(bytes: Uint8Array): BigUint64Array {
    return new BigUint64Array(bytes.buffer);
  }
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
