import { Cause } from "#riscv/engine.ts";
import type { GuestMemory } from "#memory/guest-memory.ts";
import { RAM_BASE, TLB_BARE, TLB_SUM, TLB_SUPERVISOR } from "#memory/layout.ts";
import { GuestException } from "#hart/state/exception.ts";
import type { HartState } from "#hart/state/hart-state.ts";
import { Mode, MPP_SHIFT, Status } from "#hart/state/status.ts";

export type Access = "read" | "write" | "fetch";

const pageFault = {
  read: Cause.LoadPageFault,
  write: Cause.StorePageFault,
  fetch: Cause.InstructionPageFault,
} as const;
const accessFault = {
  read: Cause.LoadAccessFault,
  write: Cause.StoreAccessFault,
  fetch: Cause.InstructionAccessFault,
} as const;

/** Fields of a page-table entry, Privileged ISA §4.3.1. */
export const Pte = { V: 1, R: 2, W: 4, X: 8, U: 16, G: 32, A: 64, D: 128 } as const;
/** Bits 63–54: N, PBMT and reserved; all must be zero without those extensions. */
export const PTE_RESERVED = 0xffc0_0000_0000_0000n;

/** menvcfg.ADUE: the hart sets A and D itself (Svadu); else an entry that lacks what an access needs faults (Svade). */
export const ADUE = 1n << 61n;

/** satp.MODE for Sv39. */
export const SV39 = 8n;

/** The mode that loads and stores act in: mstatus.MPRV lends M-mode that of MPP. */
export function dataMode(state: HartState): number {
  const status = state.getLow("mstatus");
  const mode = state.getLow("mode");
  return mode === Mode.M && status & Status.MPRV ? (status & Status.MPP) >>> MPP_SHIFT : mode;
}

/** Recomputes which TLB context loads, stores and fetches use; called after every change of mode, mstatus or satp. */
export function updateContexts(state: HartState): void {
  const bare = state.get("satp") === 0n;
  const context = (mode: number, supervisor: number): number => {
    if (mode === Mode.M || bare) return TLB_BARE;
    return mode === Mode.U ? state.tlbBank : supervisor;
  };
  const supervisor = state.getLow("mstatus") & Status.SUM ? state.tlbBank + TLB_SUM : TLB_SUPERVISOR;
  state.setContexts(context(dataMode(state), supervisor), context(state.getLow("mode"), TLB_SUPERVISOR));
}

/**
 * Sv39 translation, Privileged ISA §4.3.2. A and D of the leaf are set where they must be, as menvcfg.ADUE says.
 * The oracle of the walk that `walk-code.ts` emits. Throws GuestException.
 */
export function translate(state: HartState, memory: GuestMemory, virtualAddress: bigint, access: Access): bigint {
  const mode = access === "fetch" ? state.getLow("mode") : dataMode(state);
  const satp = state.get("satp");
  if (mode === Mode.M || satp >> 60n !== SV39) return virtualAddress;
  const fault = (): never => {
    throw new GuestException(pageFault[access], virtualAddress);
  };
  if (BigInt.asUintN(64, BigInt.asIntN(39, virtualAddress)) !== virtualAddress) fault();
  let table = (satp & 0xfff_ffff_ffffn) << 12n;
  for (let level = 2n; level >= 0n; level--) {
    const entryAddress = table + ((virtualAddress >> (12n + 9n * level)) & 0x1ffn) * 8n;
    if (!inRam(memory, entryAddress)) throw new GuestException(accessFault[access], virtualAddress);
    const entry = memory.load64(Number(entryAddress));
    const bits = Number(entry & 0xffn);
    if (!(bits & Pte.V) || (bits & (Pte.R | Pte.W)) === Pte.W || entry & PTE_RESERVED) fault();
    const physicalPage = (entry >> 10n) & 0xfff_ffff_ffffn;
    if (!(bits & (Pte.R | Pte.X))) {
      if (bits & (Pte.A | Pte.D | Pte.U)) fault();
      table = physicalPage << 12n;
      continue;
    }
    const offsetMask = (1n << (9n * level)) - 1n;
    if (physicalPage & offsetMask || !permits(state, bits, mode, access)) fault();
    const used = access === "write" ? Pte.A | Pte.D : Pte.A;
    if ((bits & used) !== used) {
      if (!(state.get("menvcfg") & ADUE)) fault();
      memory.store64(Number(entryAddress), entry | BigInt(used));
    }
    const page = physicalPage | ((virtualAddress >> 12n) & offsetMask);
    return (page << 12n) | (virtualAddress & 0xfffn);
  }
  return fault();
}

function permits(state: HartState, bits: number, mode: number, access: Access): boolean {
  const status = state.getLow("mstatus");
  if (bits & Pte.U) {
    if (mode === Mode.S && (access === "fetch" || !(status & Status.SUM))) return false;
  } else if (mode === Mode.U) {
    return false;
  }
  if (access === "fetch") return (bits & Pte.X) !== 0;
  if (access === "write") return (bits & Pte.W) !== 0;
  return (bits & (status & Status.MXR ? Pte.R | Pte.X : Pte.R)) !== 0;
}

function inRam(memory: GuestMemory, address: bigint): boolean {
  const offset = address - BigInt(RAM_BASE);
  return offset >= 0n && offset + 8n <= BigInt(memory.layout.ramBytes);
}
