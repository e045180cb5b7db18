import { Cause, type HelperName } from "#riscv/engine.ts";
import type { GuestMemory } from "#memory/guest-memory.ts";
import { HartSlot } from "#memory/layout.ts";
import { accessCsr, type CsrHost } from "./csrs.ts";
import { GuestException } from "#hart/state/exception.ts";
import type { HartHost } from "#hart/state/hart-host.ts";
import { floatHelpers } from "./float/float-helpers.ts";
import { Mode, Status } from "#hart/state/status.ts";
import { returnFromM, returnFromS } from "./traps.ts";

/** What helpers reach of their hart. */
export interface HelperHart extends CsrHost {
  readonly memory: GuestMemory;
  readonly host: HartHost;
  /** Brings `ticks` up to date. */
  synchronise(): void;
  requestExit(): void;
  flushPage(virtualAddress: bigint): void;
  flushSpace(asid: bigint): void;
}

export type Helper = (...args: readonly bigint[]) => bigint;

/** The functions behind `Engine.call`, for every engine. They throw GuestException; a value of 0 for illegal instruction stands for the encoding at pc. */
export function makeHelpers(hart: HelperHart): Readonly<Record<HelperName, Helper>> {
  return { ...floatHelpers(floatHart(hart)), ...systemHelpers(hart) };
}

function floatHart({ memory, state }: HelperHart): Parameters<typeof floatHelpers>[0] {
  return { view: memory.view, fcsrAddress: state.base + HartSlot.fcsr, illegal };
}

function illegal(): never {
  throw new GuestException(Cause.IllegalInstruction, 0n);
}

function systemHelpers(
  hart: HelperHart,
): Record<"csr" | "ecall" | "ebreak" | "mret" | "sret" | "wfi" | "sfence.vma" | "fence.i" | "illegal", Helper> {
  const { state } = hart;
  return {
    csr: (word = 0n, source = 0n) => {
      hart.synchronise();
      return accessCsr(hart, Number(word), source);
    },
    ecall: () => ecall(hart),
    ebreak: () => {
      throw new GuestException(Cause.Breakpoint, state.get("pc"));
    },
    mret: () => {
      if (state.getLow("mode") !== Mode.M) illegal();
      returnFromM(state);
      hart.interruptsChanged();
      return 0n;
    },
    sret: () => {
      requireS(hart, Status.TSR);
      returnFromS(state);
      hart.interruptsChanged();
      return 0n;
    },
    wfi: () => {
      requireS(hart, Status.TW);
      if ((state.getLow("mip") & state.getLow("mie")) !== 0) return 0n;
      state.setLow("waiting", 1);
      hart.requestExit();
      return 0n;
    },
    "sfence.vma": (word = 0n, address = 0n, asid = 0n) => {
      requireS(hart, Status.TVM);
      if (((word >> 15n) & 31n) !== 0n) hart.flushPage(address);
      else if (((word >> 20n) & 31n) !== 0n) hart.flushSpace(asid);
      else hart.flushTlbs();
      return 0n;
    },
    // Stores drop what was decoded from them, so instruction fetches are always coherent.
    "fence.i": () => 0n,
    illegal: (encoding = 0n) => {
      throw new GuestException(Cause.IllegalInstruction, encoding);
    },
  };
}

/** Illegal below S-mode, and in S-mode where mstatus has `trapBit` set (§3.1.6.5). */
function requireS({ state }: HelperHart, trapBit: number): void {
  const mode = state.getLow("mode");
  if (mode === Mode.U || (mode === Mode.S && state.getLow("mstatus") & trapBit)) illegal();
}

function ecall({ state, host, synchronise }: HelperHart): bigint {
  const mode = state.getLow("mode");
  if (mode === Mode.S && host.sbiCall) {
    synchronise();
    if (host.sbiCall()) return 0n;
  }
  const cause = mode === Mode.M ? Cause.EcallFromM : mode === Mode.S ? Cause.EcallFromS : Cause.EcallFromU;
  throw new GuestException(cause, 0n);
}
