import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import type { V86, V86Options } from "v86";
import { root } from "#cli/bundle.mjs";
import { CHROMIUM_FLAGS } from "#cli/chromium.ts";
import { contentSecurityPolicy } from "#cli/server/http-headers.ts";
import { startStaticServer, type StaticServer } from "#cli/server/static-server.ts";
import { bootToPrompt, DISK_MIB, measureInShell, prepareShell, type Measured, type Shell, type Side } from "./side.ts";
import { V86_COMMAND_LINES, type V86Guest } from "./v86-guest.ts";
import type { CommandLine, Work } from "./work.ts";

const PACKAGE = join(root, "node_modules/v86");

/** Longer than anything that is waited for. */
const TAIL_CHARACTERS = 256;

/** A machine that stands still between works must not say so on the console in the middle of one. */
const BE_QUIET = "dmesg -n 1; echo 0 >/proc/sys/kernel/watchdog";

/** The version of the package, of which `npm ci` takes the one in our lock file. */
export function v86Version(): string {
  const { version } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8")) as { version: string };
  return version;
}

/** What we put into v86's page. */
interface V86Window {
  readonly machine: V86;
  readonly expect: (source: string, timeoutMs: number) => Promise<string>;
}

interface StartOptions {
  readonly commandLine: string;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  /** Handed in, so that no bundler takes it for a module of ours. */
  readonly module: string;
}

/** Runs in the page: starts v86 with a serial console that can be waited at. */
async function startInPage({ commandLine, memoryBytes, diskBytes, module }: StartOptions): Promise<void> {
  const { V86 } = (await import(/* @vite-ignore */ module)) as { readonly V86: new (options: V86Options) => V86 };
  const machine = new V86({
    wasm_path: "/v86.wasm",
    memory_size: memoryBytes,
    bios: { url: "/bios.bin" },
    vga_bios: { url: "/vga-bios.bin" },
    bzimage: { url: "/kernel.bin" },
    initrd: { url: "/initrd.bin" },
    cmdline: commandLine,
    ...(diskBytes > 0 && { hda: { buffer: new ArrayBuffer(diskBytes) } }),
    autostart: true,
    disable_speaker: true,
  });
  let tail = "";
  let look = (): void => {};
  machine.add_listener("serial0-output-byte", (byte) => {
    tail = (tail + String.fromCharCode(byte)).slice(-TAIL_CHARACTERS);
    look();
  });
  const expect = (source: string, timeoutMs: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const pattern = new RegExp(source);
      const timer = setTimeout(
        () => reject(new Error(`No ${source} within ${timeoutMs / 1000} s: ${tail}`)),
        timeoutMs,
      );
      look = () => {
        const match = pattern.exec(tail);
        if (!match) return;
        clearTimeout(timer);
        look = () => {};
        tail = tail.slice(match.index + match[0].length);
        resolve(match[0]);
      };
      look();
    });
  Object.assign(globalThis, { machine, expect } satisfies V86Window);
}

/** The serial console of the machine in a page. */
class V86Shell implements Shell {
  readonly #page: Page;
  #countedBefore = 0;
  #counted = 0;

  constructor(page: Page) {
    this.#page = page;
  }

  send(text: string): Promise<void> {
    return this.#page.evaluate((sent) => (globalThis as unknown as V86Window).machine.serial0_send(sent), text);
  }

  async expect(pattern: RegExp, timeoutMs: number): Promise<RegExpMatchArray> {
    const found = await this.#page.evaluate(
      ([source, limit]) => (globalThis as unknown as V86Window).expect(source, limit),
      [pattern.source, timeoutMs] as const,
    );
    const match = found.match(pattern);
    if (!match) throw new Error(`No ${pattern} in ${found}`);
    return match;
  }

  /** v86 counts in 32 bits; no work has as many instructions. */
  async instructions(): Promise<number> {
    const now = await this.#page.evaluate(() => (globalThis as unknown as V86Window).machine.get_instruction_counter());
    this.#counted += (now - this.#countedBefore) >>> 0;
    this.#countedBefore = now;
    return this.#counted;
  }

  /** An idle v86 takes a third of a core from whoever is measured next. */
  async setRunning(isWanted: boolean): Promise<void> {
    await this.#page.evaluate(async (wanted) => {
      const { machine } = globalThis as unknown as V86Window;
      await (wanted ? machine.run() : machine.stop());
    }, isWanted);
  }
}

/** v86 keeps time in a worker that it makes from a blob, and knows no Trusted Types. */
const V86_POLICY = {
  "worker-src": "'self' blob:",
  "require-trusted-types-for": undefined,
  "trusted-types": undefined,
};

/** v86 in the same headless Chromium, with a Debian for i386. */
export class V86Side implements Side {
  readonly name: string;
  readonly architecture = "x86";
  readonly bootsSlowly = true;
  readonly #executable: string;
  readonly #memoryMiB: number;
  readonly #guest: V86Guest;
  #server: StaticServer | undefined;
  #browser: Browser | undefined;
  #shell: V86Shell | undefined;

  constructor(name: string, executable: string, memoryMiB: number, guest: V86Guest) {
    this.name = name;
    this.#executable = executable;
    this.#memoryMiB = memoryMiB;
    this.#guest = guest;
  }

  excuse(): undefined {}

  boot(commandLine: CommandLine): Promise<Measured> {
    return this.#boot(commandLine, 0);
  }

  async start(works: readonly Work[]): Promise<void> {
    await this.#boot("fast", DISK_MIB);
    await prepareShell(this.#running(), `${BE_QUIET}; cp /bin/workload /tmp`, works);
    await this.#running().setRunning(false);
  }

  async measure(work: Work): Promise<Measured> {
    const shell = this.#running();
    await shell.setRunning(true);
    const measured = await measureInShell(shell, work);
    await shell.setRunning(false);
    return measured;
  }

  async close(): Promise<void> {
    await this.#browser?.close();
    await this.#server?.close();
  }

  async #boot(commandLine: CommandLine, diskMiB: number): Promise<Measured> {
    await this.close();
    writeFileSync(join(this.#guest.folder, "index.html"), "<!doctype html><title>v86</title>");
    this.#server = await startStaticServer({
      folders: [this.#guest.folder, join(PACKAGE, "build")],
      port: 0,
      headers: { "Content-Security-Policy": contentSecurityPolicy(V86_POLICY) },
    });
    this.#browser = await chromium.launch({ executablePath: this.#executable, args: [...CHROMIUM_FLAGS] });
    const page = await this.#browser.newPage();
    await page.goto(this.#server.url);
    const { shell, measured } = await bootToPrompt(async () => {
      await page.evaluate(startInPage, {
        commandLine: V86_COMMAND_LINES[commandLine],
        memoryBytes: this.#memoryMiB << 20,
        diskBytes: diskMiB << 20,
        module: "/libv86.mjs",
      });
      return new V86Shell(page);
    });
    this.#shell = shell;
    return measured;
  }

  #running(): V86Shell {
    if (!this.#shell) throw new Error("v86 was not started");
    return this.#shell;
  }
}
