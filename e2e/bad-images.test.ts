import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { root } from "#cli/bundle.mjs";
import type { ImageFile, ImageManifest } from "#protocol/image.ts";
import { bootGuest, MEASURED, shell } from "./guests.fixture.ts";
import { test } from "./page.fixture.ts";

const guests = join(root, "public/guests");
const linux = JSON.parse(readFileSync(join(guests, "linux.json"), "utf8")) as ImageManifest;

interface Served {
  readonly manifest: string;
  readonly chunks: ReadonlyMap<string, Buffer>;
}

function fileOf(role: ImageFile["role"]): Buffer {
  const file = linux.files.find((each) => each.role === role)!;
  return Buffer.concat(
    file.chunks.map(({ sha256, encoding }) => {
      const stored = readFileSync(join(guests, "chunks", sha256));
      return encoding === "gzip" ? gunzipSync(stored) : stored;
    }),
  );
}

/** An image whose checksums are right, whatever its files are. */
function imageOf(id: string, files: Readonly<Record<"kernel" | "initrd", Buffer>>, memoryMiB = 128): Served {
  const chunks = new Map<string, Buffer>();
  const listed = Object.entries(files).map(([role, bytes]) => {
    const stored = gzipSync(bytes, { level: 1 });
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    chunks.set(sha256, stored);
    const chunk = { sha256, byteLength: bytes.length, storedBytes: stored.length, encoding: "gzip" };
    return { role, byteLength: bytes.length, sha256, chunks: [chunk] };
  });
  return { manifest: JSON.stringify({ ...linux, id, files: listed, memoryMiB, minimumMemoryMiB: 1 }), chunks };
}

/** Serves an image that is not in the catalogue; gives what `create` says. */
async function createBad(page: Page, id: string, { manifest, chunks }: Served): Promise<string> {
  await page.route(`**/guests/${id}.json`, (route) => route.fulfill({ body: manifest }));
  for (const [sha256, body] of chunks) {
    await page.route(`**/guests/chunks/${sha256}`, (route) => route.fulfill({ body }));
  }
  return page.evaluate(async (image) => {
    try {
      const guest = await window.tabvisor.create({ image });
      await guest.console.waitFor("~ # ", { timeoutMs: 10_000 });
      return "it booted";
    } catch (error) {
      return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    }
  }, id);
}

test("images that are damaged are refused in words, and nothing else is harmed", MEASURED, async ({ openPage }) => {
  const { page } = await openPage();
  const { id: neighbour } = await bootGuest(page, { image: "linux", name: "neighbour" });
  const [kernel, initrd] = [fileOf("kernel"), fileOf("initrd")];
  const noise = Buffer.alloc(100_000, "noise ");
  const whole = imageOf("cut-manifest", { kernel: noise, initrd });
  const damaged = imageOf("damaged-chunk", { kernel: noise, initrd: Buffer.from("small") });
  const cases: readonly [string, Served, RegExp][] = [
    ["cut-manifest", { ...whole, manifest: whole.manifest.slice(0, 500) }, /TabvisorError: .*damaged/],
    [
      "damaged-chunk",
      { ...damaged, chunks: new Map([...damaged.chunks].map(([name]) => [name, gzipSync("something else")])) },
      /TabvisorError: .*checksum/,
    ],
    ["noise", imageOf("noise", { kernel: noise, initrd }), /TabvisorError: .*runs wild/],
    [
      "cut-kernel",
      imageOf("cut-kernel", { kernel: kernel.subarray(0, 5_000_000), initrd }),
      /TabvisorError: .*(cut|truncated|short)/i,
    ],
    ["too-big", imageOf("too-big", { kernel, initrd }, 16), /TabvisorError: .*MiB/],
  ];
  const said: string[] = [];
  for (const [id, served, words] of cases) {
    const answer = await createBad(page, id, served);
    said.push(`${id}: ${answer}`);
    expect.soft(answer).toMatch(words);
    expect((await shell(page, neighbour, "true")).milliseconds).toBeLessThan(1000);
  }
  console.log(said.join("\n"));
});

test("an image that the server does not have, and a server that is gone", async ({ openPage }) => {
  const { page } = await openPage();
  const create = (image: string) =>
    page.evaluate(async (image) => {
      while (window.tabvisor === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
      return window.tabvisor.create({ image }).catch((error: Error) => `${error.name}: ${error.message}`);
    }, image);
  expect(await create("none")).toMatch(/TabvisorError: .*not there/);
  await page.route("**/guests/chunks/*", (route) => route.abort());
  expect(await create("uboot")).toMatch(/TabvisorError: .*could not be fetched/);
});
