import { ByteWriter } from "./byte-writer.ts";
import { FunctionBuilder, type FunctionReference, type TypeReference } from "./function-builder.ts";
import { ValueTypes, type ValueType } from "./opcodes.ts";

interface Signature {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** Builds one WebAssembly module over an imported shared memory, `env.memory`, if it has one, and, if asked for, a table, `env.table`. Imports come before functions. */
export class ModuleBuilder {
  readonly #memoryPages: number | undefined;
  readonly #signatures: string[] = [];
  readonly #types: Signature[] = [];
  readonly #imports: { readonly name: string; readonly type: number }[] = [];
  readonly #functions: { readonly type: number; readonly body: FunctionBuilder }[] = [];
  readonly #exports: { readonly name: string; readonly index: number }[] = [];
  #tableSize: number | undefined;

  /** `memoryPages`: the exact size of the shared memory, in 64 KiB; none without it. */
  constructor(memoryPages?: number) {
    this.#memoryPages = memoryPages;
  }

  /** Imports `env.<name>`. Throws once a function has been declared. */
  import(name: string, parameters: readonly ValueType[], results: readonly ValueType[]): FunctionReference {
    if (this.#functions.length > 0) throw new Error("imports come before functions");
    this.#imports.push({ name, type: this.#type(parameters, results) });
    return { index: this.#imports.length - 1 };
  }

  /** Imports `env.table`, of `size` functions that never grow in number. */
  importTable(size: number): void {
    this.#tableSize = size;
  }

  /** A function type, for calls through the table. */
  type(parameters: readonly ValueType[], results: readonly ValueType[]): TypeReference {
    return { typeIndex: this.#type(parameters, results) };
  }

  /** Declares a function, to be called before its body is written; `body` is written through the builder returned. */
  function(
    parameters: readonly ValueType[],
    results: readonly ValueType[],
  ): FunctionReference & { readonly body: FunctionBuilder } {
    const body = new FunctionBuilder(parameters);
    this.#functions.push({ type: this.#type(parameters, results), body });
    return { index: this.#imports.length + this.#functions.length - 1, body };
  }

  export(name: string, target: FunctionReference): void {
    this.#exports.push({ name, index: target.index });
  }

  /** The module in binary form (§5.5). */
  encode(): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter();
    for (const byte of [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]) out.byte(byte);
    section(out, 1, this.#types, (writer, { parameters, results }) => {
      writer.byte(0x60);
      for (const types of [parameters, results]) {
        writer.unsigned(types.length);
        for (const type of types) writer.byte(ValueTypes[type]);
      }
    });
    this.#importSection(out);
    section(out, 3, this.#functions, (writer, { type }) => writer.unsigned(type));
    section(out, 7, this.#exports, (writer, { name, index }) => {
      writer.name(name);
      writer.byte(0x00);
      writer.unsigned(index);
    });
    this.#branchHints(out);
    section(out, 10, this.#functions, (writer, { body }) => {
      const code = body.encode();
      writer.unsigned(code.length);
      writer.append(code);
    });
    return out.toBytes();
  }

  /** The custom section `metadata.code.branch_hint`; hosts that do not know it pass over it. */
  #branchHints(out: ByteWriter): void {
    const hinted = this.#functions
      .map(({ body }, index) => ({ index: this.#imports.length + index, offsets: body.unlikelyBranches() }))
      .filter(({ offsets }) => offsets.length > 0);
    if (hinted.length === 0) return;
    const content = new ByteWriter();
    content.name("metadata.code.branch_hint");
    content.unsigned(hinted.length);
    for (const { index, offsets } of hinted) {
      content.unsigned(index);
      content.unsigned(offsets.length);
      for (const offset of offsets) {
        content.unsigned(offset);
        content.unsigned(1); // The length of the hint.
        content.byte(0); // Unlikely.
      }
    }
    out.byte(0);
    out.unsigned(content.length);
    out.append(content);
  }

  #importSection(out: ByteWriter): void {
    const tables = this.#tableSize === undefined ? [] : [this.#tableSize];
    const memories = this.#memoryPages === undefined ? [] : [this.#memoryPages];
    const imports = [
      ...memories.map((pages) => (writer: ByteWriter): void => {
        writer.name("memory");
        writer.byte(0x02);
        writer.byte(0x03); // Shared, with a maximum.
        writer.unsigned(pages);
        writer.unsigned(pages);
      }),
      ...tables.map((size) => (writer: ByteWriter): void => {
        writer.name("table");
        writer.byte(0x01);
        writer.byte(0x70); // funcref
        writer.byte(0x01);
        writer.unsigned(size);
        writer.unsigned(size);
      }),
      ...this.#imports.map(({ name, type }) => (writer: ByteWriter): void => {
        writer.name(name);
        writer.byte(0x00);
        writer.unsigned(type);
      }),
    ];
    section(out, 2, imports, (writer, write) => {
      writer.name("env");
      write(writer);
    });
  }

  #type(parameters: readonly ValueType[], results: readonly ValueType[]): number {
    const key = `${parameters.join()}:${results.join()}`;
    const known = this.#signatures.indexOf(key);
    if (known >= 0) return known;
    this.#signatures.push(key);
    return this.#types.push({ parameters, results }) - 1;
  }
}

function section<T>(
  out: ByteWriter,
  id: number,
  items: readonly T[],
  write: (writer: ByteWriter, item: T) => void,
): void {
  const content = new ByteWriter();
  content.unsigned(items.length);
  for (const item of items) write(content, item);
  out.byte(id);
  out.unsigned(content.length);
  out.append(content);
}
