import { packageFile, type Recipe } from "#recipes/recipe.ts";

const U_BOOT = /^usr\/lib\/u-boot\/qemu-riscv64_smode\/u-boot\.bin$/;

/** U-Boot at its prompt: a second operating environment that starts in a blink. */
export const uboot: Recipe = {
  id: "uboot",
  revision: 1,
  packages: [{ name: "u-boot-qemu" }],
  async build([package_]) {
    if (!package_) throw new Error("The package u-boot-qemu is missing.");
    return {
      properties: {
        title: "U-Boot",
        description:
          "The boot loader of many RISC-V boards, at its prompt: look at memory, devices and the device tree.",
        kind: "system",
        os: "U-Boot",
        memoryMiB: 64,
        minimumMemoryMiB: 32,
        firmware: "sbi",
        commandLine: "",
        prompt: "\n=> ",
        crashText: "### ERROR ### Please RESET the board ###",
        licences: ["GPL-2.0-or-later"],
      },
      files: [{ role: "kernel", bytes: packageFile(package_, U_BOOT) }],
    };
  },
};
