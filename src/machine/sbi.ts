import type { ByteSource, ConsoleSink } from "#devices/device.ts";
import { InterruptBit, type HartFace } from "#hart/face.ts";
import type { GuestMemory } from "#memory/guest-memory.ts";
import type { StopReason } from "./face.ts";
import { PRINTED_AT_ONCE_MAX } from "./holding-sink.ts";

/** What the built-in SBI asks of the board. */
export interface SbiBoard {
  readonly memory: GuestMemory;
  readonly hart: HartFace;
  readonly consoleOutput: ConsoleSink;
  readonly consoleInput: ByteSource;
  /** The supervisor timer interrupt is to come at that mtime. */
  setTimer(time: bigint): void;
  stop(reason: StopReason): void;
  log(message: string): void;
}

const SPECIFICATION_VERSION = 2n << 24n;
/** Not in the registry of implementation ids: "TV". */
const IMPLEMENTATION_ID = 0x5456n;
const IMPLEMENTATION_VERSION = 1n;

/** Error codes, SBI §3. */
const SBI_SUCCESS = 0n;
const SBI_ERR_FAILED = -1n;
const SBI_ERR_NOT_SUPPORTED = -2n;
const SBI_ERR_INVALID_PARAM = -3n;
const SBI_ERR_ALREADY_AVAILABLE = -6n;

interface Result {
  readonly error: bigint;
  readonly value: bigint;
}

/** Arguments a0…a2, as unsigned 64-bit numbers, and the function id. */
type Extension = (sbi: Sbi, functionId: number, args: readonly bigint[]) => Result;

const A0 = 10;
const A1 = 11;
const A2 = 12;
const A6 = 16;
const A7 = 17;

/** The supervisor binary interface, version 2.0, for one hart: the machine's answer to an ecall from S-mode. */
export class Sbi {
  readonly board: SbiBoard;

  constructor(board: SbiBoard) {
    this.board = board;
  }

  /** Answers the call in the hart's registers: a7 extension, a6 function, a0…a2 arguments; error in a0, value in a1. */
  call(): void {
    const { hart } = this.board;
    const args = [hart.x(A0), hart.x(A1), hart.x(A2)];
    // Numbers, not bigints: a fence in a loop is looked up a million times a second.
    const extensionId = Number(hart.x(A7));
    const legacy = legacyCalls.get(extensionId);
    if (legacy) {
      hart.setX(A0, BigInt.asUintN(64, legacy(this, args)));
      return;
    }
    const functionId = Number(hart.x(A6) & 0xffff_ffffn);
    const { error, value } = extensions.get(extensionId)?.(this, functionId, args) ?? unsupported;
    hart.setX(A0, BigInt.asUintN(64, error));
    hart.setX(A1, value);
  }
}

const unsupported: Result = { error: SBI_ERR_NOT_SUPPORTED, value: 0n };

const succeeded: Result = { error: SBI_SUCCESS, value: 0n };

function success(value = 0n): Result {
  return value === 0n ? succeeded : { error: SBI_SUCCESS, value };
}

function failure(error: bigint): Result {
  return { error, value: 0n };
}

/** Base extension, §4. */
const base: Extension = (sbi, functionId, [argument]) => {
  switch (functionId) {
    case 0:
      return success(SPECIFICATION_VERSION);
    case 1:
      return success(IMPLEMENTATION_ID);
    case 2:
      return success(IMPLEMENTATION_VERSION);
    case 3:
      return success(extensions.has(Number(argument)) || legacyCalls.has(Number(argument)) ? 1n : 0n);
    // mvendorid, marchid and mimpid, as the hart has them.
    case 4:
      return success(sbi.board.hart.csr(0xf11));
    case 5:
      return success(sbi.board.hart.csr(0xf12));
    case 6:
      return success(sbi.board.hart.csr(0xf13));
    default:
      return unsupported;
  }
};

/** Timer extension, §6. */
const timer: Extension = (sbi, functionId, [time]) => {
  if (functionId !== 0) return unsupported;
  sbi.board.setTimer(time ?? 0n);
  return success();
};

/** Inter-processor interrupts, §7. */
const ipi: Extension = (sbi, functionId, [mask, maskBase]) => {
  if (functionId !== 0) return unsupported;
  const targets = targetsHartZero(mask, maskBase);
  if (targets === undefined) return failure(SBI_ERR_INVALID_PARAM);
  if (targets) sbi.board.hart.setInterruptPending(InterruptBit.SSIP, true);
  return success();
};

/** Remote fences, §8: with one hart they are its own. Stores drop what was decoded from them, so FENCE.I has nothing to do. */
const remoteFence: Extension = (sbi, functionId, [mask, maskBase]) => {
  // Functions 3 to 6 are for the hypervisor extension, which the hart does not have.
  if (functionId > 2) return unsupported;
  const targets = targetsHartZero(mask, maskBase);
  if (targets === undefined) return failure(SBI_ERR_INVALID_PARAM);
  if (targets && functionId > 0) sbi.board.hart.fence();
  return success();
};

/** Hart state management, §9. */
const hartState: Extension = (sbi, functionId, [argument]) => {
  switch (functionId) {
    case 0:
      return failure(argument === 0n ? SBI_ERR_ALREADY_AVAILABLE : SBI_ERR_INVALID_PARAM);
    case 1:
      sbi.board.log("The guest stopped its only hart.");
      sbi.board.stop({ type: "poweroff" });
      return failure(SBI_ERR_FAILED);
    case 2:
      return argument === 0n ? success(0n) : failure(SBI_ERR_INVALID_PARAM);
    // The default retentive suspend may resume at once; nothing deeper is there.
    case 3:
      return BigInt.asUintN(32, argument ?? 0n) === 0n ? success() : unsupported;
    default:
      return unsupported;
  }
};

/** System reset, §10. */
const systemReset: Extension = (sbi, functionId, [type, reason]) => {
  if (functionId !== 0) return unsupported;
  const resetType = BigInt.asUintN(32, type ?? 0n);
  const resetReason = BigInt.asUintN(32, reason ?? 0n);
  if (resetType > 2n || resetReason > 1n) return failure(SBI_ERR_INVALID_PARAM);
  if (resetReason === 1n) sbi.board.log("The guest asked for a reset because of a system failure.");
  sbi.board.stop(resetType === 0n ? { type: "poweroff" } : { type: "reboot" });
  return success();
};

/** Debug console, §12. Addresses come from the guest: only RAM is read or written. */
const debugConsole: Extension = (sbi, functionId, [first, low, high]) => {
  const { memory, consoleOutput, consoleInput } = sbi.board;
  if (functionId === 2) {
    consoleOutput.keep(Uint8Array.of(Number((first ?? 0n) & 0xffn)));
    return success();
  }
  if (functionId > 2) return unsupported;
  const range = ramRange(memory, first, low, high);
  if (!range) return failure(SBI_ERR_INVALID_PARAM);
  if (functionId === 1) return success(BigInt(readConsole(memory, range, consoleInput)));
  // Kernels print less, and some do not look how much was taken.
  const printed = Math.min(range.length, PRINTED_AT_ONCE_MAX);
  consoleOutput.keep(memory.read(range.address, printed));
  return success(BigInt(printed));
};

/** What the caller asked for, if all of it is RAM. */
function ramRange(
  memory: GuestMemory,
  length = 0n,
  low = 0n,
  high = 0n,
): { readonly address: number; readonly length: number } | undefined {
  if (high !== 0n || low > BigInt(Number.MAX_SAFE_INTEGER) || length > BigInt(memory.layout.ramBytes)) return undefined;
  const range = { address: Number(low), length: Number(length) };
  return memory.contains(range.address, range.length) ? range : undefined;
}

function readConsole(
  memory: GuestMemory,
  { address, length }: { readonly address: number; readonly length: number },
  input: ByteSource,
): number {
  const bytes: number[] = [];
  while (bytes.length < length) {
    const byte = input.read();
    if (byte < 0) break;
    bytes.push(byte);
  }
  memory.write(address, Uint8Array.from(bytes));
  return bytes.length;
}

/** Whether a hart mask means hart 0; undefined where it names a hart that does not exist. */
function targetsHartZero(mask = 0n, maskBase = 0n): boolean | undefined {
  if (maskBase === 0xffff_ffff_ffff_ffffn) return true;
  if (mask === 0n) return false;
  return maskBase === 0n && mask === 1n ? true : undefined;
}

/** By extension id: ASCII of their names. */
const extensions: ReadonlyMap<number, Extension> = new Map([
  [0x10, base],
  [0x5449_4d45, timer],
  [0x73_5049, ipi],
  [0x5246_4e43, remoteFence],
  [0x48_534d, hartState],
  [0x5352_5354, systemReset],
  [0x4442_434e, debugConsole],
]);

/** Legacy extensions, §5: what they answer goes to a0 alone. */
const legacyCalls: ReadonlyMap<number, (sbi: Sbi, args: readonly bigint[]) => bigint> = new Map([
  [
    0,
    (sbi: Sbi, [time]: readonly bigint[]) => {
      sbi.board.setTimer(time ?? 0n);
      return 0n;
    },
  ],
  [
    1,
    (sbi: Sbi, [byte]: readonly bigint[]) => {
      sbi.board.consoleOutput.keep(Uint8Array.of(Number((byte ?? 0n) & 0xffn)));
      return 0n;
    },
  ],
  [2, (sbi: Sbi) => BigInt(sbi.board.consoleInput.read())],
  [
    8,
    (sbi: Sbi) => {
      sbi.board.stop({ type: "poweroff" });
      return 0n;
    },
  ],
]);
