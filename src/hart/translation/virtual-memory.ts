import { Cause, type AccessWidth } from "#riscv/engine.ts";
import type { GuestMemory } from "#memory/guest-memory.ts";
import { Counter, RAM_BASE } from "#memory/layout.ts";
import { GuestException } from "#hart/state/exception.ts";
import type { HartHost } from "#hart/state/hart-host.ts";
import type { HartState } from "#hart/state/hart-state.ts";
import { translate, type Access } from "./translation.ts";

const WIDTHS = new Set([1, 2, 4, 8]);

/** Loads, stores and fetches at virtual addresses without any cache: the evaluator's, and what emitted slow paths end in. Throws GuestException. */
export class VirtualMemory {
  readonly #state: HartState;
  readonly #memory: GuestMemory;
  readonly #host: HartHost;

  constructor(state: HartState, memory: GuestMemory, host: HartHost) {
    this.#state = state;
    this.#memory = memory;
    this.#host = host;
  }

  fetch16(address: bigint): number {
    const physical = this.#translate(address, "fetch");
    if (!this.#inRam(physical, 2)) throw new GuestException(Cause.InstructionAccessFault, address);
    return this.#memory.load16(Number(physical));
  }

  load(width: AccessWidth, address: bigint): bigint {
    if (crosses(address, width)) {
      let value = 0n;
      for (let i = 0n; i < BigInt(width); i++) value |= this.load(1, BigInt.asUintN(64, address + i)) << (8n * i);
      return value;
    }
    const physical = this.#translate(address, "read");
    if (!this.#inRam(physical, width)) return this.readDevice(address, physical, width);
    const at = Number(physical) - RAM_BASE + this.#memory.layout.ram;
    const { view } = this.#memory;
    if (width === 8) return view.getBigUint64(at, true);
    return BigInt(width === 4 ? view.getUint32(at, true) : width === 2 ? view.getUint16(at, true) : view.getUint8(at));
  }

  store(width: AccessWidth, address: bigint, value: bigint): void {
    if (crosses(address, width)) {
      this.#translate(address, "write");
      this.#translate(BigInt.asUintN(64, address + BigInt(width) - 1n) & ~0xfffn, "write");
      for (let i = 0n; i < BigInt(width); i++)
        this.store(1, BigInt.asUintN(64, address + i), (value >> (8n * i)) & 0xffn);
      return;
    }
    const physical = this.#translate(address, "write");
    if (!this.#inRam(physical, width)) {
      this.writeDevice(address, physical, width, BigInt.asUintN(width * 8, value));
      return;
    }
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
    this.#memory.write(Number(physical), bytes.subarray(0, width));
  }

  /** Raises what an atomic store would raise. Devices take no atomics (Privileged ISA §3.6.3). */
  probeStore(address: bigint): void {
    const physical = this.#translate(address, "write");
    if (!this.#inRam(physical, 1)) throw new GuestException(Cause.StoreAccessFault, address);
  }

  readDevice(address: bigint, physical: bigint, width: number): bigint {
    this.#state.count(Counter.mmioAccesses);
    const value =
      isWidth(width) && physical <= Number.MAX_SAFE_INTEGER
        ? this.#host.readDevice(Number(physical), width)
        : undefined;
    if (value === undefined) throw new GuestException(Cause.LoadAccessFault, address);
    return value;
  }

  writeDevice(address: bigint, physical: bigint, width: number, value: bigint): void {
    this.#state.count(Counter.mmioAccesses);
    const narrow = BigInt.asUintN(width * 8, value);
    const done =
      isWidth(width) && physical <= Number.MAX_SAFE_INTEGER && this.#host.writeDevice(Number(physical), width, narrow);
    if (!done) throw new GuestException(Cause.StoreAccessFault, address);
  }

  #translate(address: bigint, access: Access): bigint {
    return BigInt.asUintN(64, translate(this.#state, this.#memory, BigInt.asUintN(64, address), access));
  }

  #inRam(physical: bigint, width: number): boolean {
    return physical <= Number.MAX_SAFE_INTEGER && this.#memory.contains(Number(physical), width);
  }
}

function crosses(address: bigint, width: number): boolean {
  return Number(address & 0xfffn) + width > 4096;
}

function isWidth(width: number): width is AccessWidth {
  return WIDTHS.has(width);
}
