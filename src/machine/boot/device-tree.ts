import { FIFO_BYTES } from "#devices/ns16550.ts";
import { PLIC_SOURCES } from "#devices/plic.ts";
import { RAM_BASE } from "#memory/layout.ts";
import { cells, cells64, flatten, present, strings, type DeviceTreeNode } from "./flattened-device-tree.ts";
import { MEMORY_MAP, mapEntry, type MapEntry } from "#machine/memory-map.ts";

/** What of the device tree depends on the guest. */
export interface DeviceTreeOptions {
  readonly memoryBytes: number;
  readonly commandLine: string;
  readonly initrd?: { readonly start: number; readonly end: number };
  /** Entropy for the guest's random number generator; the kernel wants 32 bytes or more. */
  readonly seed: Uint8Array;
}

/** mtime's rate, as on QEMU `virt`. */
export const TIMEBASE_HZ = 10_000_000;

const UART_CLOCK_HZ = 3_686_400;
const POWEROFF = 0x5555;
const REBOOT = 0x7777;

/** Extensions after the base, in the canonical order of the ISA manual §27. */
const EXTENSIONS = ["i", "m", "a", "f", "d", "c", "zicntr", "zicsr", "zifencei", "sstc", "svadu"] as const;
const ISA = "rv64imafdc_zicntr_zicsr_zifencei_sstc_svadu";

const PHANDLE = { hart: 1, hartInterrupts: 2, plic: 3, test: 4 } as const;

/** Interrupts of `riscv,cpu-intc`: the numbers of mip's bits. */
const LOCAL = { machineSoftware: 3, machineTimer: 7, supervisorExternal: 9, machineExternal: 11 } as const;

/** The device tree that the guest finds at a1, as a blob. Shaped like QEMU `virt`'s. */
export function deviceTree(options: DeviceTreeOptions): Uint8Array {
  return flatten({
    properties: {
      "#address-cells": cells(2),
      "#size-cells": cells(2),
      compatible: strings("riscv-virtio"),
      model: strings("riscv-virtio,tabvisor"),
    },
    children: {
      chosen: chosen(options),
      poweroff: syscon("syscon-poweroff", POWEROFF),
      reboot: syscon("syscon-reboot", REBOOT),
      [`memory@${RAM_BASE.toString(16)}`]: {
        properties: { device_type: strings("memory"), reg: cells64(RAM_BASE, options.memoryBytes) },
      },
      cpus: cpus(),
      soc: soc(),
    },
  });
}

function chosen({ commandLine, initrd, seed }: DeviceTreeOptions): DeviceTreeNode {
  return {
    properties: {
      "stdout-path": strings(`/soc/${nodeName(mapEntry("ns16550"))}`),
      ...(commandLine === "" ? {} : { bootargs: strings(commandLine) }),
      ...(initrd ? { "linux,initrd-start": cells64(initrd.start), "linux,initrd-end": cells64(initrd.end) } : {}),
      "rng-seed": seed,
    },
  };
}

function syscon(compatible: string, value: number): DeviceTreeNode {
  return {
    properties: { compatible: strings(compatible), regmap: cells(PHANDLE.test), offset: cells(0), value: cells(value) },
  };
}

function cpus(): DeviceTreeNode {
  return {
    properties: { "#address-cells": cells(1), "#size-cells": cells(0), "timebase-frequency": cells(TIMEBASE_HZ) },
    children: {
      "cpu@0": {
        properties: {
          device_type: strings("cpu"),
          reg: cells(0),
          status: strings("okay"),
          compatible: strings("riscv"),
          "riscv,isa": strings(ISA),
          "riscv,isa-base": strings("rv64i"),
          "riscv,isa-extensions": strings(...EXTENSIONS),
          "mmu-type": strings("riscv,sv39"),
          phandle: cells(PHANDLE.hart),
        },
        children: {
          "interrupt-controller": {
            properties: {
              "#interrupt-cells": cells(1),
              "#address-cells": cells(0),
              "interrupt-controller": present,
              compatible: strings("riscv,cpu-intc"),
              phandle: cells(PHANDLE.hartInterrupts),
            },
          },
        },
      },
      "cpu-map": {
        properties: {},
        children: { cluster0: { properties: {}, children: { core0: { properties: { cpu: cells(PHANDLE.hart) } } } } },
      },
    },
  };
}

function soc(): DeviceTreeNode {
  return {
    properties: {
      "#address-cells": cells(2),
      "#size-cells": cells(2),
      compatible: strings("simple-bus"),
      ranges: present,
    },
    children: Object.fromEntries(MEMORY_MAP.map((entry) => [nodeName(entry), deviceNode(entry)])),
  };
}

function nodeName(entry: MapEntry): string {
  return `${entry.node}@${entry.base.toString(16)}`;
}

function deviceNode(entry: MapEntry): DeviceTreeNode {
  const wire =
    entry.interrupt === undefined
      ? {}
      : { "interrupt-parent": cells(PHANDLE.plic), interrupts: cells(entry.interrupt) };
  return {
    properties: {
      compatible: strings(...entry.compatible),
      reg: cells64(entry.base, entry.size),
      ...wire,
      ...extraProperties[entry.node],
    },
  };
}

/** What a kind of node has beyond its place and wire. */
const extraProperties: Readonly<Record<string, Readonly<Record<string, Uint8Array>>>> = {
  test: { phandle: cells(PHANDLE.test) },
  // Drivers fill the FIFO at once when it is empty; `tx-threshold` is what Linux wants to hear before it loads more than 16.
  serial: {
    "clock-frequency": cells(UART_CLOCK_HZ),
    "fifo-size": cells(FIFO_BYTES),
    "tx-threshold": cells(1),
  },
  clint: {
    "interrupts-extended": cells(
      PHANDLE.hartInterrupts,
      LOCAL.machineSoftware,
      PHANDLE.hartInterrupts,
      LOCAL.machineTimer,
    ),
  },
  plic: {
    "interrupts-extended": cells(
      PHANDLE.hartInterrupts,
      LOCAL.machineExternal,
      PHANDLE.hartInterrupts,
      LOCAL.supervisorExternal,
    ),
    "interrupt-controller": present,
    "#interrupt-cells": cells(1),
    "#address-cells": cells(0),
    "riscv,ndev": cells(PLIC_SOURCES),
    phandle: cells(PHANDLE.plic),
  },
};
