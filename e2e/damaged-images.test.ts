import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect } from "vitest";
import { root } from "#cli/bundle.mjs";
import { words } from "#machine/boot/elf.fixture.ts";
import type { ImageManifest } from "#protocol/image.ts";
import { waitForState } from "./guests.fixture.ts";
import { STOP_HERE, WFI } from "./hostile-programs.fixture.ts";
import { catalogue, create, imageOf, logged, neighbourAnswers, serve } from "./made-images.fixture.ts";
import { test } from "./page.fixture.ts";

const guests = join(root, "public/guests");
const linux = JSON.parse(readFileSync(join(guests, "linux.json"), "utf8")) as ImageManifest;

function fileOf(files: ImageManifest["files"], wanted: string): Buffer {
  const { chunks } = files.find(({ role }) => role === wanted)!;
  return Buffer.concat(
    chunks.map(({ sha256, encoding }) => {
      const stored = readFileSync(join(guests, "chunks", sha256));
      return encoding === "gzip" ? gunzipSync(stored) : stored;
    }),
  );
}

describe("a catalogue that cannot be read", () => {
  test.for([
    ["cut short", { body: '{"formatVersion":1,"ima' }, "it is not JSON or is cut short"],
    ["of another program", { body: "<!doctype html>" }, "it is not JSON or is cut short"],
    ["of a newer format", { json: { formatVersion: 9 } }, "this version of Tabvisor reads 1"],
    ["that is not there", { status: 404 }, "is not there. Build the images"],
    ["behind a server that fails", { status: 500 }, "the server answered 500"],
  ] as const)("%s: the gallery says so, and reads it again when asked", async ([, answer, words], { openPage }) => {
    const { page } = await openPage();
    await page.route("**/guests/index.json", (route) => route.fulfill({ ...answer }));
    await page.reload();
    const alert = page.getByRole("alert");
    await alert.getByText("The images could not be listed.").waitFor();
    await alert.getByText(words).waitFor();
    await page.unroute("**/guests/index.json");
    await alert.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("button", { name: "Start U-Boot" }).waitFor();
  });
});

test("damaged manifests are named in the gallery, each with its reason, and other images boot", async ({
  openPage,
}) => {
  const { page, problems } = await openPage();
  const good = imageOf("hostile", { kernel: words(STOP_HERE) });
  await catalogue(page, ["cut", "gone", "huge", "hostile", "uboot"]);
  await page.route("**/guests/cut.json", (route) =>
    route.fulfill({ body: JSON.stringify(good.manifest).slice(0, 200) }),
  );
  await serve(page, { ...good, id: "huge", manifest: { ...good.manifest, id: "huge", memoryMiB: 1e9 } });
  await serve(page, { ...good, manifest: { ...good.manifest, files: [{ sha256: "../../etc/passwd" }] } as never });
  await page.reload();
  for (const [name, reason] of [
    ["cut", "The manifest of image “cut” cannot be used: the manifest is damaged: it is not JSON or is cut short"],
    ["gone", "The manifest of image “gone” is not there. Build the images"],
    ["huge", "memoryMiB is not an integer from 1 to 4096"],
    ["hostile", "files[0].byteLength is not an integer"],
  ] as const) {
    const card = page.getByRole("article", { name });
    await card.getByText("damaged", { exact: true }).waitFor();
    await card.getByRole("alert").getByText(reason).waitFor();
    expect(await card.getByRole("button", { name: /Start/ }).count()).toBe(0);
  }
  await neighbourAnswers(page);
  expect(problems.filter((problem) => !problem.includes("404"))).toEqual([]);
});

const damages = [
  [{ body: gzipSync("something else") }, "A part of image “mended” is damaged (its checksum differs"],
  [{ body: Buffer.from("no gzip") }, "A part of image “mended” is damaged (its checksum differs"],
  [{ body: gzipSync(Buffer.alloc(50_000_000)) }, "A part of image “mended” is damaged (its checksum differs"],
  [{ status: 404 }, "A part of image “mended” is not there. Build the images"],
] as const;

test("a chunk that is damaged or missing: the console's place says why, and starting again mends it", async ({
  openPage,
}) => {
  const { page } = await openPage();
  for (const [index, [answer, reason]] of damages.entries()) {
    const image = imageOf("mended", { kernel: words(STOP_HERE, index) });
    const path = `**/guests/chunks/${[...image.chunks.keys()][0]}`;
    await serve(page, image);
    await page.route(path, (route) => route.fulfill({ ...answer }));
    expect(await create(page, "mended")).toContain(`TabvisorError: ${reason}`);
    const banner = page.getByRole("alert");
    await banner.getByText("mended crashed").waitFor();
    await banner.getByText(reason).waitFor();
    await page.getByRole("tab", { name: "Log" }).click();
    await page.getByRole("list", { name: "Log, newest first" }).getByText(reason).first().waitFor();
    await page.unroute(path);
    await serve(page, image);
    await banner.getByRole("button", { name: "Start again" }).click();
    await page.evaluate(async () => {
      const guest = window.tabvisor.guests().find(({ name }) => name === "mended")!;
      while (guest.runState !== "running") await new Promise((resolve) => setTimeout(resolve, 20));
      await guest.destroy();
    });
  }
});

test("a chunk that only the browser's cache has damaged is fetched anew", async ({ openPage }) => {
  const { page } = await openPage();
  const image = imageOf("cached", { kernel: words(WFI, STOP_HERE) });
  await serve(page, image);
  const [[sha256, body]] = [...image.chunks] as [[string, Buffer]];
  let asked = 0;
  await page.route(`**/guests/chunks/${sha256}`, (route) =>
    route.fulfill({ body: asked++ === 0 ? gzipSync("something else") : body }),
  );
  expect(await create(page, "cached")).toMatch(/^guest-/);
  expect(asked).toBe(2);
});

test("files that no machine can start, and memory that cannot be had, are refused in words on the page", async ({
  openPage,
}) => {
  const { page } = await openPage();
  const kernel = words(STOP_HERE);
  const elf = Buffer.alloc(64);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  const cpio = new TextEncoder().encode("070701".padEnd(110, "0") + "init\0\0");
  const cases = [
    [imageOf("initrd-noise", { kernel, initrd: Buffer.from("noise") }), "The initrd is corrupt"],
    [imageOf("initrd-cut", { kernel, initrd: cpio }), "The initrd is"],
    [imageOf("elf-noise", { kernel: elf }), "This ELF file is for another processor (machine number 0)"],
    [imageOf("elf-cut", { kernel: elf.subarray(0, 40) }), "The ELF file is truncated: it ends before its header."],
    [imageOf("zeros", { kernel: Buffer.alloc(4096) }), "The kernel file holds nothing but zeros"],
    [imageOf("packed", { kernel: gzipSync("x") }), "The kernel is compressed with gzip: decompress it first"],
    [imageOf("big", { kernel: Buffer.alloc(20 << 20, 1) }), "do not fit into 16 MiB of memory: give the guest"],
  ] as const;
  for (const [image, reason] of cases) {
    await serve(page, image);
    expect(await create(page, image.id)).toContain(reason);
    await page.getByRole("alert").getByText(reason).waitFor();
    await page.evaluate(() => window.tabvisor.guests()[0]?.destroy());
  }
  expect(await create(page, "uboot", 1e9)).toContain("memoryMiB is a whole number from 1 to 1048576");
  expect(await create(page, "uboot", 1e6)).toContain("1000000 MiB more cannot be had");
  expect(await create(page, "uboot", 4096)).toMatch(/no 4096 MiB of shared memory left .* Destroy a guest/);
  await page.getByRole("alert").getByText("4096 MiB of shared memory").waitFor();
  await page.evaluate(() => window.tabvisor.guests()[0]?.destroy());
  await neighbourAnswers(page);
});

test("a kernel and an initrd that are damaged where no checksum tells", async ({ openPage }) => {
  const { page } = await openPage();
  const { files, memoryMiB, firmware, commandLine, crashText } = linux;
  const changes = { memoryMiB, firmware, commandLine, ...(crashText !== undefined && { crashText }) };
  const whole = { kernel: fileOf(files, "kernel"), initrd: fileOf(files, "initrd") };
  const holed = Buffer.from(whole.kernel).fill(0x55, 20 << 20, 21 << 20);
  await serve(page, imageOf("mute", { ...whole, kernel: holed }, changes));
  await serve(page, imageOf("rootless", { ...whole, initrd: gzipSync(whole.initrd).subarray(0, 1_000_000) }, changes));
  await create(page, "mute");
  const rootless = await create(page, "rootless");
  expect(await waitForState(page, rootless, "crashed", 60_000)).toContain("Kernel panic - not syncing");
  await page.getByRole("alert").getByText("Kernel panic - not syncing").waitFor();
  await page.evaluate(
    (id) =>
      window.tabvisor
        .guests()
        .find((each) => each.id === id)!
        .destroy(),
    rootless,
  );
  await logged(page, "Nothing has been printed since power-on, 15 seconds ago.");
});
