import { Cause } from "#riscv/engine.ts";
import type { FunctionBuilder, FunctionReference, Local } from "#wasm/function-builder.ts";
import type { ModuleBuilder } from "#wasm/module-builder.ts";
import { HartSlot, RAM_BASE, type MemoryLayout } from "#memory/layout.ts";
import { emitBeforeStore, type RamStore } from "./code-store-code.ts";
import { emitRaise, pushSlot } from "./slot-code.ts";
import { MPP_SHIFT, Status } from "#hart/state/status.ts";
import { ADUE, PTE_RESERVED, Pte, SV39 } from "#hart/translation/translation.ts";

/** The kinds of access that the walk tells apart. */
export const READ = 0;
export const WRITE = 1;
export const FETCH = 2;

const PHYSICAL_PAGE_MASK = 0xfff_ffff_ffffn;

/**
 * Emits the page walk: (va, access) → physical address, or the `exception` slot set. With `imports` it sets A and D where
 * menvcfg.ADUE says so; without, it changes nothing, and an entry that would change is a fault.
 */
export function emitWalk(
  module: ModuleBuilder,
  layout: MemoryLayout,
  hart: number,
  imports?: RamStore["imports"],
): FunctionReference {
  return new WalkCode(module, layout, hart, imports).emit();
}

class WalkCode {
  readonly #module: ModuleBuilder;
  readonly #layout: MemoryLayout;
  readonly #hart: number;
  readonly #imports: RamStore["imports"] | undefined;

  constructor(module: ModuleBuilder, layout: MemoryLayout, hart: number, imports: RamStore["imports"] | undefined) {
    this.#module = module;
    this.#layout = layout;
    this.#hart = hart;
    this.#imports = imports;
  }

  /** (va, access) → physical address: `translate` of translation.ts, in WebAssembly. */
  emit(): FunctionReference {
    const walk = this.#module.function(["i64", "i32"], ["i64"]);
    const f = walk.body;
    const [va, access] = f.parameters as [Local, Local];
    const mode = f.local("i32");
    const status = f.local("i32");
    const table = f.local("i64");
    const entry = f.local("i64");
    const shift = f.local("i64");
    const place = f.local("i64");
    this.#effectiveMode(f, access, mode, status);
    this.#slot(f, "i64.load", HartSlot.satp).tee(table).i64(60n).op("i64.shr_u").i64(SV39).op("i64.ne");
    f.get(mode)
      .i32(3)
      .op("i32.eq", "i32.or")
      .if(() => f.get(va).op("return"));
    f.block((fault) => {
      f.get(va).i64(25n).op("i64.shl").i64(25n).op("i64.shr_s").get(va).op("i64.ne").brIf(fault);
      f.get(table).i64(PHYSICAL_PAGE_MASK).op("i64.and").i64(12n).op("i64.shl").set(table);
      f.i64(30n).set(shift);
      f.loop((next) => {
        this.#loadEntry(f, va, access, { table, shift, entry, place });
        // Not valid, or writable without being readable, or reserved bits.
        f.get(entry).i64(BigInt(Pte.V)).op("i64.and", "i64.eqz").brIf(fault);
        f.get(entry)
          .i64(BigInt(Pte.R | Pte.W))
          .op("i64.and")
          .i64(BigInt(Pte.W))
          .op("i64.eq")
          .brIf(fault);
        f.get(entry).i64(PTE_RESERVED).op("i64.and").i64(0n).op("i64.ne").brIf(fault);
        f.get(entry)
          .i64(BigInt(Pte.R | Pte.X))
          .op("i64.and", "i64.eqz")
          .if(() => {
            f.get(entry)
              .i64(BigInt(Pte.A | Pte.D | Pte.U))
              .op("i64.and")
              .i64(0n)
              .op("i64.ne")
              .brIf(fault);
            pushPage(f, entry).i64(12n).op("i64.shl").set(table);
            f.get(shift).i64(9n).op("i64.sub").tee(shift).i64(12n).op("i64.ge_u").brIf(next);
            f.br(fault);
          });
      });
      this.#checkPermissions(f, { access, mode, status, entry }, fault);
      const mask = this.#checkAlignment(f, shift, entry, fault);
      this.#setUsed(f, { access, entry, place }, fault);
      f.get(shift)
        .i64(12n)
        .op("i64.ne")
        .if(() => this.#noteSuperpage(f, va));
      this.#noteLocal(f, { access, mode, status, entry });
      this.#leafAddress(f, va, entry, mask);
      f.op("return");
    });
    emitRaise(
      f,
      this.#hart,
      () => pushCause(f, access, Cause.LoadPageFault, Cause.StorePageFault, Cause.InstructionPageFault),
      va,
    );
    f.i64(0n);
    return walk;
  }

  #effectiveMode(f: FunctionBuilder, access: Local, mode: Local, status: Local): void {
    this.#slot(f, "i32.load", HartSlot.mode).set(mode);
    this.#slot(f, "i32.load", HartSlot.mstatus).set(status);
    f.get(access).i32(FETCH).op("i32.ne").get(mode).i32(3).op("i32.eq", "i32.and");
    f.get(status)
      .i32(Status.MPRV)
      .op("i32.and")
      .i32(0)
      .op("i32.ne", "i32.and")
      .if(() => {
        f.get(status).i32(MPP_SHIFT).op("i32.shr_u").i32(3).op("i32.and").set(mode);
      });
  }

  /** `place`: where in RAM the entry stands. */
  #loadEntry(
    f: FunctionBuilder,
    va: Local,
    access: Local,
    { table, shift, entry, place }: Readonly<Record<"table" | "shift" | "entry" | "place", Local>>,
  ): void {
    f.get(va).get(shift).op("i64.shr_u").i64(0x1ffn).op("i64.and").i64(3n).op("i64.shl");
    f.get(table).op("i64.add").i64(BigInt(RAM_BASE)).op("i64.sub").tee(place);
    f.i64(BigInt(this.#layout.ramBytes - 8))
      .op("i64.gt_u")
      .if(() => {
        emitRaise(
          f,
          this.#hart,
          () => pushCause(f, access, Cause.LoadAccessFault, Cause.StoreAccessFault, Cause.InstructionAccessFault),
          va,
        );
        f.i64(0n).op("return");
      });
    f.get(place).op("i32.wrap_i64").i32(this.#layout.ram).op("i32.add").memory("i64.load").set(entry);
  }

  #checkPermissions(
    f: FunctionBuilder,
    walk: Readonly<Record<"access" | "mode" | "status" | "entry", Local>>,
    fault: { depth: number },
  ): void {
    const { access, mode, status, entry } = walk;
    const bits = f.local("i32");
    f.get(entry).op("i32.wrap_i64").set(bits);
    f.get(bits)
      .i32(Pte.U)
      .op("i32.and")
      .if(
        () => {
          f.get(status).i32(Status.SUM).op("i32.and", "i32.eqz").get(access).i32(FETCH).op("i32.eq", "i32.or");
          f.get(mode).i32(1).op("i32.eq", "i32.and").brIf(fault);
        },
        () => f.get(mode).op("i32.eqz").brIf(fault),
      );
    const need = f.local("i32");
    f.i32(Pte.W).i32(Pte.X).get(access).i32(WRITE).op("i32.eq", "select").set(need);
    f.get(access)
      .op("i32.eqz")
      .if(() => {
        f.i32(Pte.R).set(need);
        // MXR makes executable pages readable.
        f.get(status)
          .i32(Status.MXR)
          .op("i32.and")
          .if(() => {
            f.get(bits)
              .i32(Pte.X)
              .op("i32.and")
              .if(() => f.i32(0).set(need));
          });
      });
    f.get(bits).get(need).op("i32.and").get(need).op("i32.ne").brIf(fault);
  }

  /** A fence for one page of this GiB must take its TLB entries for parts of a superpage. */
  #noteSuperpage(f: FunctionBuilder, va: Local): void {
    f.i32(0);
    this.#slot(f, "i64.load", HartSlot.superpages);
    f.i64(1n).get(va).i64(30n).op("i64.shr_u", "i64.shl", "i64.or");
    f.memory("i64.store", this.#hart + HartSlot.superpages);
  }

  /** The supervisor TLB outlives a change of address space unless it holds what is not global. */
  #noteLocal(f: FunctionBuilder, walk: Readonly<Record<"access" | "mode" | "status" | "entry", Local>>): void {
    const { access, mode, status, entry } = walk;
    f.get(entry).i64(BigInt(Pte.G)).op("i64.and", "i64.eqz").get(mode).i32(1).op("i32.eq", "i32.and");
    // Loads and stores with SUM go to the address space's own.
    f.get(status).i32(Status.SUM).op("i32.and", "i32.eqz").get(access).i32(FETCH).op("i32.eq", "i32.or", "i32.and");
    f.if(() =>
      f
        .i32(0)
        .i32(1)
        .memory("i32.store", this.#hart + HartSlot.supervisorLocal),
    );
  }

  /** A superpage begins at a multiple of its size. Gives the page numbers within one. */
  #checkAlignment(f: FunctionBuilder, shift: Local, entry: Local, fault: { depth: number }): Local {
    const mask = f.local("i64");
    f.i64(1n).get(shift).i64(12n).op("i64.sub", "i64.shl").i64(1n).op("i64.sub").set(mask);
    pushPage(f, entry).get(mask).op("i64.and").i64(0n).op("i64.ne").brIf(fault);
    return mask;
  }

  /** A, and D for a store, are set or the access faults. There is one hart: nobody else changes the entry meanwhile. */
  #setUsed(
    f: FunctionBuilder,
    { access, entry, place }: Readonly<Record<"access" | "entry" | "place", Local>>,
    fault: { depth: number },
  ): void {
    const used = f.local("i64");
    f.i64(BigInt(Pte.A | Pte.D))
      .i64(BigInt(Pte.A))
      .get(access)
      .i32(WRITE)
      .op("i32.eq", "select")
      .get(entry)
      .op("i64.or")
      .tee(used);
    f.get(entry)
      .op("i64.ne")
      .if(() => {
        const imports = this.#imports;
        if (!imports) {
          f.br(fault);
          return;
        }
        this.#slot(f, "i64.load", HartSlot.menvcfg).i64(ADUE).op("i64.and", "i64.eqz").brIf(fault);
        const width = f.local("i32");
        f.i32(8).set(width);
        emitBeforeStore(f, { imports, layout: this.#layout, offset: place, width });
        f.get(place).op("i32.wrap_i64").i32(this.#layout.ram).op("i32.add").get(used).memory("i64.store");
      });
  }

  #leafAddress(f: FunctionBuilder, va: Local, entry: Local, mask: Local): void {
    f.get(va).i64(12n).op("i64.shr_u").get(mask).op("i64.and");
    pushPage(f, entry).op("i64.or").i64(12n).op("i64.shl");
    f.get(va).i64(0xfffn).op("i64.and", "i64.or");
  }

  #slot(f: FunctionBuilder, load: "i32.load" | "i64.load", slot: number): FunctionBuilder {
    return pushSlot(f, this.#hart, load, slot);
  }
}

function pushPage(f: FunctionBuilder, entry: Local): FunctionBuilder {
  return f.get(entry).i64(10n).op("i64.shr_u").i64(PHYSICAL_PAGE_MASK).op("i64.and");
}

function pushCause(f: FunctionBuilder, access: Local, read: number, write: number, fetch: number): void {
  f.i32(read).i32(write).i32(fetch).get(access).i32(WRITE).op("i32.eq", "select").get(access).op("i32.eqz", "select");
}
