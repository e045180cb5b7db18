import { expand } from "./compressed.ts";
import { decode, type Decoded } from "./decode.ts";
import type { Operands } from "./instruction.ts";
import { pseudoinstructions, type OperandSyntax } from "./pseudoinstructions.ts";
import { csrName, fNames, xNames } from "./register-names.ts";

const roundingNames = ["rne", "rtz", "rdn", "rup", "rmm", "rm5", "rm6", "dyn"] as const;
const orderingNames = ["", ".rl", ".aq", ".aqrl"] as const;

/** The operands of a floating-point instruction of the R format. */
function floatSyntax(name: string): OperandSyntax {
  if (/^f(eq|lt|le)\./.test(name)) return "rd,frs1,frs2";
  if (/^fcvt\.[wl]u?\./.test(name)) return "rd,frs1,rm";
  if (/^fcvt\.[sd]\.[wl]u?$/.test(name)) return /\.d\.wu?$/.test(name) ? "frd,rs1" : "frd,rs1,rm";
  if (/^(fmv\.x|fclass)\./.test(name)) return "rd,frs1";
  if (/^fmv\..\.x$/.test(name)) return "frd,rs1";
  if (name === "fcvt.d.s") return "frd,frs1";
  if (/^f(sqrt|cvt)\./.test(name)) return "frd,frs1,rm";
  return /^f(add|sub|mul|div)\./.test(name) ? "frd,frs1,frs2,rm" : "frd,frs1,frs2";
}

function systemSyntax(name: string): OperandSyntax {
  if (name === "fence") return "fence";
  return name === "sfence.vma" ? "rs1,rs2" : "";
}

function syntaxOf({ name, instruction: { format } }: Decoded): OperandSyntax {
  switch (format) {
    case "R":
      return name.startsWith("f") ? floatSyntax(name) : "rd,rs1,rs2";
    case "R4":
      return "frd,frs1,frs2,frs3,rm";
    case "I":
      if (name.startsWith("fl")) return "frd,imm(rs1)";
      return /^l[bhwd]u?$|^jalr$/.test(name) ? "rd,imm(rs1)" : "rd,rs1,imm";
    case "S":
      return name.startsWith("f") ? "frs2,imm(rs1)" : "rs2,imm(rs1)";
    case "B":
      return "rs1,rs2,target";
    case "U":
      return "rd,upper";
    case "J":
      return "rd,target";
    case "shift":
    case "shiftw":
      return "rd,rs1,amount";
    case "csr":
      return name.endsWith("i") ? "rd,csr,uimm" : "rd,csr,rs1";
    case "amo":
      return name.startsWith("lr") ? "rd,(rs1)" : "rd,rs2,(rs1)";
    case "system":
      return systemSyntax(name);
  }
}

function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

/** The order bits of a FENCE: predecessors and successors; none written where both are iorw. */
function fenceOperands(word: number): string {
  const set = (bits: number): string =>
    ["i", "o", "r", "w"].filter((_, index) => (bits >> (3 - index)) & 1).join("") || "unknown";
  const operands = `${set((word >>> 24) & 15)},${set((word >>> 20) & 15)}`;
  return operands === "iorw,iorw" ? "" : operands;
}

function operandText(token: string, o: Operands, pc: bigint): string {
  switch (token) {
    case "rd":
    case "rs1":
    case "rs2":
      return xNames[o[token]] ?? "";
    case "frd":
    case "frs1":
    case "frs2":
    case "frs3":
      return fNames[o[token.slice(1) as "rd" | "rs1" | "rs2" | "rs3"]] ?? "";
    case "imm":
      return String(o.imm);
    case "amount":
      return hex(o.imm);
    case "upper":
      return hex((o.imm >>> 12) & 0xf_ffff);
    case "uimm":
      return String(o.rs1);
    case "imm(rs1)":
      return `${o.imm}(${xNames[o.rs1]})`;
    case "(rs1)":
      return `(${xNames[o.rs1]})`;
    case "target":
      return hex(BigInt.asUintN(64, pc + BigInt(o.imm)));
    case "csr":
      return csrName(o.imm);
    case "rm":
      return o.rm === 7 ? "" : (roundingNames[o.rm] ?? "");
    case "fence":
      return fenceOperands(o.word);
    default:
      return "";
  }
}

/** The text of one instruction as GNU objdump has it, with the usual pseudoinstructions; compressed ones as what they expand to. */
export function disassemble(encoding: number, pc: bigint): string {
  const isCompressed = (encoding & 3) !== 3;
  const word = isCompressed ? expand(encoding) : encoding >>> 0;
  const decoded = word === undefined ? undefined : decode(word);
  if (!decoded) return isCompressed ? `.2byte ${hex(encoding & 0xffff)}` : `.4byte ${hex(encoding >>> 0)}`;
  const { operands } = decoded;
  const pseudo = pseudoinstructions[decoded.name]?.find(({ when }) => when(operands));
  const ordering = decoded.instruction.format === "amo" ? (orderingNames[(operands.word >>> 25) & 3] ?? "") : "";
  const texts = (pseudo?.syntax ?? syntaxOf(decoded)).split(",").map((token) => operandText(token, operands, pc));
  const text = texts.filter((part) => part !== "").join(",");
  const name = (pseudo?.name ?? decoded.name) + ordering;
  return text === "" ? name : `${name} ${text}`;
}
