import { ByteWriter } from "./byte-writer.ts";
import { FunctionBuilder, type FunctionReference } from "./function-builder.ts";
import { ValueTypes, type ValueType } from "./opcodes.ts";

interface Signature {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** Builds one WebAssembly module over an imported shared memory, `env.memory`. Imports come before functions. */
export class ModuleBuilder {
  readonly #memoryPages: number;
  readonly #signatures: string[] = [];
  readonly #types: Signature[] = [];
  readonly #imports: { readonly name: string; readonly type: number }[] = [];
  readonly #functions: { readonly type: number; readonly body: FunctionBuilder }[] = [];
  readonly #exports: { readonly name: string; readonly index: number }[] = [];

  /** `memoryPages`: the exact size of the shared memory, in 64 KiB. */
  constructor(memoryPages: number) {
    this.#memoryPages = memoryPages;
  }

  /** Imports `env.<name>`. Throws once a function has been declared. */
  import(name: string, parameters: readonly ValueType[], results: readonly ValueType[]): FunctionReference {
    if (this.#functions.length > 0) throw new Error("imports come before functions");
    this.#imports.push({ name, type: this.#type(parameters, results) });
    return { index: this.#imports.length - 1 };
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
    section(out, 10, this.#functions, (writer, { body }) => {
      const code = body.encode();
      writer.unsigned(code.length);
      writer.append(code);
    });
    return out.toBytes();
  }

  #importSection(out: ByteWriter): void {
    section(out, 2, [undefined, ...this.#imports], (writer, imported) => {
      writer.name("env");
      writer.name(imported?.name ?? "memory");
      if (imported) {
        writer.byte(0x00);
        writer.unsigned(imported.type);
        return;
      }
      writer.byte(0x02);
      writer.byte(0x03); // Shared, with a maximum.
      writer.unsigned(this.#memoryPages);
      writer.unsigned(this.#memoryPages);
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
