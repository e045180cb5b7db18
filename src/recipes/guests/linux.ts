import { type CpioEntry, writeCpio } from "#recipes/cpio.ts";
import { type OpenedPackage, packageFile, type Recipe } from "#recipes/recipe.ts";
import { busyboxCommands } from "./busybox-commands.ts";
import { rootEntries } from "./linux-root.ts";
import { moduleEntries } from "./linux-modules.ts";

const KERNEL = /^boot\/vmlinu[xz]-(.+)$/;
const BUSYBOX = /^(?:usr\/)?bin\/busybox$/;

/** What the guest can load: virtio over MMIO with block devices and entropy, and ext4. */
const MODULES = ["virtio_mmio", "virtio_blk", "virtio_rng", "ext4", "crc32c_generic"];
const LOADED_AT_BOOT = ["virtio_mmio", "virtio_blk", "virtio_rng"];

/** Self-tests, measurements and tables that a guest of ours has no use for. */
const SKIPPED = [
  "jent_mod_init",
  "load_system_certificate_list",
  "init_kprobe_trace",
  "bpf_tcp_ca_kfunc_init",
  "bpf_dummy_struct_ops_init",
  "latency_fsnotify_init",
  "trace_eval_init",
  // Times misaligned loads, which are as fast as others here.
  "check_unaligned_access_all_cpus",
  // Self-tests that cryptomgr.notests leaves on, and the key type "encrypted": the last two start modprobe several times.
  "blake2s_mod_init",
  "crypto_kdf108_init",
  "init_encrypted",
  // /sys/kernel/slab
  "slab_sysfs_init",
];

/** Without what these leave out, the boot takes 230 million instructions instead of 1019. */
export const FAST = ["cryptomgr.notests", `initcall_blacklist=${SKIPPED.join()}`, "init_on_alloc=0", "audit=0"].join(
  " ",
);

/** Debian's kernel, unmodified, with busybox as its whole user land. */
export const linux: Recipe = {
  id: "linux",
  revision: 5,
  packages: [{ name: "linux-image-riscv64", dependency: /^linux-image-\d.*-riscv64$/ }, { name: "busybox-static" }],
  async build([kernel, busybox]) {
    if (!kernel || !busybox) throw new Error("A package of the recipe is missing.");
    return {
      properties: {
        title: "Debian Linux",
        description: "Debian 13's own riscv64 kernel and a BusyBox shell: about 270 commands, ext4, virtio disks.",
        kind: "system",
        os: "Linux",
        memoryMiB: 128,
        minimumMemoryMiB: 96,
        firmware: "sbi",
        commandLine: `console=ttyS0 quiet ${FAST}`,
        commandLines: {
          verbose: `console=ttyS0 earlycon=sbi ${FAST}`,
          "debian-default": "console=ttyS0",
        },
        prompt: "~ # ",
        crashText: "Kernel panic - not syncing",
        licences: ["GPL-2.0-only WITH Linux-syscall-note", "GPL-2.0-only", "LGPL-2.1-or-later"],
      },
      files: [
        { role: "kernel", bytes: packageFile(kernel, KERNEL) },
        { role: "initrd", bytes: writeCpio(await initramfs(kernel, busybox, MODULES, LOADED_AT_BOOT)) },
      ],
    };
  },
};

/** A root in memory: busybox with all its commands, and kernel modules, some of them loaded as it boots. */
export async function initramfs(
  kernel: OpenedPackage,
  busybox: OpenedPackage,
  modules: readonly string[],
  loadedAtBoot: readonly string[],
): Promise<readonly CpioEntry[]> {
  const binary = packageFile(busybox, BUSYBOX);
  const commands = busyboxCommands(binary).filter((name) => name !== "busybox" && name !== "linuxrc");
  return [
    ...rootEntries(loadedAtBoot),
    { type: "file", path: "bin/busybox", bytes: binary, mode: 0o755 },
    ...commands.map((name): CpioEntry => ({ type: "symlink", path: `bin/${name}`, target: "busybox" })),
    ...(await moduleEntries(kernel.files, kernelRelease(kernel), modules)),
  ];
}

function kernelRelease(kernel: OpenedPackage): string {
  for (const path of kernel.files.keys()) {
    const release = KERNEL.exec(path)?.[1];
    if (release) return release;
  }
  throw new Error(`${kernel.record.name} has no kernel.`);
}
