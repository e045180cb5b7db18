import { readFileSync } from "node:fs";
import { UsageError } from "#cli/usage-error.ts";
import { isElf } from "#machine/boot/elf.ts";
import { RAM_BASE } from "#memory/layout.ts";
import { readSymbols, SymbolTable, type CodeSymbol } from "./symbols.ts";

/** The symbols of the files named, and of what is run where that is an ELF file that has them. Throws UsageError. */
export function loadSymbols(paths: readonly string[], kernel: Uint8Array): SymbolTable {
  return new SymbolTable([...paths.flatMap(symbolsOf), ...symbolsOfKernel(kernel)]);
}

function symbolsOf(path: string): readonly CodeSymbol[] {
  try {
    return readSymbols(readFileSync(path));
  } catch (error) {
    throw new UsageError(`${path} gives no symbols: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** What is wrong with the file is the loader's to say. */
function symbolsOfKernel(kernel: Uint8Array): readonly CodeSymbol[] {
  try {
    return isElf(kernel) ? readSymbols(kernel, RAM_BASE) : [];
  } catch {
    return [];
  }
}
