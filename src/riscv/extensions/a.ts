import type { Engine } from "#riscv/engine.ts";
import type { InstructionTable, Semantics } from "#riscv/instruction.ts";
import type { Binary } from "./shapes.ts";

/** Words are sign-extended as they come from memory or a register; doublewords are as they are. */
function extend<V>(e: Engine<V>, width: 4 | 8, a: V): V {
  return width === 4 ? e.signExtend(32, a) : a;
}

function amo(width: 4 | 8, op: Binary): Semantics {
  return (e, { rd, rs1, rs2 }) => {
    const address = e.readX(rs1);
    const operand = extend(e, width, e.readX(rs2));
    e.requireAligned(width, address, "store");
    e.probeStore(width, address);
    const old = extend(e, width, e.load(width, address));
    e.store(width, address, op(e, old, operand));
    e.writeX(rd, old);
  };
}

function loadReserved(width: 4 | 8): Semantics {
  return (e, { rd, rs1 }) => {
    const address = e.readX(rs1);
    e.requireAligned(width, address, "load");
    const loaded = e.load(width, address);
    e.reserve(address, loaded);
    e.writeX(rd, extend(e, width, loaded));
  };
}

function storeConditional(width: 4 | 8): Semantics {
  return (e, { rd, rs1, rs2 }) => {
    const address = e.readX(rs1);
    e.requireAligned(width, address, "store");
    e.writeX(rd, e.storeConditional(width, address, e.readX(rs2)));
  };
}

const swap: Binary = (_, __, b) => b;
const add: Binary = (e, a, b) => e.add(a, b);
const xor: Binary = (e, a, b) => e.xor(a, b);
const and: Binary = (e, a, b) => e.and(a, b);
const or: Binary = (e, a, b) => e.or(a, b);
const min: Binary = (e, a, b) => e.select(e.lessThan(a, b), a, b);
const max: Binary = (e, a, b) => e.select(e.lessThan(a, b), b, a);
const minu: Binary = (e, a, b) => e.select(e.lessThanUnsigned(a, b), a, b);
const maxu: Binary = (e, a, b) => e.select(e.lessThanUnsigned(a, b), b, a);

/** Atomics, Unprivileged ISA §13. The aq and rl bits ask for nothing that one order of memory does not give already. */
export const a = {
  "lr.w": { match: 0x1000202f, mask: 0xf9f0707f, format: "amo", execute: loadReserved(4) },
  "sc.w": { match: 0x1800202f, mask: 0xf800707f, format: "amo", execute: storeConditional(4) },
  "amoswap.w": { match: 0x0800202f, mask: 0xf800707f, format: "amo", execute: amo(4, swap) },
  "amoadd.w": { match: 0x0000202f, mask: 0xf800707f, format: "amo", execute: amo(4, add) },
  "amoxor.w": { match: 0x2000202f, mask: 0xf800707f, format: "amo", execute: amo(4, xor) },
  "amoand.w": { match: 0x6000202f, mask: 0xf800707f, format: "amo", execute: amo(4, and) },
  "amoor.w": { match: 0x4000202f, mask: 0xf800707f, format: "amo", execute: amo(4, or) },
  "amomin.w": { match: 0x8000202f, mask: 0xf800707f, format: "amo", execute: amo(4, min) },
  "amomax.w": { match: 0xa000202f, mask: 0xf800707f, format: "amo", execute: amo(4, max) },
  "amominu.w": { match: 0xc000202f, mask: 0xf800707f, format: "amo", execute: amo(4, minu) },
  "amomaxu.w": { match: 0xe000202f, mask: 0xf800707f, format: "amo", execute: amo(4, maxu) },

  "lr.d": { match: 0x1000302f, mask: 0xf9f0707f, format: "amo", execute: loadReserved(8) },
  "sc.d": { match: 0x1800302f, mask: 0xf800707f, format: "amo", execute: storeConditional(8) },
  "amoswap.d": { match: 0x0800302f, mask: 0xf800707f, format: "amo", execute: amo(8, swap) },
  "amoadd.d": { match: 0x0000302f, mask: 0xf800707f, format: "amo", execute: amo(8, add) },
  "amoxor.d": { match: 0x2000302f, mask: 0xf800707f, format: "amo", execute: amo(8, xor) },
  "amoand.d": { match: 0x6000302f, mask: 0xf800707f, format: "amo", execute: amo(8, and) },
  "amoor.d": { match: 0x4000302f, mask: 0xf800707f, format: "amo", execute: amo(8, or) },
  "amomin.d": { match: 0x8000302f, mask: 0xf800707f, format: "amo", execute: amo(8, min) },
  "amomax.d": { match: 0xa000302f, mask: 0xf800707f, format: "amo", execute: amo(8, max) },
  "amominu.d": { match: 0xc000302f, mask: 0xf800707f, format: "amo", execute: amo(8, minu) },
  "amomaxu.d": { match: 0xe000302f, mask: 0xf800707f, format: "amo", execute: amo(8, maxu) },
} satisfies InstructionTable;
