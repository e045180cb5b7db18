import { ModuleBuilder } from "#wasm/module-builder.ts";

/** Whether the host's WebAssembly has tail calls, with which one region goes on in another. */
export function hasTailCalls(): boolean {
  const module = new ModuleBuilder(1);
  module.importTable(1);
  const type = module.type([], []);
  module.function([], []).body.i32(0).returnCallIndirect(type);
  return WebAssembly.validate(module.encode());
}
