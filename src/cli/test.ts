import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "./bundle.mjs";
import { ensureChromium } from "./chromium.ts";
import { ensurePrograms, type Requirement } from "./debian-packages.ts";
import { ensurePageBuild } from "./page-build.ts";
import { ensureGuestImages } from "./start.ts";

const USAGE = `Usage: npm test [-- OPTIONS]

Runs every test: format, types, lint, dead code, unit tests, comparison with QEMU, the page in Chromium.
Missing programs are installed through apt when run as root.

  --only PART    one of: checks, unit, differential, e2e
  --help`;

const JUDGES: readonly Requirement[] = [
  { program: "qemu-riscv64", debianPackage: "qemu-user" },
  { program: "qemu-system-riscv64", debianPackage: "qemu-system-misc" },
  { program: "riscv64-linux-gnu-gcc", debianPackage: "gcc-riscv64-linux-gnu" },
];

const CHECKS = [
  ["format", "oxfmt", "--check", "."],
  ["types", "tsc", "-b"],
  ["lint", "oxlint"],
  ["dead code", "knip"],
] as const;

const PARTS = ["checks", "unit", "differential", "e2e"];

interface Tally {
  passed: number;
  failed: number;
}

function say(text: string): void {
  console.log(`[test] ${text}`);
}

/** Runs one of the tools of node_modules; resolves with its exit status. */
function run(
  tool: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<number> {
  const path = join(root, "node_modules/.bin", tool);
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...environment } });
    child.once("error", reject).once("close", (status) => resolve(status ?? 1));
  });
}

async function runChecks(tally: Tally): Promise<void> {
  for (const [name, tool, ...args] of CHECKS) {
    say(`Checking: ${name}`);
    if ((await run(tool, args)) === 0) tally.passed += 1;
    else {
      tally.failed += 1;
      say(`FAILED: ${name} (${tool} ${args.join(" ")})`);
    }
  }
}

/** What vitest's JSON report says; a run that broke off before it wrote one counts as one failure. */
function readReport(path: string, status: number): Tally {
  try {
    const report = JSON.parse(readFileSync(path, "utf8")) as {
      numPassedTests: number;
      numFailedTests: number;
      numFailedTestSuites: number;
    };
    const failed = report.numFailedTests || report.numFailedTestSuites || (status === 0 ? 0 : 1);
    return { passed: report.numPassedTests, failed };
  } catch {
    return { passed: 0, failed: 1 };
  }
}

async function runVitest(
  tally: Tally,
  name: string,
  config: string,
  environment?: Record<string, string>,
): Promise<void> {
  const folder = join(root, ".cache/reports");
  mkdirSync(folder, { recursive: true });
  const report = join(folder, `${name}-${process.pid}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const status = await run("vitest", ["run", "--config", config, ...reporters], environment);
  const counted = readReport(report, status);
  tally.passed += counted.passed;
  tally.failed += counted.failed;
}

async function runEndToEnd(tally: Tally): Promise<void> {
  const chromium = ensureChromium(say);
  await ensureGuestImages();
  await ensurePageBuild(say);
  say("The page in Chromium");
  await runVitest(tally, "e2e", "e2e/vitest.config.ts", { TABVISOR_CHROMIUM: chromium });
}

/** `npm test`: every test there is; the last line counts them. */
export async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options: { only: { type: "string" }, help: { type: "boolean" } } });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const only = values.only;
  if (only !== undefined && !PARTS.includes(only)) throw new Error(`--only ${only}: one of ${PARTS.join(", ")}`);
  const started = Date.now();
  const tally: Tally = { passed: 0, failed: 0 };
  if (!only || only === "checks") await runChecks(tally);
  if (!only || only === "unit") {
    say("Unit tests");
    await runVitest(tally, "unit", "vite.config.ts");
  }
  if (!only || only === "differential") {
    ensurePrograms(JUDGES, say);
    say("Comparison with QEMU");
    await runVitest(tally, "differential", "e2e/differential/vitest.config.ts");
  }
  if (!only || only === "e2e") await runEndToEnd(tally);
  say(`took ${((Date.now() - started) / 60_000).toFixed(1)} minutes`);
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  return tally.failed === 0 ? 0 : 1;
}
