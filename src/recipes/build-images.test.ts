import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeDeb } from "./archive/deb.fixture.ts";
import type { PackageRecord, PackageSource } from "./archive/package-source.ts";
import { buildImages, importImages } from "./build-images.ts";
import { Cache } from "./cache.ts";
import { sha256 } from "./chunk.ts";
import { packageFile, type Recipe } from "./recipe.ts";

const quiet = { say: () => {}, bytes: () => {} };

/** An archive with one package and a meta package that depends on it. */
class FakeSource implements PackageSource {
  readonly archive = { suite: "trixie", architecture: "riscv64" };
  readonly origin = "fake";
  kernel = "kernel 1";
  updates = 0;
  downloads = 0;
  isDown = false;
  damages = false;

  update(): Promise<void> {
    this.updates++;
    return this.isDown ? Promise.reject(new Error("no network")) : Promise.resolve();
  }

  find(name: string): Promise<PackageRecord | undefined> {
    const deb = this.#deb();
    const record = { version: "1", architecture: "riscv64", fileName: "k.deb", byteLength: deb.length, depends: [] };
    if (name === "kernel-meta") return Promise.resolve({ ...record, name, sha256: "", depends: ["libc", "kernel-1"] });
    return Promise.resolve(name === "kernel-1" ? { ...record, name, sha256: sha256(deb) } : undefined);
  }

  download(_record: PackageRecord, target: string): Promise<void> {
    this.downloads++;
    const deb = this.#deb();
    if (this.damages) deb[deb.length - 1] = 1;
    writeFileSync(target, deb);
    return Promise.resolve();
  }

  #deb(): Buffer {
    return makeDeb({ "./boot/kernel": this.kernel });
  }
}

const recipe: Recipe = {
  id: "test",
  revision: 1,
  packages: [{ name: "kernel-meta", dependency: /^kernel-\d/ }],
  async build([kernel]) {
    if (!kernel) throw new Error("no kernel");
    const words = { title: "T", description: "", os: "Test", commandLine: "", prompt: "# $", licences: [] };
    return {
      properties: { ...words, kind: "system", memoryMiB: 64, minimumMemoryMiB: 32, firmware: "sbi" },
      files: [{ role: "kernel", bytes: packageFile(kernel, /^boot\/kernel$/) }],
    };
  },
};

let folder = "";
let source = new FakeSource();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tabvisor-build-"));
  source = new FakeSource();
});
afterEach(() => rmSync(folder, { recursive: true }));

function build(target: string, refresh = false): Promise<void> {
  const cache = new Cache(join(folder, "cache"));
  const more = { source, refresh, progress: quiet, catalogue: [recipe] };
  return buildImages([recipe], { target: join(folder, target), cache, ...more });
}

const chunks = (target: string) => readdirSync(join(folder, target, "chunks"));
const read = (target: string, name: string) => readFileSync(join(folder, target, name), "utf8");

test("an image with manifest, catalogue and chunks; every package is listed", async () => {
  await build("a");
  expect(JSON.parse(read("a", "index.json"))).toEqual({ formatVersion: 1, images: ["test"] });
  const manifest: unknown = JSON.parse(read("a", "test.json"));
  expect(manifest).toMatchObject({ id: "test", packages: [{ name: "kernel-1", version: "1" }] });
  expect(chunks("a")).toEqual([sha256("kernel 1")]);
});

test("a second checkout comes from the cache, without the archive, byte for byte", async () => {
  await build("a");
  source.isDown = true;
  await build("b");
  expect([source.updates, source.downloads]).toEqual([1, 1]);
  expect(read("b", "test.json")).toBe(read("a", "test.json"));
  expect(chunks("b")).toEqual(chunks("a"));
});

test("a newer package replaces the image and its chunks when asked for", async () => {
  await build("a");
  source.kernel = "kernel 2";
  await build("a");
  expect(chunks("a")).toEqual([sha256("kernel 1")]);
  await build("a", true);
  expect(chunks("a")).toEqual([sha256("kernel 2")]);
});

test("damaged chunks are repaired, in the checkout and in the cache", async () => {
  await build("a");
  const name = sha256("kernel 1");
  truncateSync(join(folder, "a/chunks", name), 2);
  truncateSync(join(folder, "cache/images/chunks", name), 3);
  await build("a");
  expect(read("a", `chunks/${name}`)).toBe("kernel 1");
});

test("a download that is not what the index says is refused, and fetched anew the next time", async () => {
  source.damages = true;
  await expect(build("a")).rejects.toThrow("arrived damaged");
  expect(existsSync(join(folder, "a/test.json"))).toBe(false);
  source.damages = false;
  await build("a");
});

test("two builds at once do not disturb each other", async () => {
  await Promise.all([build("a"), build("b"), build("a")]);
  expect(source.downloads).toBe(1);
  expect(chunks("b")).toEqual(chunks("a"));
});

test("without an archive or anything known, the archive's error is what a person sees", async () => {
  source.isDown = true;
  await expect(build("a")).rejects.toThrow("no network");
  expect(existsSync(join(folder, "cache/lock"))).toBe(false);
});

test("ready images are copied once all of them was checked", async () => {
  await build("a");
  importImages([], join(folder, "a"), join(folder, "c"), quiet);
  expect(read("c", "test.json")).toBe(read("a", "test.json"));
  truncateSync(join(folder, "a/chunks", sha256("kernel 1")), 2);
  expect(() => importImages([], join(folder, "a"), join(folder, "d"), quiet)).toThrow("some are damaged");
  expect(() => importImages([], join(folder, "none"), join(folder, "d"), quiet)).toThrow("has no images");
  writeFileSync(join(folder, "a/test.json"), "{");
  expect(() => importImages(["test"], join(folder, "a"), join(folder, "d"), quiet)).toThrow("cut short");
});

test("what nothing has used in a month leaves the cache", async () => {
  await build("a");
  const images = join(folder, "cache/images");
  const [key] = readdirSync(images).filter((name) => name.endsWith(".json"));
  const longAgo = new Date(Date.now() - 40 * 24 * 3600 * 1000);
  for (const path of [
    join(images, key ?? ""),
    ...readdirSync(join(folder, "cache/packages")).map((name) => join(folder, "cache/packages", name)),
  ]) {
    utimesSync(path, longAgo, longAgo);
  }
  source.kernel = "kernel 2";
  await build("a", true);
  expect(readdirSync(join(images, "chunks"))).toEqual([sha256("kernel 2")]);
  expect(readdirSync(join(folder, "cache/packages"))).toHaveLength(1);
});
