import { GuestMemory } from "#memory/guest-memory.ts";
import { HartSlot, RAM_BASE } from "#memory/layout.ts";
import type { CaseHart } from "#riscv/cases/all.fixture.ts";
import type { AccessWidth } from "#riscv/engine.ts";
import type { EngineName } from "./contender.fixture.ts";
import { NO_BOARD } from "#hart/state/hart-host.ts";
import { Hart } from "#hart/hart.ts";

const TRAP_VECTOR = BigInt(RAM_BASE + 0x8000);
const FS_DIRTY = 3n << 13n;

/** A whole hart with either engine, as the table of expectations wants it. One is used for many cases; `reset` comes before each. */
export class HartUnderTest implements CaseHart {
  readonly hart: Hart;
  readonly memory = new GuestMemory(1);

  constructor(engine: EngineName) {
    this.hart = new Hart(this.memory, NO_BOARD, engine, { hotThreshold: 1 });
  }

  reset(): void {
    this.memory.fill(RAM_BASE, 0x1_0000, 0);
    this.hart.reset(BigInt(RAM_BASE), "M");
    this.hart.state.set("mtvec", TRAP_VECTOR);
    this.hart.state.set("mstatus", this.hart.state.get("mstatus") | FS_DIRTY);
  }

  load(width: AccessWidth, address: bigint): bigint {
    const bytes = this.memory.read(Number(address), width);
    return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  }

  store(width: AccessWidth, address: bigint, value: bigint): void {
    const bytes = Uint8Array.from({ length: width }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
    this.memory.write(Number(address), bytes);
  }

  x(register: number): bigint {
    return this.hart.x(register);
  }

  setX(register: number, value: bigint): void {
    this.hart.setX(register, value);
  }

  f(register: number): bigint {
    return this.memory.view.getBigUint64(this.hart.state.base + HartSlot.f + register * 8, true);
  }

  setF(register: number, value: bigint): void {
    this.memory.view.setBigUint64(this.hart.state.base + HartSlot.f + register * 8, value, true);
  }

  get pc(): bigint {
    return this.hart.pc;
  }

  set pc(value: bigint) {
    this.hart.pc = value;
  }

  step(): { readonly cause: number; readonly value: bigint } | undefined {
    this.hart.run(1);
    if (this.hart.pc !== TRAP_VECTOR) return undefined;
    const { state } = this.hart;
    return { cause: Number(state.get("mcause")), value: state.get("mtval") };
  }
}
