import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";
import { root } from "#cli/bundle.mjs";
import { pageFolder } from "#cli/page-build.ts";
import { startStaticServer } from "#cli/server/static-server.ts";
import { bootGuest, shell } from "./guests.fixture.ts";
import { test, untilReady } from "./page.fixture.ts";

/** In the page: tries each way to make code or markup of a string and resolves with how it ended. */
async function tryInjections(): Promise<Record<string, string>> {
  const markup = '<img src="x" onerror="window.injected = true">';
  const element = document.body.appendChild(document.createElement("div"));
  const script = document.createElement("script");
  const frame = document.createElement("iframe");
  const types = (
    window as unknown as {
      trustedTypes: { createPolicy(name: string, rules: object): { createScriptURL(url: string): string } };
    }
  ).trustedTypes;
  const rules = { createScriptURL: (url: string) => url };
  const blob = URL.createObjectURL(new Blob(["0"], { type: "text/javascript" }));
  const asFunction = (construct: FunctionConstructor) => construct("window.injected = true");
  const attempts: Record<string, () => unknown> = {
    innerHTML: () => (element.innerHTML = markup),
    outerHTML: () => (element.outerHTML = markup),
    insertAdjacentHTML: () => element.insertAdjacentHTML("beforeend", markup),
    "document.write": () => document.write(markup),
    DOMParser: () => new DOMParser().parseFromString(markup, "text/html"),
    createContextualFragment: () => document.createRange().createContextualFragment(markup),
    srcdoc: () => (frame.srcdoc = markup),
    "script text": () => (script.text = "window.injected = true"),
    "script source": () => (script.src = "/assets/other.js"),
    // oxlint-disable-next-line no-eval -- that it is refused is what is tested
    eval: () => globalThis.eval("window.injected = true"),
    Function: () => asFunction(Function),
    timer: () => setTimeout("window.injected = true" as unknown as () => void, 0),
    "worker by name": () => new Worker("/assets/other.js", { type: "module" }),
    "worker of a stranger": () => new Worker("https://evil.example/worker.js"),
    "worker of a blob": () => new Worker(blob),
    "worker of data": () => new Worker("data:text/javascript,0"),
    "shared worker": () => new SharedWorker("/assets/other.js"),
    "service worker": () => navigator.serviceWorker.register("/assets/other.js"),
    "our policy's name": () => types.createPolicy("tabvisor-workers", rules),
    "another policy": () => types.createPolicy("other", rules),
    "default policy": () => types.createPolicy("default", rules),
  };
  const ends: Record<string, string> = {};
  // What a debugger runs may use eval, until it has waited for something.
  await new Promise((resolve) => setTimeout(resolve, 0));
  for (const [name, attempt] of Object.entries(attempts)) {
    try {
      await attempt();
      ends[name] = "passed";
    } catch (error) {
      ends[name] = (error as Error).name;
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  if ("injected" in window) ends["injected"] = "ran";
  return ends;
}

async function expectAllRefused(page: Page): Promise<void> {
  await untilReady(page);
  const ends = Object.entries(await page.evaluate(tryInjections));
  expect(ends.filter(([, end]) => !["TypeError", "EvalError"].includes(end))).toEqual([]);
  expect(ends.length).toBe(21);
}

test("no string becomes markup, code or a worker", async ({ openPage }) => {
  const { page, problems } = await openPage();
  await expectAllRefused(page);
  expect(
    problems.filter((problem) => problem.startsWith("policy violated: require-trusted-types-for")).length,
  ).toBeGreaterThan(10);
});

test("nor where the host sends no policy: the page brings its own", async ({ openPage }) => {
  const anything = "default-src * data: blob: 'unsafe-inline' 'unsafe-eval'";
  const host = await startStaticServer({
    folders: [pageFolder, join(root, "public")],
    port: 0,
    headers: { "Content-Security-Policy": anything },
  });
  onTestFinished(() => host.close());
  const { page, problems } = await openPage();
  await page.goto(host.url);
  await untilReady(page);
  const guest = await bootGuest(page, { image: "uboot" });
  expect(guest.id).not.toBe("");
  expect(problems).toEqual([]);
  await expectAllRefused(page);
});

test("the page itself needs none of that: a round through all of it breaks no policy", async ({ openPage }) => {
  const { page, problems } = await openPage();
  const guest = await bootGuest(page, { image: "linux" });
  await shell(page, guest.id, "echo '<b>bold</b>'; printf '\\033]8;;javascript:alert(1)\\007link\\033]8;;\\007\\n'");
  await page.evaluate(async (id) => {
    const found = window.tabvisor.guests().find((each) => each.id === id)!;
    const { id: snapshot } = await found.snapshot('<img src="x">');
    await found.reset(snapshot);
    await found.fork('<script>alert("name")</script>');
  }, guest.id);
  for (const tab of await page.getByRole("tab").all()) await tab.click();
  await page.getByRole("button", { name: "Snapshot" }).first().hover();
  await page.locator(`[data-console="${guest.id}"] .xterm-screen`).click();
  await page.keyboard.press("Control+Shift+F");
  await page.keyboard.type("bold\n");
  await page.keyboard.press("Escape");
  for (const key of ["K", "H"]) {
    await page.keyboard.press(`Control+Shift+${key}`);
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  }
  await page
    .getByRole("button", { name: /^More for/ })
    .first()
    .click();
  await page.getByRole("menu").waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Escape");
  expect(problems).toEqual([]);
});
