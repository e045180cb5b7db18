import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, inject, onTestFinished, test } from "vitest";
import { root } from "#cli/bundle.mjs";
import { ask } from "#cli/server/server.fixture.ts";

interface Started {
  readonly child: ChildProcess;
  /** Resolves with what the process printed once that has the pattern, or once it ended. */
  until(pattern: RegExp): Promise<string>;
}

function start(environment: Readonly<Record<string, string>>, ...args: string[]): Started {
  const launcher = join(root, "src/cli/launch.mjs");
  const child = spawn(process.execPath, [launcher, "start", ...args], { env: { ...process.env, ...environment } });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
  }
  onTestFinished(() => void child.kill("SIGKILL"));
  const until = async (pattern: RegExp): Promise<string> => {
    while (!pattern.test(printed) && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 50));
    return printed;
  };
  return { child, until };
}

test("prints the URL once it answers there, and ends when told to", async () => {
  const { child, until } = start({ PORT: "0" });
  const [, url = ""] = (await until(/served at \S+/)).match(/served at (\S+)/) ?? [];
  const page = await fetch(url);
  expect(await page.text()).toContain("<title>Tabvisor</title>");
  expect(page.headers.get("cross-origin-embedder-policy")).toBe("require-corp");
  const catalogue = await fetch(`${url}/guests/index.json`);
  expect(await catalogue.json()).toMatchObject({ images: ["linux", "uboot"] });
  const closed = once(child, "close");
  child.kill("SIGTERM");
  expect(await closed).toEqual([0, null]);
});

test("answers to the names that it was told, and to no others", async () => {
  const { until } = start({ PORT: "0" }, "--allow-host", "Lab.example");
  const [, url = ""] = (await until(/served at \S+/)).match(/served at (\S+)/) ?? [];
  expect((await ask(url, "/", { Host: "lab.example" })).status).toBe(200);
  expect(await ask(url, "/", { Host: "evil.example" })).toMatchObject({
    status: 421,
    body: expect.stringContaining("--allow-host NAME"),
  });
});

test("serves without the isolation headers when asked to", async () => {
  const { until } = start({ PORT: "0" }, "--no-isolation");
  const [, url = ""] = (await until(/served at \S+/)).match(/served at (\S+)/) ?? [];
  expect((await fetch(url)).headers.get("cross-origin-opener-policy")).toBeNull();
});

test("a taken port is refused at once, with what to do", async () => {
  const { child, until } = start({ PORT: new URL(inject("url")).port });
  expect(await until(/is taken/)).toMatch(/Port \d+ is taken\. Choose another: PORT=\d+ npm start/);
  if (child.exitCode === null) await once(child, "close");
  expect(child.exitCode).toBe(1);
});

test.each(["http", "70000", "-1"])("PORT=%s is no port", async (port) => {
  expect(await start({ PORT: port }).until(/no port/)).toContain(`"${port}" is no port`);
});
