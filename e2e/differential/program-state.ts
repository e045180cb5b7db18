import { floatPattern, type Random } from "#hart/float/float-vectors.fixture.ts";

/** Bytes of memory that a program may load and store. */
export const WINDOW_BYTES = 1024;

const edges = [
  0n,
  1n,
  2n,
  7n,
  8n,
  0xffn,
  0x7fffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 1n,
];

/** ±0, ±1, ±∞ and a quiet NaN of both formats. */
const specials = [0n, 0x3ff0_0000_0000_0000n, 0x7ff0_0000_0000_0000n, 0x7ff8_0000_0000_0000n]
  .flatMap((value) => [value, value | (1n << 63n)])
  .concat(
    [0n, 0x3f80_0000n, 0x7f80_0000n, 0x7fc0_0000n]
      .flatMap((value) => [value, value | 0x8000_0000n])
      .map((value) => 0xffff_ffff_0000_0000n | value),
  );

/** What registers and memory hold before a program's first instruction. */
export interface ProgramState {
  readonly x: readonly bigint[];
  readonly f: readonly bigint[];
  readonly fcsr: number;
  readonly window: Uint8Array;
}

/** A random state, rich in values at which instructions change what they do. */
export function randomState(random: Random): ProgramState {
  const x = Array.from({ length: 32 }, () => integer(random));
  const f = Array.from({ length: 32 }, () => float(random));
  const window = new Uint8Array(WINDOW_BYTES);
  const view = new DataView(window.buffer);
  for (let at = 0; at < WINDOW_BYTES; at += 8) {
    view.setBigUint64(at, random.below(2) === 0 ? integer(random) : float(random), true);
  }
  const fcsr = (random.below(5) << 5) | (random.below(4) === 0 ? random.below(32) : 0);
  return { x, f, fcsr, window };
}

function integer(random: Random): bigint {
  if (random.below(3) === 0) return random.pick(edges);
  const value = random.bits64() >> BigInt(random.below(64));
  return random.below(2) === 0 ? value : BigInt.asUintN(64, -value);
}

/** A double, a single in its box, or, seldom, one of the specials or bits that are nothing of these. */
function float(random: Random): bigint {
  const kind = random.below(10);
  if (kind === 0) return random.bits64();
  if (kind === 9) return random.pick(specials);
  return kind < 5 ? floatPattern(random, "d") : 0xffff_ffff_0000_0000n | floatPattern(random, "s");
}
