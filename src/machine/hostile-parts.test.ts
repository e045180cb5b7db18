import fc from "fast-check";
import { expect, test } from "vitest";
import { HART_STATE_BYTES, HartSlot } from "#memory/layout.ts";
import { openSink } from "#devices/console.fixture.ts";
import { Hart } from "#hart/hart.ts";
import { bytesBase, MemoryDisk } from "#devices/disks/memory-disk.ts";
import { GuestMemory } from "#memory/guest-memory.ts";
import { words } from "#machine/boot/elf.fixture.ts";
import { scriptedMachine } from "./machine.fixture.ts";
import { Machine } from "./machine.ts";

const anything = fc.anything({
  withBigInt: true,
  withTypedArray: true,
  withSparseArray: true,
  withNullPrototype: true,
});

/** Every place in a machine's parts, as a path of keys. */
function paths(value: unknown, prefix: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return [prefix];
  return [prefix, ...Object.entries(value).flatMap(([key, inner]) => paths(inner, [...prefix, key]))];
}

/** A copy of `parts` that has `value` at `path`. */
function spoiled(parts: unknown, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const copy: Record<string, unknown> = Array.isArray(parts) ? (parts.slice() as never) : { ...(parts as object) };
  copy[key] = spoiled(copy[key], rest, value);
  return copy;
}

test("whatever stands anywhere in a machine's parts, they are restored or refused with a TypeError", () => {
  const { machine } = scriptedMachine(() => {});
  machine.run(1000);
  machine.stopClock();
  const good = machine.save();
  const place = fc.constantFrom(...paths(good));
  fc.assert(
    fc.property(place, anything, (path, value) => {
      try {
        machine.restore(spoiled(good, path, value) as never);
        machine.run(10);
        machine.save();
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
      }
    }),
    { numRuns: 1000 },
  );
  machine.restore(good);
  expect(machine.save()).toEqual(good);
});

test("every number replaced by another is restored or refused with a TypeError", () => {
  const { machine } = scriptedMachine(() => {});
  const good = machine.save();
  const place = fc.constantFrom(...paths(good));
  const number = fc.oneof(fc.integer(), fc.double(), fc.nat(0xffff_ffff), fc.bigInt(0n, 2n ** 65n));
  fc.assert(
    fc.property(fc.array(fc.tuple(place, number), { maxLength: 3 }), (changes) => {
      const parts = changes.reduce<unknown>((made, [path, value]) => spoiled(made, path, value), good);
      try {
        machine.restore(parts as never);
        machine.run(10);
        machine.save();
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
      }
    }),
    { numRuns: 1000 },
  );
});

test("a hart's state made of anything runs or is refused", () => {
  const config = { memoryMiB: 4, firmware: "bare", commandLine: "", clock: "virtual", diskCount: 1 } as const;
  const host = {
    clock: { now: () => 0n, epochNanoseconds: () => 0n },
    consoleOutput: openSink(),
    consoleInput: { read: () => -1 },
    disks: [new MemoryDisk({ base: bytesBase(new Uint8Array(512)) })],
    random: () => {},
    log: () => {},
  };
  const kernel = words(...Array.from({ length: 512 }, (_, index) => [0x13, 0x0020_f053, 0x1050_0073][index % 3]!));
  const memory = new GuestMemory(config.memoryMiB);
  const machine = Machine.create(config, { kernel }, host, memory, (own, hartHost) => {
    return new Hart(own, hartHost, "interpreter");
  });
  const good = machine.save();
  const bytes = fc.uint8Array({ minLength: HART_STATE_BYTES, maxLength: HART_STATE_BYTES });
  const mode = fc.constantFrom(0, 1, 2, 3, 0xff);
  const pc = fc.option(fc.nat(0x7ff).map((offset) => 0x8000_0000 + offset));
  fc.assert(
    fc.property(bytes, mode, pc, fc.boolean(), (hart, wantedMode, wantedPc, isBare) => {
      const view = new DataView(hart.buffer);
      view.setBigUint64(HartSlot.mode, BigInt(wantedMode), true);
      view.setUint16(HartSlot.ticks + 6, 0, true);
      if (wantedPc !== null) view.setBigUint64(HartSlot.pc, BigInt(wantedPc), true);
      if (isBare) view.setBigUint64(HartSlot.satp, 0n, true);
      try {
        machine.restore({ ...good, hart });
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
        return;
      }
      machine.run(2000);
      machine.stateHash();
    }),
    { numRuns: 200 },
  );
});
