import type { HartState } from "#hart/state/hart-state.ts";
import { Mode, MPP_SHIFT, Status } from "#hart/state/status.ts";
import { updateContexts } from "#hart/translation/translation.ts";

const INTERRUPT = 1n << 63n;

/** Takes a trap to M- or S-mode, Privileged ISA §3.1.6.1, §3.1.8; pc holds the interrupted instruction's address. */
export function takeTrap(state: HartState, cause: number, value: bigint, isInterrupt: boolean): void {
  const mode = state.getLow("mode");
  const delegated = mode !== Mode.M && ((state.getLow(isInterrupt ? "mideleg" : "medeleg") >>> cause) & 1) === 1;
  const code = isInterrupt ? INTERRUPT | BigInt(cause) : BigInt(cause);
  const status = state.getLow("mstatus");
  const vector = delegated ? enterS(state, status, mode, code, value) : enterM(state, status, mode, code, value);
  const offset = isInterrupt && vector & 1n ? 4n * BigInt(cause) : 0n;
  state.set("pc", (vector & ~3n) + offset);
  updateContexts(state);
}

function enterS(state: HartState, status: number, mode: number, code: bigint, value: bigint): bigint {
  state.set("sepc", state.get("pc"));
  state.set("scause", code);
  state.set("stval", value);
  const kept = status & ~(Status.SPP | Status.SPIE | Status.SIE);
  const previous = (mode === Mode.S ? Status.SPP : 0) | (status & Status.SIE ? Status.SPIE : 0);
  state.setLow("mstatus", kept | previous);
  state.setLow("mode", Mode.S);
  return state.get("stvec");
}

function enterM(state: HartState, status: number, mode: number, code: bigint, value: bigint): bigint {
  state.set("mepc", state.get("pc"));
  state.set("mcause", code);
  state.set("mtval", value);
  const kept = status & ~(Status.MPP | Status.MPIE | Status.MIE);
  state.setLow("mstatus", kept | (mode << MPP_SHIFT) | (status & Status.MIE ? Status.MPIE : 0));
  state.setLow("mode", Mode.M);
  return state.get("mtvec");
}

/** MRET, Privileged ISA §3.3.2. The caller has checked that it is legal. */
export function returnFromM(state: HartState): void {
  const status = state.getLow("mstatus");
  const mode = (status & Status.MPP) >>> MPP_SHIFT;
  const kept = status & ~(Status.MPP | Status.MIE | (mode === Mode.M ? 0 : Status.MPRV));
  state.setLow("mstatus", kept | Status.MPIE | (status & Status.MPIE ? Status.MIE : 0));
  state.setLow("mode", mode);
  state.set("pc", state.get("mepc"));
  updateContexts(state);
}

/** SRET, Privileged ISA §3.3.2. The caller has checked that it is legal. */
export function returnFromS(state: HartState): void {
  const status = state.getLow("mstatus");
  const mode = status & Status.SPP ? Mode.S : Mode.U;
  const kept = status & ~(Status.SPP | Status.SIE | Status.MPRV);
  state.setLow("mstatus", kept | Status.SPIE | (status & Status.SPIE ? Status.SIE : 0));
  state.setLow("mode", mode);
  state.set("pc", state.get("sepc"));
  updateContexts(state);
}

/** Priority of interrupts, highest first: MEI, MSI, MTI, SEI, SSI, STI (§3.1.9). */
const priority = [11, 3, 7, 9, 1, 5] as const;

/** The interrupt that is to be taken now, of those in `pending` (mip), or undefined. */
export function interruptToTake(state: HartState, pending: number): number | undefined {
  const enabled = pending & state.getLow("mie");
  if (enabled === 0) return undefined;
  const mode = state.getLow("mode");
  const status = state.getLow("mstatus");
  const delegated = state.getLow("mideleg");
  const toM = mode < Mode.M || status & Status.MIE ? enabled & ~delegated : 0;
  const toS = mode < Mode.S || (mode === Mode.S && status & Status.SIE) ? enabled & delegated : 0;
  const candidates = toM !== 0 ? toM : toS;
  return priority.find((bit) => (candidates >>> bit) & 1);
}
