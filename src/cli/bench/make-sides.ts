import { join } from "node:path";
import { currentBundle, root } from "#cli/bundle.mjs";
import { ensureChromium } from "#cli/chromium.ts";
import { ensurePrograms } from "#cli/debian-packages.ts";
import { ensurePageBuild, pageFolder } from "#cli/page-build.ts";
import { ensureGuestImages } from "#cli/start.ts";
import { startStaticServer } from "#cli/server/static-server.ts";
import { ChromiumSide } from "./chromium-side.ts";
import { removeDisk, writeDiskImage, writeEmptyDisk, writeImageFiles, type ImageFiles } from "./image-files.ts";
import { NativeSide } from "./native-side.ts";
import { ProcessSide, type MachineCommand } from "./process-side.ts";
import { buildProgram, hostArchitecture, type Architecture, type Program } from "./program.ts";
import { DISK_MIB, type Side } from "./side.ts";
import { ensureV86Guest } from "./v86-guest.ts";
import { V86Side, v86Version } from "./v86-side.ts";
import { commonVersions, packagesText } from "./versions.ts";

/** What can be asked for, in the order of the report. */
export const SIDES = ["native", "qemu", "node", "chromium", "v86"] as const;

type SideName = (typeof SIDES)[number];

const MEMORY_MIB = 512;
const QEMU = "qemu-system-riscv64 (TCG)";
const V86 = "v86, Chromium";

/** The sides of one run, with what they stand on. */
export interface MadeSides {
  readonly sides: readonly Side[];
  readonly memoryMiB: number;
  /** Names of sides to compare with. */
  readonly baselines: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
  /** Ends every machine. */
  close(): Promise<void>;
}

/** What sides are made from; made when the first of them asks. */
class Workshop {
  readonly versions: Record<string, string> = {};
  readonly #say: (text: string) => void;
  readonly #linux: ImageFiles;
  readonly #url: string;
  readonly #programs = new Map<Architecture, Program>();

  constructor(say: (text: string) => void, linux: ImageFiles, url: string) {
    this.#say = say;
    this.#linux = linux;
    this.#url = url;
    this.versions["Guest, riscv64"] = packagesText(linux.manifest.packages);
  }

  async make(name: SideName): Promise<readonly Side[]> {
    switch (name) {
      case "native":
        return hostArchitecture ? [new NativeSide(this.#program(hostArchitecture).path)] : [];
      case "qemu":
        ensurePrograms([{ program: "qemu-system-riscv64", debianPackage: "qemu-system-misc" }], this.#say);
        return [new ProcessSide(QEMU, this.#program("riscv64").path, qemu(this.#linux))];
      case "node":
        return [new ProcessSide("Tabvisor, Node", this.#program("riscv64").path, tabvisor)];
      case "chromium":
        return [this.#chromium()];
      case "v86":
        return [await this.#v86()];
    }
  }

  #program(architecture: Architecture): Program {
    const program = this.#programs.get(architecture) ?? buildProgram(architecture, this.#say);
    this.#programs.set(architecture, program);
    this.versions[`Program, ${architecture}`] = program.madeBy;
    return program;
  }

  #chromium(): Side {
    const executable = ensureChromium(this.#say);
    const program = this.#program("riscv64").path;
    return new ChromiumSide({ executable, url: this.#url, memoryMiB: MEMORY_MIB, program });
  }

  async #v86(): Promise<Side> {
    const guest = await ensureV86Guest(this.#program("i386").path);
    this.versions["v86"] = v86Version();
    this.versions["Guest, i386"] = packagesText(guest.packages);
    return new V86Side(V86, ensureChromium(this.#say), MEMORY_MIB, guest);
  }
}

/** The disk's file is the host's page cache and no more, as our disks are memory. */
function qemu({ kernel, initrd, commandLines }: ImageFiles): MachineCommand {
  return ({ commandLine, hasDisk }) => {
    const machine = ["-M", "virt", "-m", String(MEMORY_MIB), "-accel", "tcg"];
    const console = ["-display", "none", "-monitor", "none", "-serial", "stdio"];
    const guest = ["-kernel", kernel, "-initrd", initrd, "-append", commandLines[commandLine]];
    const transport = ["-global", "virtio-mmio.force-legacy=false"];
    const drive = () => ["-drive", `if=none,id=disk,format=raw,cache=unsafe,file=${writeEmptyDisk()}`];
    const disk = hasDisk ? [...transport, ...drive(), "-device", "virtio-blk-device,drive=disk"] : [];
    return ["qemu-system-riscv64", ...machine, ...console, ...guest, ...disk];
  };
}

const tabvisor: MachineCommand = ({ commandLine, hasDisk }) => {
  const launcher = join(root, "src/cli/launch.mjs");
  const named = commandLine === "fast" ? [] : ["--command-line", commandLine];
  const disk = hasDisk ? ["--disk", `${DISK_MIB}M`] : [];
  return [process.execPath, launcher, "run", "linux", "--memory", String(MEMORY_MIB), ...named, ...disk];
};

/** What the others are compared with: QEMU and v86, else whoever comes first. */
function baselinesOf(sides: readonly Side[]): readonly string[] {
  const names = sides.map(({ name }) => name);
  const found = [QEMU, V86].filter((name) => names.includes(name));
  return found.length > 0 ? found : names.slice(0, 1);
}

/** Makes the sides that were asked for, with all that they need: images, programs, the page and a server for it. */
export async function makeSides(wanted: readonly SideName[], say: (text: string) => void): Promise<MadeSides> {
  await ensureGuestImages();
  await ensurePageBuild(say);
  await currentBundle();
  const linux = await writeImageFiles();
  const folders = [pageFolder, join(root, "public"), writeDiskImage(linux.manifest)];
  const server = await startStaticServer({ folders, port: 0 });
  const sides: Side[] = [];
  const close = async (): Promise<void> => {
    for (const side of sides) await side.close();
    await server.close();
    removeDisk();
  };
  try {
    const workshop = new Workshop(say, linux, server.url);
    for (const name of wanted) sides.push(...(await workshop.make(name)));
    const needsChromium = wanted.includes("chromium") || wanted.includes("v86");
    const versions = { ...commonVersions(needsChromium ? ensureChromium(say) : undefined), ...workshop.versions };
    return { sides, memoryMiB: MEMORY_MIB, baselines: baselinesOf(sides), versions, close };
  } catch (error) {
    await close();
    throw error;
  }
}
