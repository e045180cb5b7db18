/** A register operand as an engine holds it: a number in one that executes, a field selector in one that emits. Semantics only pass it on. */
export type Register = number & { readonly brand?: "register" };

/** An immediate operand as an engine holds it; already sign-extended to 64 bits by the decoder. Semantics only pass it on. */
export type Immediate = number & { readonly brand?: "immediate" };

/** Bytes of one memory access. */
export type AccessWidth = 1 | 2 | 4 | 8;

/** Exception causes, Privileged ISA §3.1.15 (mcause). */
export const Cause = {
  InstructionMisaligned: 0,
  InstructionAccessFault: 1,
  IllegalInstruction: 2,
  Breakpoint: 3,
  LoadMisaligned: 4,
  LoadAccessFault: 5,
  StoreMisaligned: 6,
  StoreAccessFault: 7,
  EcallFromU: 8,
  EcallFromS: 9,
  EcallFromM: 11,
  InstructionPageFault: 12,
  LoadPageFault: 13,
  StorePageFault: 15,
} as const;

/** What `call` can ask for: operations too large or too stateful for the vocabulary. See `hart/helpers.ts`. */
export type HelperName = FloatHelper | SystemHelper;

/**
 * Floating-point operations, each `(…operands, rm) → result`, over raw 64-bit register contents (singles NaN-boxed),
 * accruing flags in fcsr. Operations that do not round take no rm. `rm` is an engine value holding the instruction's
 * rm field (7 = dynamic).
 */
export type FloatHelper =
  | `f${"add" | "sub" | "mul" | "div" | "sqrt" | "madd"}.${"s" | "d"}`
  | `f${"min" | "max" | "eq" | "lt" | "le" | "class"}.${"s" | "d"}`
  | `fcvt.${"w" | "wu" | "l" | "lu"}.${"s" | "d"}`
  | `fcvt.${"s" | "d"}.${"w" | "wu" | "l" | "lu"}`
  | "fcvt.s.d"
  | "fcvt.d.s";

/** Helpers that read or change the hart beyond its registers. They may raise an exception or change mode, pc or address space. */
export type SystemHelper =
  | "csr" /* (instruction word, rs1 value) → old value */
  | "ecall"
  | "ebreak"
  | "mret"
  | "sret"
  | "wfi"
  | "sfence.vma" /* (instruction word, rs1 value, rs2 value) */
  | "fence.i"
  | "illegal"; /* (instruction word) */

/**
 * What semantics may do with guest values. `V` is how an engine holds one 64-bit value: a bigint in the evaluator
 * (always kept as its unsigned 64-bit form), a WebAssembly local in an emitter. There is no `if` on guest values: only `select`,
 * `branchIf` and `call`. Comparisons yield 0 or 1. Shift amounts use their low 6 bits.
 *
 * Order of effects is the order of calls. A `load` or `store` that faults ends the instruction: nothing after it happens.
 */
export interface Engine<V> {
  /** A value known when the semantics is written, two's complement. */
  constant(value: bigint): V;
  /** The instruction's immediate as a value. */
  immediate(imm: Immediate): V;
  /** The address of this instruction. */
  pc(): V;
  /** The address of the next instruction in memory: pc + 2 or pc + 4. */
  nextPc(): V;

  readX(register: Register): V;
  writeX(register: Register, value: V): void;
  /** Raw 64 bits of an f register. */
  readF(register: Register): V;
  writeF(register: Register, value: V): void;
  /** The single in an f register: its low 32 bits zero-extended, or the canonical NaN 0x7fc00000 when not NaN-boxed (F §11.2). */
  readF32(register: Register): V;
  /** Writes the low 32 bits NaN-boxed. */
  writeF32(register: Register, value: V): void;
  /** Raises illegal-instruction when mstatus.FS is Off; otherwise makes it Dirty. First word of every F/D instruction. */
  useFloat(): void;

  add(a: V, b: V): V;
  sub(a: V, b: V): V;
  and(a: V, b: V): V;
  or(a: V, b: V): V;
  xor(a: V, b: V): V;
  shiftLeft(a: V, amount: V): V;
  shiftRightLogical(a: V, amount: V): V;
  shiftRightArithmetic(a: V, amount: V): V;
  mul(a: V, b: V): V;
  /** Upper 64 bits of the 128-bit product. */
  mulHigh(a: V, b: V): V;
  mulHighUnsigned(a: V, b: V): V;
  mulHighSignedUnsigned(a: V, b: V): V;
  /** Division with RISC-V's results for a zero divisor and for overflow (M §7.2). */
  div(a: V, b: V): V;
  divUnsigned(a: V, b: V): V;
  rem(a: V, b: V): V;
  remUnsigned(a: V, b: V): V;

  equal(a: V, b: V): V;
  notEqual(a: V, b: V): V;
  lessThan(a: V, b: V): V;
  lessThanUnsigned(a: V, b: V): V;
  greaterOrEqual(a: V, b: V): V;
  greaterOrEqualUnsigned(a: V, b: V): V;
  /** a where condition ≠ 0, else b; both are computed. */
  select(condition: V, a: V, b: V): V;

  /** The low `bits` bits, sign- or zero-extended to 64. */
  signExtend(bits: 8 | 16 | 32, a: V): V;
  zeroExtend(bits: 8 | 16 | 32, a: V): V;

  /** Zero-extended load; misaligned addresses work. */
  load(width: AccessWidth, address: V): V;
  store(width: AccessWidth, address: V, value: V): void;
  /** For LR/SC and AMO: raises store/AMO misaligned (load misaligned when `kind` is "load") unless aligned to `width`. */
  requireAligned(width: 4 | 8, address: V, kind: "load" | "store"): void;
  /** Raises the fault that a store to `address` would raise, without storing: an AMO faults as a store, before it loads. */
  probeStore(width: 4 | 8, address: V): void;
  /** LR: remembers the address and the value loaded. */
  reserve(address: V, loaded: V): void;
  /**
   * SC: ends the reservation. Where it still stood for `address` (the memory there still holds what LR loaded),
   * stores and yields 0, else yields 1. The store's fault, when it may happen, comes first.
   */
  storeConditional(width: 4 | 8, address: V, value: V): V;

  /** Continue at pc + offset where condition ≠ 0. Ends the instruction. */
  branchIf(condition: V, offset: Immediate): void;
  /** Continue at pc + offset. Ends the instruction. */
  jump(offset: Immediate): void;
  /** Continue at an address computed at run time; its bit 0 is already clear. Ends the instruction. */
  jumpTo(address: V): void;

  /** A helper function's result (0 where it has none). */
  call(helper: HelperName, ...args: readonly V[]): V;
}
