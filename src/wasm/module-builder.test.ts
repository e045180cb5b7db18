import { expect, test } from "vitest";
import { ModuleBuilder } from "./module-builder.ts";

function instantiate(module: ModuleBuilder): WebAssembly.Exports {
  return new WebAssembly.Instance(new WebAssembly.Module(module.encode())).exports;
}

test("vectors: constants, splats and lanes", () => {
  const module = new ModuleBuilder();
  const boxed = module.function(["f32"], ["f64"]);
  const ones = Array.from({ length: 16 }, () => 0xff);
  boxed.body
    .v128(ones)
    .get(boxed.body.parameters[0]!)
    .lane("f32x4.replace_lane", 0)
    .lane("f64x2.extract_lane", 0)
    .op("i64.reinterpret_f64")
    .i64(32n)
    .op("i64.rotl", "f64.reinterpret_i64");
  module.export("boxed", boxed);
  const second = module.function(["f64"], ["f64"]);
  second.body.get(second.body.parameters[0]!).vector("f64x2.splat").lane("f64x2.extract_lane", 1);
  module.export("second", second);
  const low = module.function(["f64"], ["f32"]);
  low.body.get(low.body.parameters[0]!).vector("f64x2.splat").lane("f32x4.extract_lane", 2);
  module.export("low", low);
  const four = module.function(["f32"], ["f32"]);
  four.body.get(four.body.parameters[0]!).vector("f32x4.splat").lane("f32x4.extract_lane", 3);
  module.export("four", four);
  const exports = instantiate(module) as Record<string, (value: number) => number>;
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, 0x3fc0_0000);
  view.setUint32(4, 0xffff_ffff);
  expect(exports["boxed"]!(1.5)).toBe(view.getFloat64(0));
  expect(exports["second"]!(0.1)).toBe(0.1);
  view.setFloat64(0, 0.1);
  expect(exports["low"]!(0.1)).toBe(view.getFloat32(4));
  expect(exports["four"]!(2.5)).toBe(2.5);
});

test("branch hints name the branch within its function's body", () => {
  const module = new ModuleBuilder();
  module.import("imported", [], []);
  module.function([], []);
  const hinted = module.function(["i32"], []);
  const f = hinted.body;
  f.local("i64");
  f.local("f64");
  f.block((end) => {
    f.get(f.parameters[0]!).unlikely().brIf(end);
    f.get(f.parameters[0]!)
      .unlikely()
      .if(() => f.op("unreachable"));
  });
  f.atStart(() =>
    f
      .get(f.parameters[0]!)
      .unlikely()
      .if(() => f.op("unreachable")),
  );
  const compiled = new WebAssembly.Module(module.encode());
  const [section] = WebAssembly.Module.customSections(compiled, "metadata.code.branch_hint");
  // All numbers are below 128: one byte each. One function, whose index counts the imported one; then three hints of one byte, 0.
  const [functions, index, hints, ...rest] = new Uint8Array(section!);
  expect([functions, index, hints, rest.length]).toEqual([1, 2, 3, 9]);
  const body = f.encode().toBytes();
  const [ifOpcode, brIfOpcode] = [0x04, 0x0d];
  expect([rest[0], rest[3], rest[6]].map((offset) => body[offset!])).toEqual([ifOpcode, brIfOpcode, ifOpcode]);
  expect([rest[1], rest[2], rest[4], rest[5], rest[7], rest[8]]).toEqual([1, 0, 1, 0, 1, 0]);
});

test("a module without hints has no section for them, and without pages no memory", () => {
  const module = new ModuleBuilder();
  module.function([], []);
  const compiled = new WebAssembly.Module(module.encode());
  expect(WebAssembly.Module.customSections(compiled, "metadata.code.branch_hint")).toEqual([]);
  expect(WebAssembly.Module.imports(compiled)).toEqual([]);
});
