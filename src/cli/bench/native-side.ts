import { spawnSync } from "node:child_process";
import type { Measured, Side } from "./side.ts";
import { BOOTS, WORKS, type Work } from "./work.ts";

/** The same program on this host, without any machine around it. */
export class NativeSide implements Side {
  readonly name = "native";
  readonly architecture = "x86";
  readonly #program: string;

  constructor(program: string) {
    this.#program = program;
  }

  excuse(name: string): string | undefined {
    if (BOOTS.some((boot) => boot.name === name)) return "–";
    return WORKS.find((work) => work.name === name)?.command && "needs a guest";
  }

  boot(): Promise<Measured> {
    throw new Error("There is nothing to boot natively");
  }

  async start(): Promise<void> {}

  async measure(work: Work): Promise<Measured> {
    const started = performance.now();
    const { stdout, status } = spawnSync(this.#program, [work.name, String(work.count)], { encoding: "utf8" });
    const seconds = (performance.now() - started) / 1000;
    if (status !== 0) throw new Error(`The native ${work.name} ended with status ${status}`);
    return { seconds, instructions: undefined, checksum: stdout.trim().split(" ").at(-1) ?? "" };
  }

  async close(): Promise<void> {}
}
