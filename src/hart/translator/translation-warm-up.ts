import { PAGE_BYTES } from "#memory/layout.ts";
import { hasFusedMultiplyAdd } from "#hart/float/emitted/fused.ts";
import { buildRegionModule } from "./region-module.ts";
import { findRegion } from "./region.ts";
import { hasTailCalls } from "#hart/emit/tail-calls.ts";

/**
 * A loop that has something of everything:
 *
 *     0: ld a0, 0(sp)   4: addiw a0, a0, 1   8: slli a1, a0, 3   12: add a1, a1, sp   16: lw a2, 4(a1)   20: beq a2, a0, 40
 *     24: sd a1, 8(sp)  28: srliw a2, a2, 5  32: and a2, a2, a0  36: sw a2, 0(a1)
 *     40: fld fa0, 0(sp)   44: fadd.d fa0, fa0, fa0   48: fsd fa0, 8(sp)   52: jal ra, 60   56: bne a0, a2, 0   60: ret
 */
const SAMPLE = [
  0x00013503, 0x0015051b, 0x00351593, 0x002585b3, 0x0045a603, 0x00a60a63, 0x00b13423, 0x0056561b, 0x00a67633,
  0x00c5a023, 0x00013507, 0x02a57553, 0x00a13427, 0x008000ef, 0xfcc514e3, 0x00008067,
];
const REPETITIONS = 60;

const MEMORY_PAGES = 1024;

let isWarm = false;

/** Has the host optimise the translator itself, while there is nothing else to do: some tens of milliseconds, the first time. */
export function warmUpTranslation(): void {
  if (isWarm) return;
  isWarm = true;
  const target = { memoryPages: MEMORY_PAGES, hart: 0, hasTailCalls: hasTailCalls(), fused: hasFusedMultiplyAdd() };
  const words = new Uint32Array(PAGE_BYTES / 4);
  for (let copy = 0; copy < 4; copy++) words.set(SAMPLE, copy * SAMPLE.length);
  const page = {
    bytes: new DataView(words.buffer),
    isReached: (offset: number) => offset < 4 * SAMPLE.length * 4,
    isDeclined: () => false,
  };
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    const region = findRegion(page, [0, 4 * SAMPLE.length], new Set());
    if (!region) return;
    void new WebAssembly.Module(buildRegionModule([{ region, place: { decodedPage: 2, tableIndex: 0 } }], target));
  }
}
