import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { describe, expect } from "vitest";
import { root } from "#cli/bundle.mjs";
import { words } from "#machine/boot/elf.fixture.ts";
import type { ImageManifest } from "#protocol/image.ts";
import { encodeI, encodeS } from "#riscv/encode.ts";
import { waitForState } from "./guests.fixture.ts";
import {
  badChains,
  li,
  queueProgram,
  STOP_HERE,
  WFI,
  WRITE_SECTORS,
  writeDiskProgram,
} from "./hostile-programs.fixture.ts";
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

const [T0, A0] = [5, 10] as const;

/** A manifest of right checksums over any files, and what the server has for it. */
function imageOf(id: string, files: Readonly<Record<string, Uint8Array>>, changes: Partial<ImageManifest> = {}) {
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

async function serve(page: Page, { id, manifest, chunks }: ReturnType<typeof imageOf>): Promise<void> {
  await page.route(`**/guests/${id}.json`, (route) => route.fulfill({ json: manifest }));
  for (const [sha256, body] of chunks) {
    await page.route(`**/guests/chunks/${sha256}`, (route) => route.fulfill({ body }));
  }
}

/** Has the catalogue list only these. */
async function catalogue(page: Page, images: readonly string[]): Promise<void> {
  await page.route("**/guests/index.json", (route) => route.fulfill({ json: { formatVersion: 1, images } }));
}

function create(page: Page, image: string, memoryMiB?: number): Promise<string> {
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
async function neighbourAnswers(page: Page): Promise<void> {
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

describe("a catalogue that cannot be read", () => {
  test.for([
    ["cut short", { body: '{"formatVersion":1,"ima' }, "it is not JSON or is cut short"],
    ["of another program", { body: "<!doctype html>" }, "it is not JSON or is cut short"],
    ["of a newer format", { json: { formatVersion: 9 } }, "this version of Tabvisor reads 2"],
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
  expect(await create(page, "uboot", 1e9)).toContain("1000000000 MiB more cannot be had");
  expect(await create(page, "uboot", 4096)).toMatch(/no 4096 MiB of shared memory left .* Destroy a guest/);
  await page.getByRole("alert").getByText("4096 MiB of shared memory").waitFor();
  await page.evaluate(() => window.tabvisor.guests()[0]?.destroy());
  await neighbourAnswers(page);
});

/** Waits for a line of the log of the guest on screen, that must stand there once. */
async function logged(page: Page, said: string): Promise<void> {
  await page.getByRole("tab", { name: "Log" }).click();
  const lines = page.getByRole("list", { name: "Log, newest first" }).getByText(said);
  await lines.first().waitFor();
  expect(await lines.count()).toBe(1);
}

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

test("odd accesses to PLIC, UART and virtio are told in the guest's log, once each", async ({ openPage }) => {
  const { page } = await openPage();
  const access = [0x0c00_0000, 0x1000_0000, 0x1000_7000].flatMap((address) => [
    ...li(T0, address),
    encodeI(0x1003, A0, T0, 0),
    encodeS(0x1023, T0, 0, 2),
  ]);
  await serve(page, imageOf("odd", { kernel: words(...access, ...access, WFI, STOP_HERE) }));
  await create(page, "odd");
  for (const said of [
    "plic: an access of 2 bytes at offset 0x0; registers are aligned words, so it reads 0 and ignores writes",
    "ns16550: a read of 2 bytes",
    "virtio-rng: an access of 2 bytes to a register of 4; it reads 0 and ignores writes",
  ]) {
    await logged(page, said);
  }
});

test("a virtqueue that loops, points outside RAM or has zero length is told in the guest's log", async ({
  openPage,
}) => {
  const { page, problems } = await openPage();
  for (const [name, chain, said] of badChains) {
    await serve(page, imageOf(name, { kernel: queueProgram(chain), disk: new Uint8Array(4096) }, { memoryMiB: 64 }));
    await create(page, name);
    await logged(
      page,
      `virtio-blk disk0: the driver broke the virtio specification: ${said}; the device needs a reset`,
    );
    await page.evaluate(() => window.tabvisor.guests()[0]?.destroy());
  }
  await neighbourAnswers(page);
  expect(problems).toEqual([]);
});

test("a full disk is an I/O error in the guest and a line in its log", async ({ openPage }) => {
  const { page } = await openPage();
  const served = imageOf(
    "fills",
    { kernel: writeDiskProgram(WRITE_SECTORS), disk: new Uint8Array(64 << 20) },
    { memoryMiB: 64 },
  );
  const files = served.manifest.files.map((file) =>
    file.role === "disk"
      ? { ...file, byteLength: file.byteLength * 9, chunks: Array.from({ length: 9 }, () => file.chunks[0]!) }
      : file,
  );
  await serve(page, { ...served, manifest: { ...served.manifest, files } as never });
  const id = await create(page, "fills");
  await page.evaluate(
    (id) =>
      window.tabvisor
        .guests()
        .find((guest) => guest.id === id)!
        .console.waitFor("F", { timeoutMs: 60_000 }),
    id,
  );
  await logged(
    page,
    "virtio-blk disk0: the disk is full: its overlay holds all of 536870912 bytes; the guest sees I/O errors",
  );
  await neighbourAnswers(page);
});

test("guests that spin in traps, wait for good or keep a device busy can be paused and destroyed", async ({
  openPage,
}) => {
  const { page, problems } = await openPage();
  const hostile = [
    imageOf("waits", { kernel: words(encodeI(0x1073, 0, 0, 0x304), encodeI(0x1073, 0, 0, 0x300), WFI, STOP_HERE) }),
    // 32 MiB with every notification, one after the other, for ever.
    imageOf("writes", { kernel: writeDiskProgram(0), disk: new Uint8Array(64 << 20) }, { memoryMiB: 64 }),
    // mtvec at an empty page whose zeros are illegal instructions.
    imageOf("spins", { kernel: words(...li(T0, 0x4000_0000), encodeI(0x1073, 0, T0, 0x305), 0) }),
  ];
  for (const image of hostile) {
    await serve(page, image);
    const id = await create(page, image.id);
    await page.waitForTimeout(500);
    const took = await page.evaluate(async (id) => {
      const guest = window.tabvisor.guests().find((each) => each.id === id)!;
      const began = performance.now();
      if (guest.runState === "running") await guest.pause();
      return performance.now() - began;
    }, id);
    expect.soft(took).toBeLessThan(500);
    await neighbourAnswers(page);
    await page.evaluate(
      (id) =>
        window.tabvisor
          .guests()
          .find((each) => each.id === id)!
          .destroy(),
      id,
    );
  }
  expect(problems).toEqual([]);
});

test("a guest that only traps is said to run wild, and its neighbour answers", async ({ openPage }) => {
  const { page } = await openPage();
  await serve(page, imageOf("wild", { kernel: words(encodeI(0x1073, 0, 0, 0x305), encodeI(0x67, 0, 0, 0)) }));
  const id = await create(page, "wild");
  expect(await waitForState(page, id, "crashed")).toContain("its trap handler traps");
  await page.getByRole("alert").getByText("its trap handler traps").waitFor();
  await neighbourAnswers(page);
});
