import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { describe, expect } from "vitest";
import { test } from "./page-fake.fixture.ts";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Violation {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** What axe calls serious or critical, in words. */
async function seriousProblems(page: Page): Promise<readonly string[]> {
  await page.evaluate(axeSource);
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } };
    return (await axe.run()).violations;
  });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ""}`));
}

async function twoGuests(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await window.tabvisor.create({ image: "linux" });
    await window.tabvisor.create({ image: "uboot" });
  });
  await page.locator('[data-console="guest-2"] .xterm-screen').waitFor();
}

/** What the first guest's fake console lets tests see and do. */
interface FakeConsole {
  readonly received: string;
  print(text: string): void;
}

function received(page: Page): Promise<string> {
  return page.evaluate(() => (window.tabvisor.guests()[0]!.console as unknown as FakeConsole).received);
}

function print(page: Page, text: string): Promise<void> {
  return page.evaluate(
    (printed) => (window.tabvisor.guests()[0]!.console as unknown as FakeConsole).print(printed),
    text,
  );
}

const scenes: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  gallery: (page) => page.locator("article").first().waitFor(),
  options: async (page) => {
    await page.getByRole("button", { name: "Options for Linux" }).click();
    await page.getByRole("dialog").waitFor();
  },
  "two guests": twoGuests,
  crash: async (page) => {
    await twoGuests(page);
    await page.evaluate(() => window.tabvisor.guests()[0]?.console.send("echo c > /proc/sysrq-trigger\r"));
    await page.getByRole("alert").waitFor();
  },
  "off and paused": async (page) => {
    await twoGuests(page);
    await page.evaluate(async () => {
      window.tabvisor.guests()[0]?.console.send("poweroff\r");
      await window.tabvisor.guests()[1]?.pause();
    });
    await page.getByText("linux is off").waitFor();
  },
  menu: async (page) => {
    await twoGuests(page);
    await page.getByRole("button", { name: "More for linux" }).click();
    await page.getByRole("menu").waitFor();
  },
  palette: async (page) => {
    await page.keyboard.press("Control+Shift+K");
    await page.getByRole("combobox").waitFor();
  },
  help: async (page) => {
    await page.keyboard.press("Control+Shift+H");
    await page.getByRole("dialog").waitFor();
  },
  resources: async (page) => {
    await twoGuests(page);
    await page.getByRole("tab", { name: "Resources" }).click();
  },
  devices: async (page) => {
    await twoGuests(page);
    await page.getByRole("tab", { name: "Devices" }).click();
  },
  log: async (page) => {
    await twoGuests(page);
    await page.getByRole("tab", { name: "Log" }).click();
  },
};

/** Each scene is also kept as a picture in `e2e/results`, to be looked at. */
describe.each(["light", "dark"] as const)("axe finds nothing serious, %s", (colorScheme) => {
  test.for(Object.keys(scenes))("%s", async (name, { openFake }) => {
    const { page, problems } = await openFake({ colorScheme });
    await scenes[name]?.(page);
    await page.screenshot({ path: `e2e/results/${name.replaceAll(" ", "-")}-${colorScheme}.png` });
    expect(await seriousProblems(page)).toEqual([]);
    expect(problems).toEqual([]);
  });
});

test("loading shows its bytes, and can be cancelled", async ({ openFake }) => {
  const { page } = await openFake({ query: "?loadMs=500&stuckAt=0.5" });
  await page.getByRole("button", { name: "Start Linux, tiny" }).click();
  await page.getByText("6.2 MB of 12.4 MB").waitFor();
  expect(await page.getByRole("progressbar").getAttribute("aria-valuetext")).toBe("6.2 MB of 12.4 MB");
  expect(await seriousProblems(page)).toEqual([]);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("heading", { name: "Real machines, in this tab." }).waitFor();
});

test("options start a guest with a name, memory and command line of one's own", async ({ openFake }) => {
  const { page } = await openFake();
  await page.getByRole("button", { name: "Options for Linux" }).click();
  await page.getByLabel("Name").fill("lab");
  await page.getByLabel("Memory").selectOption("256");
  await page.getByLabel("Kernel command line").selectOption("debian-default");
  await page.getByRole("dialog").getByRole("button", { name: "Start" }).click();
  await page.getByRole("region", { name: "Pane of lab" }).waitFor();
  expect(await page.evaluate(() => window.tabvisor.guests().map(({ name, memoryMiB }) => [name, memoryMiB]))).toEqual([
    ["lab", 256],
  ]);
});

test("a reset asks once, says how long it took, and brings back the screen", async ({ openFake }) => {
  const { page } = await openFake();
  await twoGuests(page);
  const linux = page.getByRole("region", { name: "Pane of linux" });
  await linux.locator(".xterm-screen").click();
  await page.keyboard.type("uname -a\n");
  await linux.getByText("Linux (none)").waitFor();
  await linux.getByRole("button", { name: "Reset to “first prompt”" }).click();
  await page.getByRole("alertdialog").getByText("Do not ask again").click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Reset" }).click();
  await page.getByText("Reset to “first prompt” in 12 ms").waitFor();
  await expect.poll(() => linux.getByText("Linux (none)").count()).toBe(0);
  await linux.getByRole("button", { name: "Reset to “first prompt”" }).click();
  await expect.poll(() => page.getByText("Reset to “first prompt” in 12 ms").count()).toBe(2);
});

test("a crash says what happened and what can be done; the other guest goes on", async ({ openFake }) => {
  const { page } = await openFake();
  await twoGuests(page);
  await page.locator('[data-console="guest-1"] .xterm-screen').click();
  await page.keyboard.type("echo c > /proc/sysrq-trigger\n");
  const banner = page.getByRole("alert");
  await banner.getByText("sysrq triggered crash").waitFor();
  await page.locator('[data-console="guest-2"] .xterm-screen').click();
  await page.keyboard.type("ls\n");
  await page.locator('[data-console="guest-2"]').getByText("init").waitFor();
  await banner.getByRole("button", { name: "Keep a snapshot of the crash" }).click();
  await page.getByText("Snapshot “the crash” taken").first().waitFor();
  await page.evaluate(() => window.tabvisor.guests()[0]?.reset("guest-1-s1"));
  await page.getByRole("region", { name: "Pane of linux" }).getByText("running").waitFor();
});

test("what a guest or a person calls things is text, never markup", async ({ openFake }) => {
  const { page, problems } = await openFake();
  await page.evaluate(async () => {
    const guest = await window.tabvisor.create({ image: "linux", name: "<img src=x onerror=alert(1)>" });
    await guest.snapshot("<b id=injected>bold</b>");
    guest.console.send("<i id=injected>\r");
  });
  await page.getByRole("region", { name: "Pane of <img" }).waitFor();
  await page.getByText("<b id=injected>bold</b>").first().waitFor();
  expect(await page.locator("#injected, img").count()).toBe(0);
  expect(problems).toEqual([]);
});

test("a paste cannot end its own bracket, and the terminal's answers reach the guest", async ({ openFake }) => {
  const { page } = await openFake();
  await page.evaluate(() => window.tabvisor.create({ image: "linux" }));
  await print(page, "\u001b[?2004h");
  await page.locator('[data-console="guest-1"] .xterm-screen').click();
  await page.evaluate(() => navigator.clipboard.writeText("one\u001b[201~two\nthree"));
  await page.keyboard.press("Control+Shift+V");
  await expect.poll(() => received(page)).toBe("\u001b[200~onetwo\rthree\u001b[201~");
  await print(page, "\u001b[c");
  await expect.poll(() => received(page)).toContain("\u001b[?1;2c");
  await print(page, "\u001b[6n".repeat(5000));
  await page.waitForTimeout(500);
  expect((await received(page)).match(/\u001b\[\d+;\d+R/g)?.length).toBeLessThanOrEqual(128);
});

test("selected text is copied, the console is searched, and shown as plain text", async ({ openFake }) => {
  const { page } = await openFake();
  await page.evaluate(() => window.tabvisor.create({ image: "linux" }));
  const screen = page.locator('[data-console="guest-1"] .xterm-screen');
  await screen.click();
  await page.keyboard.type("free -m\n");
  await page.locator('[data-console="guest-1"]').getByText("Mem:").waitFor();
  const line = await page.locator('[data-console="guest-1"] .xterm-rows').getByText("Mem:").boundingBox();
  await page.mouse.dblclick((line?.x ?? 0) + 8, (line?.y ?? 0) + 8);
  await page.keyboard.press("Control+Shift+C");
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain("Mem");

  await page.keyboard.press("Control+Shift+F");
  await page.getByLabel("Find in the console").fill("serial");
  await page.getByText("1 of 1").waitFor();
  await page.keyboard.press("Escape");
  expect(await page.evaluate(() => document.activeElement?.className)).toContain("xterm-helper-textarea");

  await screen.click({ button: "right" });
  await page.getByRole("menuitem", { name: "Show as plain text" }).click();
  await expect.poll(() => page.getByLabel("Console as plain text").inputValue()).toContain("Mem:");
});

test("the whole page can be worked by keyboard, and the console can be left", async ({ openFake }) => {
  const { page } = await openFake();
  await page.keyboard.press("Control+Shift+K");
  await page.keyboard.type("start linux");
  await page.keyboard.press("Enter");
  await page.locator('[data-console="guest-1"]').waitFor();
  const inConsole = () => page.evaluate(() => document.activeElement?.className.includes("xterm-helper-textarea"));
  await expect.poll(inConsole).toBe(true);
  await page.keyboard.type("l");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Control+A");
  await page.keyboard.press("Escape");
  expect(await received(page)).toBe("l\t\u0001\u001b");
  await page.keyboard.press("Control+Shift+L");
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe("Pause");
  await page.keyboard.press("Enter");
  await page.getByText("Paused. What you type waits.").waitFor();
  await page.keyboard.press("Control+Shift+S");
  await page.getByText("taken in").waitFor();
});

test("tabs are dragged into another pane, and theme and layout outlive a reload", async ({ openFake }) => {
  const { page } = await openFake();
  await twoGuests(page);
  await page.getByRole("tab", { name: /uboot/ }).dragTo(page.locator('[data-console="guest-1"]'));
  await expect.poll(() => page.getByRole("tablist", { name: "Consoles in this pane" }).count()).toBe(1);
  await page
    .getByRole("tab", { name: /uboot/ })
    .dragTo(page.locator('[data-console="guest-2"]'), { targetPosition: { x: 300, y: 700 } });
  await expect.poll(() => page.getByRole("tablist", { name: "Consoles in this pane" }).count()).toBe(2);
  await page.getByRole("button", { name: /^Theme/ }).click();
  expect(await page.evaluate(() => document.documentElement.dataset["theme"])).toBe("light");
  await page.reload();
  await page.locator("main").waitFor();
  expect(await page.evaluate(() => document.documentElement.dataset["theme"])).toBe("light");
  await twoGuests(page);
  const boxes = await Promise.all(
    [1, 2].map((number) => page.locator(`[data-console="guest-${number}"]`).boundingBox()),
  );
  expect(boxes[1]?.y).toBeGreaterThan(boxes[0]?.y ?? Number.NaN);
});

test("a flood in one console leaves the other quick, and Ctrl-C ends it", async ({ openFake }) => {
  const { page } = await openFake();
  await twoGuests(page);
  await page.evaluate(() => window.tabvisor.guests()[0]?.console.send("yes\r"));
  await page.locator('[data-console="guest-2"] .xterm-screen').click();
  await page.keyboard.type("ls\n");
  await page.locator('[data-console="guest-2"]').getByText("init").waitFor({ timeout: 3000 });
  await page.locator('[data-console="guest-1"] .xterm-screen').click();
  await page.keyboard.press("Control+C");
  await page.locator('[data-console="guest-1"]').getByText("^C").waitFor();
});

test("destroying asks once, and the last guest's end leads back to the gallery", async ({ openFake }) => {
  const { page } = await openFake();
  await page.evaluate(() => window.tabvisor.create({ image: "linux" }));
  await page.getByRole("button", { name: "More for linux" }).click();
  await page.getByRole("menuitem", { name: "Destroy…" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Destroy" }).click();
  await page.getByText("“linux” destroyed").waitFor();
  await page.getByRole("heading", { name: "Real machines, in this tab." }).waitFor();
});

describe("keys", () => {
  const textarea = '[data-console="guest-1"] textarea';

  test("Ctrl+/ is the unit separator", async ({ openFake }) => {
    const { page } = await openFake();
    await twoGuests(page);
    await page.locator(textarea).focus();
    await page.keyboard.press("Control+/");
    await expect.poll(() => received(page)).toBe("\u001f");
  });

  test("keys that come with keyCode 229, as from a virtual keyboard, arrive", async ({ openFake }) => {
    const { page } = await openFake();
    await twoGuests(page);
    await page.locator(textarea).focus();
    await page.evaluate((selector) => {
      const press = (init: KeyboardEventInit) =>
        document
          .querySelector(selector)
          ?.dispatchEvent(new KeyboardEvent("keydown", { ...init, keyCode: 229, bubbles: true, cancelable: true }));
      press({ key: "Enter", code: "Enter" });
      press({ key: "ArrowUp", code: "ArrowUp" });
      press({ key: "Backspace", code: "Backspace" });
      press({ key: "c", code: "KeyC", ctrlKey: true });
      press({ key: "Process", code: "KeyA" });
    }, textarea);
    await expect.poll(() => received(page)).toBe("\r\u001b[A\u007f\u0003");
  });

  test("what cannot be sent is said, and the page goes on", async ({ openFake }) => {
    const { page } = await openFake();
    await twoGuests(page);
    await page.evaluate(() => {
      window.tabvisor.guests()[0]!.console.send = () => {
        throw new Error("Nothing was sent: 16.0 MiB wait for the guest already.");
      };
    });
    await page.locator(textarea).focus();
    await page.keyboard.press("x");
    await page.getByText("16.0 MiB wait for the guest already").waitFor();
  });
});

describe("the keyboard", () => {
  /** The console that has it. */
  const owner = (page: Page) =>
    page.evaluate(() => document.activeElement?.closest<HTMLElement>("[data-console]")?.dataset["console"]);

  test("stays with the console when the window becomes narrow or wide", async ({ openFake }) => {
    const { page } = await openFake();
    await twoGuests(page);
    const before = await owner(page);
    expect(before).toBeDefined();
    for (const width of [900, 1100, 700, 1280]) {
      await page.setViewportSize({ width, height: 720 });
      await page.waitForTimeout(300);
      expect(await owner(page), `at ${width} px`).toBe(before);
    }
  });

  test("goes to a pane's console when a button of the pane is clicked", async ({ openFake }) => {
    const { page } = await openFake();
    await twoGuests(page);
    await page
      .getByRole("toolbar", { name: /Tools for linux/i })
      .getByRole("button", { name: "Pause" })
      .click();
    await expect.poll(() => owner(page)).toBe("guest-1");
  });
});
