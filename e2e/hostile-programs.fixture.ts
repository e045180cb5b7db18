import { words } from "#machine/boot/elf.fixture.ts";
import { encodeB, encodeI, encodeJ, encodeR, encodeS, encodeU } from "#riscv/encode.ts";

const [ZERO, T0, T1, T2, S0, S1, S2, S3] = [0, 5, 6, 7, 8, 9, 18, 19] as const;
export const WFI = 0x1050_0073;
export const STOP_HERE = 0x6f;

const RAM = 0x8000_0000;
const DESCRIPTORS = RAM + 0x1000;
const DRIVER_AREA = RAM + 0x2000;
const DEVICE_AREA = RAM + 0x3000;
const HEADER = RAM + 0x4000;
const STATUS = RAM + 0x5000;
const DATA = RAM + 0x100_0000;
const VIRTIO_SLOT_0 = 0x1000_1000;
const UART = 0x1000_0000;
const WRITE_MIB = 32;
/** So many sectors are written at a time. */
export const WRITE_SECTORS = WRITE_MIB * 2048;
const [NEXT, WRITE] = [1, 2] as const;

interface Descriptor {
  readonly address: number;
  readonly byteLength: number;
  readonly flags: number;
  readonly next: number;
}

/** li of an unsigned 32-bit value. */
export function li(register: number, value: number): readonly number[] {
  const low = (value << 20) >> 20;
  return [
    encodeU(0x37, register, (value - low) | 0),
    encodeI(0x1b, register, register, low),
    encodeI(0x1013, register, register, 32),
    encodeI(0x5013, register, register, 32),
  ];
}

/** Registers of virtio-mmio (virtio 1.2 §4.2.2) and what a driver writes to them until its one queue is active. */
const DRIVER_SETUP: readonly (readonly [offset: number, value: number])[] = [
  [0x70, 0],
  [0x70, 3],
  [0x24, 1],
  [0x20, 1],
  [0x70, 11],
  [0x30, 0],
  [0x38, 8],
  [0x80, DESCRIPTORS],
  [0x84, 0],
  [0x90, DRIVER_AREA],
  [0x94, 0],
  [0xa0, DEVICE_AREA],
  [0xa4, 0],
  [0x44, 1],
  [0x70, 15],
];

function setup(): readonly number[] {
  const writes = DRIVER_SETUP.flatMap(([offset, value]) => [...li(T1, value), encodeS(0x2023, T0, T1, offset)]);
  return [...li(T0, VIRTIO_SLOT_0), ...writes];
}

/** RAM from its start: code, and a queue with descriptors in place; every entry of the available ring names descriptor 0. */
function image(
  code: readonly number[],
  descriptors: readonly Descriptor[],
  availableIndex: number,
  sector = 0,
): Uint8Array {
  const bytes = new Uint8Array(0x6000);
  const view = new DataView(bytes.buffer);
  bytes.set(words(...code));
  descriptors.forEach(({ address, byteLength, flags, next }, index) => {
    const at = DESCRIPTORS - RAM + index * 16;
    view.setBigUint64(at, BigInt(address), true);
    view.setUint32(at + 8, byteLength, true);
    view.setUint16(at + 12, flags, true);
    view.setUint16(at + 14, next, true);
  });
  view.setUint16(DRIVER_AREA - RAM + 2, availableIndex, true);
  view.setUint32(HEADER - RAM, 1, true); // VIRTIO_BLK_T_OUT
  view.setBigInt64(HEADER - RAM + 8, BigInt(sector), true);
  return bytes;
}

/** A bare program that hands disk 0 one chain of descriptors, then waits for good. */
export function queueProgram(descriptors: readonly Descriptor[]): Uint8Array {
  return image([...setup(), encodeS(0x2023, T0, ZERO, 0x50), WFI, STOP_HERE], descriptors, 1);
}

/** Chains that no driver may make, and what the device says of them. */
export const badChains: readonly (readonly [name: string, chain: readonly Descriptor[], said: string])[] = [
  ["loop", [{ address: DATA, byteLength: 16, flags: NEXT, next: 0 }], "a descriptor chain loops"],
  [
    "outside",
    [{ address: 0x1000, byteLength: 16, flags: 0, next: 0 }],
    "a descriptor points outside RAM (0x1000 + 16 bytes)",
  ],
  ["empty", [{ address: DATA, byteLength: 0, flags: WRITE, next: 0 }], "a descriptor has zero length"],
];

/**
 * A bare program (of 64 MiB) that writes disk 0 from its beginning, 32 MiB at a time and so many sectors further each time,
 * until it fails; then it prints F.
 */
export function writeDiskProgram(stepSectors: number): Uint8Array {
  const loop = [
    encodeI(0x3003, T1, S0, 8),
    encodeR(0x33, T1, T1, S1),
    encodeS(0x3023, S0, T1, 8),
    encodeI(0x5003, T1, S2, 2),
    encodeI(0x13, T1, T1, 1),
    encodeS(0x1023, S2, T1, 2),
    encodeS(0x2023, T0, ZERO, 0x50),
    encodeI(0x4003, T1, S3, 0),
  ];
  const code = [
    ...setup(),
    ...li(S0, HEADER),
    ...li(S1, stepSectors),
    ...li(S2, DRIVER_AREA),
    ...li(S3, STATUS),
    ...loop,
    encodeB(0x63, T1, ZERO, -4 * loop.length),
    ...li(T2, UART),
    ...li(T1, 0x46),
    encodeS(0x23, T2, T1, 0),
    WFI,
    encodeJ(0x6f, ZERO, -4),
  ];
  return image(
    code,
    [
      { address: HEADER, byteLength: 16, flags: NEXT, next: 1 },
      { address: DATA, byteLength: WRITE_MIB << 20, flags: NEXT, next: 2 },
      { address: STATUS, byteLength: 1, flags: WRITE, next: 0 },
    ],
    0,
    -stepSectors,
  );
}

/** A bare program of so many small loops in each of its pages, each run so often, all of it so many times; then it prints F and powers off. */
export function hotPlacesProgram({
  pages,
  loops,
  rounds,
  passes,
}: Readonly<Record<"pages" | "loops" | "rounds" | "passes", number>>): Uint8Array {
  const bytes = new Uint8Array((pages + 2) * 4096);
  const put = (page: number, code: readonly number[]) => bytes.set(words(...code), page * 4096);
  const first = RAM + 4096;
  const start = [...li(T1, passes), ...li(T2, first), ...li(S0, rounds)];
  put(0, [...start, encodeJ(0x6f, ZERO, 4096 - 4 * start.length)]);
  const loop = [encodeI(0x13, T0, S0, 0), encodeI(0x13, T0, T0, -1), encodeB(0x1063, T0, ZERO, -4)];
  const page = Array.from({ length: loops }, () => loop).flat();
  for (let index = 1; index <= pages; index++) put(index, [...page, encodeJ(0x6f, ZERO, 4096 - 4 * page.length)]);
  const again = [encodeI(0x13, T1, T1, -1), encodeB(0x63, T1, ZERO, 8), encodeI(0x67, ZERO, T2, 0)];
  const print = [...li(T2, UART), ...li(T1, 0x46), encodeS(0x23, T2, T1, 0)];
  const powerOff = [...li(T2, 0x10_0000), ...li(T1, 0x5555), encodeS(0x2023, T2, T1, 0), STOP_HERE];
  put(pages + 1, [...again, ...print, ...powerOff]);
  return bytes;
}
