import type { FunctionReference, Local } from "#wasm/function-builder.ts";
import type { ModuleBuilder } from "#wasm/module-builder.ts";
import type { MultiplyFunctions } from "./emitter.ts";

const LOW = 0xffff_ffffn;

/** Emits the upper halves of 64 × 64-bit products from 32-bit limbs (Hacker's Delight §8-2). */
export function emitMultiply(module: ModuleBuilder): MultiplyFunctions {
  const unsigned = emitUnsigned(module);
  return { unsigned, signed: emitSigned(module, unsigned, true), signedUnsigned: emitSigned(module, unsigned, false) };
}

function emitUnsigned(module: ModuleBuilder): FunctionReference {
  const multiply = module.function(["i64", "i64"], ["i64"]);
  const f = multiply.body;
  const [a, b] = f.parameters as [Local, Local];
  const low = (value: Local): void => void f.get(value).i64(LOW).op("i64.and");
  const high = (value: Local): void => void f.get(value).i64(32n).op("i64.shr_u");
  const cross = f.local("i64");
  const middle = f.local("i64");
  low(a);
  low(b);
  f.op("i64.mul").i64(32n).op("i64.shr_u");
  high(a);
  low(b);
  f.op("i64.mul", "i64.add").set(cross);
  low(a);
  high(b);
  f.op("i64.mul");
  low(cross);
  f.op("i64.add").set(middle);
  high(a);
  high(b);
  f.op("i64.mul");
  high(cross);
  f.op("i64.add");
  high(middle);
  f.op("i64.add");
  return multiply;
}

/** Of the unsigned product, takes b away where a is negative, and a where b is (when b is signed too). */
function emitSigned(module: ModuleBuilder, unsigned: FunctionReference, bSigned: boolean): FunctionReference {
  const multiply = module.function(["i64", "i64"], ["i64"]);
  const f = multiply.body;
  const [a, b] = f.parameters as [Local, Local];
  f.get(a).get(b).call(unsigned);
  f.get(a).i64(63n).op("i64.shr_s").get(b).op("i64.and", "i64.sub");
  if (bSigned) f.get(b).i64(63n).op("i64.shr_s").get(a).op("i64.and", "i64.sub");
  return multiply;
}
