import { Cause } from "#riscv/engine.ts";
import type { FunctionBuilder, FunctionReference, Local } from "#wasm/function-builder.ts";
import type { ModuleBuilder } from "#wasm/module-builder.ts";
import {
  Counter,
  DECODED,
  DECODED_PAGE_BYTES,
  HartSlot,
  OPERATION_BYTES,
  PageFlag,
  RAM_BASE,
  TLB_ENTRIES,
  TLB_FETCH,
  TLB_READ,
  TLB_WRITE,
  type MemoryLayout,
} from "#memory/layout.ts";
import { MPP_SHIFT, Status } from "./status.ts";
import { PTE_RESERVED, Pte, SV39 } from "./translation.ts";

/** Where a decoded page counts the stores that hit it since something was last decoded there. */
export const STORES_SINCE_DECODE = 2050 * OPERATION_BYTES;
/** A code page written this often without being decoded again has become a data page. */
const STORES_TO_RELEASE = 64;

const READ = 0;
const WRITE = 1;
const FETCH = 2;
const PHYSICAL_PAGE_MASK = 0xfff_ffff_ffffn;
const PAGE_OFFSET = 0xfff;

/** What the slow paths ask of the host. */
export interface MemoryImports {
  /** (va, physical address, width) → value */
  readonly readDevice: FunctionReference;
  /** (va, physical address, width, value) */
  readonly writeDevice: FunctionReference;
  /** (RAM page number) → decoded page index, never 0 */
  readonly decodePage: FunctionReference;
  /** (RAM page number): it holds data now */
  readonly releasePage: FunctionReference;
}

/** The emitted slow paths. After each, a nonzero `exception` slot says that it faulted. */
export interface MemoryFunctions {
  /** (va, width) → value, zero-extended */
  readonly load: FunctionReference;
  /** (va, width, value) */
  readonly store: FunctionReference;
  /** (va): raises what an atomic store there would raise; devices take no atomics (Privileged ISA §3.6.3) */
  readonly probe: FunctionReference;
  /** (pc) → address of the decoded page that holds it, 0 on a fault */
  readonly fetch: FunctionReference;
}

export function importMemory(module: ModuleBuilder): MemoryImports {
  return {
    readDevice: module.import("readDevice", ["i64", "i64", "i32"], ["i64"]),
    writeDevice: module.import("writeDevice", ["i64", "i64", "i32", "i64"], []),
    decodePage: module.import("decodePage", ["i32"], ["i32"]),
    releasePage: module.import("releasePage", ["i32"], []),
  };
}

/** Leaves the address of `address`'s entry in a TLB whose context stands in `context` (i32), less the TLB's own base. */
export function pushTlbEntry(f: FunctionBuilder, address: Local, context: Local): void {
  f.get(address)
    .i64(8n)
    .op("i64.shr_u", "i32.wrap_i64")
    .i32((TLB_ENTRIES - 1) << 4)
    .op("i32.and");
  f.get(context).op("i32.add");
}

/** Emits page walk, TLB refill and the slow paths of load, store and fetch for one hart, as wasm functions. */
export function emitMemoryFunctions(
  module: ModuleBuilder,
  imports: MemoryImports,
  layout: MemoryLayout,
  hart: number,
): MemoryFunctions {
  const code = new MemoryCode(module, imports, layout, hart);
  return { load: code.load(), store: code.store(), probe: code.probe(), fetch: code.fetch() };
}

class MemoryCode {
  readonly #module: ModuleBuilder;
  readonly #imports: MemoryImports;
  readonly #layout: MemoryLayout;
  readonly #hart: number;
  readonly #walk: FunctionReference;

  constructor(module: ModuleBuilder, imports: MemoryImports, layout: MemoryLayout, hart: number) {
    this.#module = module;
    this.#imports = imports;
    this.#layout = layout;
    this.#hart = hart;
    this.#walk = this.#emitWalk();
  }

  /** (va, width) → value. Crossing a page, it reads byte by byte. */
  load(): FunctionReference {
    const load = this.#module.function(["i64", "i32"], ["i64"]);
    const f = load.body;
    const [va, width] = f.parameters as [Local, Local];
    const physical = f.local("i64");
    const offset = f.local("i64");
    const value = f.local("i64");
    const index = f.local("i32");
    this.#ifCrossing(f, va, width, () => {
      f.i64(0n).set(value).i32(0).set(index);
      f.loop((again) => {
        f.get(va).get(index).op("i64.extend_i32_u", "i64.add").i32(1).call(load);
        f.get(index).i32(3).op("i32.shl", "i64.extend_i32_u", "i64.shl");
        f.get(value).op("i64.or").set(value);
        this.#returnOnException(f, () => f.i64(0n));
        f.get(index).i32(1).op("i32.add").tee(index).get(width).op("i32.lt_u").brIf(again);
      });
      f.get(value).op("return");
    });
    this.#translate(f, va, READ, physical, () => f.i64(0n));
    this.#ramOffset(f, physical, offset);
    f.if(() => {
      this.#refill(f, va, offset, TLB_READ, HartSlot.dataContext);
      this.#host(f, offset, index);
      const loads = ["i64.load8_u", "i64.load16_u", "i64.load32_u", "i64.load"] as const;
      this.#byWidth(f, width, (n) =>
        f
          .get(index)
          .memory(loads[n] ?? "i64.load")
          .op("return"),
      );
    });
    f.get(va).get(physical).get(width).call(this.#imports.readDevice);
    return load;
  }

  /** (va, width, value). Crossing a page, it first makes sure that both pages can be written. */
  store(): FunctionReference {
    const store = this.#module.function(["i64", "i32", "i64"], []);
    const f = store.body;
    const [va, width, value] = f.parameters as [Local, Local, Local];
    const physical = f.local("i64");
    const offset = f.local("i64");
    const index = f.local("i32");
    this.#ifCrossing(f, va, width, () => {
      this.#translate(f, va, WRITE, physical);
      f.get(va).get(width).op("i64.extend_i32_u", "i64.add").i64(1n).op("i64.sub").i64(~0xfffn).op("i64.and");
      f.i32(WRITE).call(this.#walk).set(physical);
      this.#returnOnException(f);
      f.i32(0).set(index);
      f.loop((again) => {
        f.get(va).get(index).op("i64.extend_i32_u", "i64.add").i32(1);
        f.get(value).get(index).i32(3).op("i32.shl", "i64.extend_i32_u", "i64.shr_u").call(store);
        f.get(index).i32(1).op("i32.add").tee(index).get(width).op("i32.lt_u").brIf(again);
      });
      f.op("return");
    });
    this.#translate(f, va, WRITE, physical);
    this.#ramOffset(f, physical, offset);
    f.if(() => {
      this.#beforeStore(f, va, offset, width);
      this.#host(f, offset, index);
      const stores = ["i64.store8", "i64.store16", "i64.store32", "i64.store"] as const;
      this.#byWidth(f, width, (n) =>
        f
          .get(index)
          .get(value)
          .memory(stores[n] ?? "i64.store")
          .op("return"),
      );
    });
    f.get(va).get(physical).get(width).get(value).call(this.#imports.writeDevice);
    return store;
  }

  probe(): FunctionReference {
    const probe = this.#module.function(["i64"], []);
    const f = probe.body;
    const [va] = f.parameters as [Local];
    const physical = f.local("i64");
    const offset = f.local("i64");
    this.#translate(f, va, WRITE, physical);
    this.#ramOffset(f, physical, offset);
    f.op("i32.eqz").if(() => this.#raise(f, () => f.i32(Cause.StoreAccessFault), va));
    return probe;
  }

  /** (pc) → decoded page. */
  fetch(): FunctionReference {
    const fetch = this.#module.function(["i64"], ["i32"]);
    const f = fetch.body;
    const [pc] = f.parameters as [Local];
    const physical = f.local("i64");
    const offset = f.local("i64");
    const page = f.local("i32");
    const decoded = f.local("i32");
    const context = f.local("i32");
    this.#translate(f, pc, FETCH, physical, () => f.i32(0));
    this.#ramOffset(f, physical, offset);
    f.op("i32.eqz").if(() => {
      this.#raise(f, () => f.i32(Cause.InstructionAccessFault), pc);
      f.i32(0).op("return");
    });
    f.get(offset).i64(12n).op("i64.shr_u", "i32.wrap_i64").set(page);
    f.get(page).i32(2).op("i32.shl").memory("i32.load", this.#layout.decodedIndex).set(decoded);
    f.get(decoded)
      .op("i32.eqz")
      .if(() => f.get(page).call(this.#imports.decodePage).set(decoded));
    f.get(decoded).i32(DECODED_PAGE_BYTES).op("i32.mul").i32(DECODED).op("i32.add").set(decoded);
    this.#slot(f, "i32.load", HartSlot.fetchContext).set(context);
    pushTlbEntry(f, pc, context);
    f.tee(page).get(pc).i64(~0xfffn).op("i64.and").memory("i64.store", TLB_FETCH);
    f.get(page)
      .get(decoded)
      .memory("i32.store", TLB_FETCH + 8);
    f.get(decoded);
    return fetch;
  }

  /** (va, access) → physical address: `translate` of translation.ts, in WebAssembly. */
  #emitWalk(): FunctionReference {
    const walk = this.#module.function(["i64", "i32"], ["i64"]);
    const f = walk.body;
    const [va, access] = f.parameters as [Local, Local];
    const mode = f.local("i32");
    const status = f.local("i32");
    const table = f.local("i64");
    const entry = f.local("i64");
    const shift = f.local("i64");
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
        this.#loadEntry(f, va, access, table, shift, entry);
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
      f.get(shift)
        .i64(12n)
        .op("i64.ne")
        .if(() => this.#noteSuperpage(f, va, shift));
      this.#leafAddress(f, va, entry, shift, fault);
      f.op("return");
    });
    this.#raise(
      f,
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

  #loadEntry(f: FunctionBuilder, va: Local, access: Local, table: Local, shift: Local, entry: Local): void {
    f.get(va).get(shift).op("i64.shr_u").i64(0x1ffn).op("i64.and").i64(3n).op("i64.shl");
    f.get(table).op("i64.add").i64(BigInt(RAM_BASE)).op("i64.sub").tee(entry);
    f.i64(BigInt(this.#layout.ramBytes - 8))
      .op("i64.gt_u")
      .if(() => {
        this.#raise(
          f,
          () => pushCause(f, access, Cause.LoadAccessFault, Cause.StoreAccessFault, Cause.InstructionAccessFault),
          va,
        );
        f.i64(0n).op("return");
      });
    f.get(entry).op("i32.wrap_i64").i32(this.#layout.ram).op("i32.add").memory("i64.load").set(entry);
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
    // A clear: fault (Svade). A store wants D as well.
    const need = f.local("i32");
    f.i32(Pte.A | Pte.W | Pte.D)
      .i32(Pte.A | Pte.X)
      .get(access)
      .i32(WRITE)
      .op("i32.eq", "select")
      .set(need);
    f.get(access)
      .op("i32.eqz")
      .if(() => {
        f.i32(Pte.A | Pte.R).set(need);
        // MXR makes executable pages readable.
        f.get(status)
          .i32(Status.MXR)
          .op("i32.and")
          .if(() => {
            f.get(bits)
              .i32(Pte.X)
              .op("i32.and")
              .if(() => f.i32(Pte.A).set(need));
          });
      });
    f.get(bits).get(need).op("i32.and").get(need).op("i32.ne").brIf(fault);
  }

  /** Widens the range of addresses whose TLB entries a fence for one page must take for parts of a superpage. */
  #noteSuperpage(f: FunctionBuilder, va: Local, shift: Local): void {
    const range = f.local("i32");
    const low = f.local("i64");
    const high = f.local("i64");
    f.i32(0).i32(16).get(va).i64(0n).op("i64.ge_s", "select").set(range);
    f.get(va).get(shift).op("i64.shr_u").get(shift).op("i64.shl").set(low);
    f.get(low).i64(1n).get(shift).op("i64.shl", "i64.add").i64(1n).op("i64.sub").set(high);
    const at = this.#hart + HartSlot.superpages;
    f.get(low)
      .get(range)
      .memory("i64.load", at)
      .op("i64.lt_u")
      .if(() => f.get(range).get(low).memory("i64.store", at));
    f.get(high)
      .get(range)
      .memory("i64.load", at + 8)
      .op("i64.gt_u")
      .if(() =>
        f
          .get(range)
          .get(high)
          .memory("i64.store", at + 8),
      );
  }

  #leafAddress(f: FunctionBuilder, va: Local, entry: Local, shift: Local, fault: { depth: number }): void {
    const mask = f.local("i64");
    f.i64(1n).get(shift).i64(12n).op("i64.sub", "i64.shl").i64(1n).op("i64.sub").set(mask);
    pushPage(f, entry).get(mask).op("i64.and").i64(0n).op("i64.ne").brIf(fault);
    f.get(va).i64(12n).op("i64.shr_u").get(mask).op("i64.and");
    pushPage(f, entry).op("i64.or").i64(12n).op("i64.shl");
    f.get(va).i64(0xfffn).op("i64.and", "i64.or");
  }

  /** Before RAM at `offset` changes: marks the page dirty, and either opens it in the write TLB or drops the code there. */
  #beforeStore(f: FunctionBuilder, va: Local, offset: Local, width: Local): void {
    const page = f.local("i32");
    const flags = f.local("i32");
    f.get(offset).i64(12n).op("i64.shr_u", "i32.wrap_i64").set(page);
    f.get(page).memory("i32.load8_u", this.#layout.pageFlags).set(flags);
    f.get(page).get(flags).i32(PageFlag.dirty).op("i32.or").memory("i32.store8", this.#layout.pageFlags);
    f.get(flags)
      .i32(PageFlag.code)
      .op("i32.and")
      .if(
        () => this.#dropOperations(f, page, offset, width),
        () => this.#refill(f, va, offset, TLB_WRITE, HartSlot.dataContext),
      );
  }

  /** Forgets the operations that the bytes about to be stored belong to: from one halfword before the first. */
  #dropOperations(f: FunctionBuilder, page: Local, offset: Local, width: Local): void {
    const decoded = f.local("i32");
    const at = f.local("i32");
    const end = f.local("i32");
    const count = f.local("i32");
    f.get(page).i32(2).op("i32.shl").memory("i32.load", this.#layout.decodedIndex);
    f.i32(DECODED_PAGE_BYTES).op("i32.mul").i32(DECODED).op("i32.add").set(decoded);
    f.get(offset).op("i32.wrap_i64").i32(PAGE_OFFSET).op("i32.and").set(at);
    // Operation n stands at 8 n and decodes from byte 2 n: 4 bytes of decoded page a byte.
    f.get(at).get(width).op("i32.add").i32(1).op("i32.add").i32(1).op("i32.shr_u").i32(3).op("i32.shl");
    f.get(decoded).op("i32.add").set(end);
    f.get(at)
      .i32(2)
      .op("i32.sub")
      .i32(0)
      .get(at)
      .i32(2)
      .op("i32.ge_u", "select")
      .i32(1)
      .op("i32.shr_u")
      .i32(3)
      .op("i32.shl");
    f.get(decoded).op("i32.add").set(at);
    f.loop((again) => {
      f.get(at).i64(0n).memory("i64.store");
      f.get(at).i32(8).op("i32.add").tee(at).get(end).op("i32.lt_u").brIf(again);
    });
    f.get(decoded).get(decoded).memory("i32.load", STORES_SINCE_DECODE).i32(1).op("i32.add").tee(count);
    f.memory("i32.store", STORES_SINCE_DECODE);
    f.get(count)
      .i32(STORES_TO_RELEASE)
      .op("i32.gt_u")
      .if(() => f.get(page).call(this.#imports.releasePage));
  }

  #refill(f: FunctionBuilder, va: Local, offset: Local, tlb: number, contextSlot: number): void {
    const entry = f.local("i32");
    this.#slot(f, "i32.load", contextSlot).set(entry);
    pushTlbEntry(f, va, entry);
    f.set(entry);
    f.get(entry).get(va).i64(~0xfffn).op("i64.and").memory("i64.store", tlb);
    f.get(entry).get(offset).op("i32.wrap_i64").i32(~PAGE_OFFSET).op("i32.and").i32(this.#layout.ram).op("i32.add");
    f.memory("i32.store", tlb + 8);
    this.#count(f, Counter.tlbMisses);
  }

  #translate(f: FunctionBuilder, va: Local, access: number, physical: Local, result?: () => void): void {
    f.get(va).i32(access).call(this.#walk).set(physical);
    this.#returnOnException(f, result);
  }

  /** Leaves whether the physical address is in RAM, and sets its offset there. */
  #ramOffset(f: FunctionBuilder, physical: Local, offset: Local): void {
    f.get(physical).i64(BigInt(RAM_BASE)).op("i64.sub").tee(offset);
    f.i64(BigInt(this.#layout.ramBytes)).op("i64.lt_u");
  }

  #host(f: FunctionBuilder, offset: Local, address: Local): void {
    f.get(offset).op("i32.wrap_i64").i32(this.#layout.ram).op("i32.add").set(address);
  }

  #ifCrossing(f: FunctionBuilder, va: Local, width: Local, body: () => void): void {
    f.get(va)
      .op("i32.wrap_i64")
      .i32(PAGE_OFFSET)
      .op("i32.and")
      .get(width)
      .op("i32.add")
      .i32(PAGE_OFFSET + 1);
    f.op("i32.gt_u").if(body);
  }

  #byWidth(f: FunctionBuilder, width: Local, body: (log2: number) => void): void {
    for (const [log2, bytes] of [1, 2, 4].entries())
      f.get(width)
        .i32(bytes)
        .op("i32.eq")
        .if(() => body(log2));
    body(3);
  }

  #returnOnException(f: FunctionBuilder, result?: () => void): void {
    this.#slot(f, "i32.load", HartSlot.exception).if(() => {
      result?.();
      f.op("return");
    });
  }

  #raise(f: FunctionBuilder, cause: () => void, value: Local): void {
    f.i32(0);
    cause();
    f.i32(1)
      .op("i32.add")
      .memory("i32.store", this.#hart + HartSlot.exception);
    f.i32(0)
      .get(value)
      .memory("i64.store", this.#hart + HartSlot.exceptionValue);
  }

  #count(f: FunctionBuilder, counter: number): void {
    const address = this.#hart + HartSlot.counters + counter;
    f.i32(0).i32(0).memory("i64.load", address).i64(1n).op("i64.add").memory("i64.store", address);
  }

  #slot(f: FunctionBuilder, load: "i32.load" | "i64.load", slot: number): FunctionBuilder {
    return f.i32(0).memory(load, this.#hart + slot);
  }
}

function pushPage(f: FunctionBuilder, entry: Local): FunctionBuilder {
  return f.get(entry).i64(10n).op("i64.shr_u").i64(PHYSICAL_PAGE_MASK).op("i64.and");
}

function pushCause(f: FunctionBuilder, access: Local, read: number, write: number, fetch: number): void {
  f.i32(read).i32(write).i32(fetch).get(access).i32(WRITE).op("i32.eq", "select").get(access).op("i32.eqz", "select");
}
