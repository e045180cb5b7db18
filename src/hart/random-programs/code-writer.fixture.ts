import { expand } from "#riscv/compressed.ts";
import { assemble, type Fields } from "#riscv/cases/case.fixture.ts";

/** Machine code being written, by the halfword. Positions are bytes from its start. */
export class CodeWriter {
  readonly #halfwords: number[] = [];

  get position(): number {
    return this.#halfwords.length * 2;
  }

  word(encoding: number): void {
    this.#halfwords.push(encoding & 0xffff, encoding >>> 16);
  }

  halfword(encoding: number): void {
    this.#halfwords.push(encoding);
  }

  /** Writes an instruction by its mnemonic. */
  put(mnemonic: string, fields: Fields = {}): void {
    this.word(assemble(mnemonic, fields));
  }

  /** Writes a branch or jump to a place that `bind` names later; returns its own. */
  putForward(mnemonic: string, fields: Fields = {}): number {
    const at = this.position;
    this.put(mnemonic, fields);
    return at;
  }

  /** Points the branch or jump at `at` to `target`. */
  bind(at: number, mnemonic: string, fields: Fields = {}, target = this.position): void {
    this.patchWord(at, assemble(mnemonic, { ...fields, imm: target - at }));
  }

  /** Leaves zeros, which are illegal instructions, up to `position`. */
  skipTo(position: number): void {
    while (this.position < position) this.halfword(0);
  }

  wordAt(position: number): number {
    return ((this.#halfwords[position / 2] ?? 0) | ((this.#halfwords[position / 2 + 1] ?? 0) << 16)) >>> 0;
  }

  /** Replaces the word at `position`. */
  patchWord(position: number, encoding: number): void {
    this.#halfwords[position / 2] = encoding & 0xffff;
    this.#halfwords[position / 2 + 1] = encoding >>> 16;
  }

  patchHalfword(position: number, encoding: number): void {
    this.#halfwords[position / 2] = encoding;
  }

  toBytes(): Uint8Array {
    return new Uint8Array(Uint16Array.from(this.#halfwords).buffer);
  }
}

let compressions: ReadonlyMap<number, number> | undefined;

/** A compressed instruction that stands for this one, or undefined. */
export function compress(word: number): number | undefined {
  compressions ??= new Map(
    Array.from({ length: 0x1_0000 }, (_, halfword) => [expand(halfword), halfword] as const).flatMap(([key, value]) =>
      key === undefined ? [] : [[key, value] as const],
    ),
  );
  return compressions.get(word >>> 0);
}
