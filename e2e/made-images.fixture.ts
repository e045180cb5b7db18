import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import type { ImageManifest } from "#protocol/image.ts";

/** A manifest of right checksums over any files, and what the server has for it. */
export function imageOf(id: string, files: Readonly<Record<string, Uint8Array>>, changes: Partial<ImageManifest> = {}) {
  const chunks = new Map<string, Buffer>();
  const listed = Object.entries(files).map(([role, bytes]) => {
    const stored = gzipSync(bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    chunks.set(sha256, stored);
    const chunk = { sha256, byteLength: bytes.length, storedBytes: stored.length, encoding: "gzip" };
    return { role, byteLength: bytes.length, sha256, chunks: [chunk] };
  });
  const manifest = {
    formatVersion: 2,
    id,
    title: `Image ${id}`,
    description: "Made by a test.",
    kind: "system",
    os: "None",
    memoryMiB: 16,
    minimumMemoryMiB: 1,
    firmware: "bare",
    commandLine: "",
    files: listed,
    prompt: "> ",
    licences: [],
    packages: [],
    ...changes,
  };
  return { id, manifest, chunks };
}

/** Has the page get an image from here. */
export async function serve(page: Page, { id, manifest, chunks }: ReturnType<typeof imageOf>): Promise<void> {
  await page.route(`**/guests/${id}.json`, (route) => route.fulfill({ json: manifest }));
  for (const [sha256, body] of chunks) {
    await page.route(`**/guests/chunks/${sha256}`, (route) => route.fulfill({ body }));
  }
}

/** Has the catalogue list only these. */
export async function catalogue(page: Page, images: readonly string[]): Promise<void> {
  await page.route("**/guests/index.json", (route) => route.fulfill({ json: { formatVersion: 1, images } }));
}

/** Makes a guest; gives its id, or the words in which that was refused. */
export function create(page: Page, image: string, memoryMiB?: number): Promise<string> {
  return page.evaluate(
    async ({ image, memoryMiB }) => {
      while (window.tabvisor === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
      const options = memoryMiB === undefined ? { image } : { image, memoryMiB };
      return window.tabvisor.create(options).then(
        (guest) => guest.id,
        (error: Error) => `${error.name}: ${error.message}`,
      );
    },
    { image, memoryMiB },
  );
}

/** Whether U-Boot, booted or there already, answers what is typed. */
export async function neighbourAnswers(page: Page): Promise<void> {
  const text = await page.evaluate(async () => {
    const there = window.tabvisor.guests().find(({ image }) => image === "uboot");
    const guest = there ?? (await window.tabvisor.create({ image: "uboot" }));
    if (!there) await guest.console.waitFor("=> ", { timeoutMs: 60_000 });
    const from = guest.console.text().length;
    guest.console.send("echo still $arch\n");
    return guest.console.waitFor("still riscv", { from });
  });
  expect(text).toContain("still riscv");
}

/** Waits for a line of the log of the guest on screen, that must stand there once. */
export async function logged(page: Page, said: string): Promise<void> {
  await page.getByRole("tab", { name: "Log" }).click();
  const lines = page.getByRole("list", { name: "Log, newest first" }).getByText(said);
  await lines.first().waitFor();
  expect(await lines.count()).toBe(1);
}
