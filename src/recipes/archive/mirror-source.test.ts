import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MirrorSource } from "./mirror-source.ts";

const quiet = { say: () => {}, bytes: () => {} };
const deb = Buffer.from("the whole package");
const sum = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const index = gzipSync(
  `Package: tool\nVersion: 1\nArchitecture: riscv64\nFilename: pool/t/tool.deb\nSize: ${deb.length}\nSHA256: ${sum(deb)}\n`,
);
const release = `Codename: trixie\nSHA256:\n ${sum(index)} ${index.length} main/binary-riscv64/Packages.gz\n`;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tabvisor-mirror-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A mirror that serves these files, remembers what was asked of it, and whose signature is the word "signed". */
function mirror(files: Readonly<Record<string, Uint8Array>>, asked: string[] = []): MirrorSource {
  const answer = (url: unknown, init?: RequestInit) => {
    const path = String(url).replace("http://mirror.example/debian/", "");
    const range = new Headers(init?.headers).get("range");
    asked.push(`${path}${range ? ` ${range}` : ""}`);
    const bytes = files[path];
    if (!bytes) return Promise.resolve(new Response("no", { status: 404, statusText: "Not Found" }));
    const start = Number(/bytes=(\d+)-/.exec(range ?? "")?.[1] ?? 0);
    return Promise.resolve(new Response(new Uint8Array(bytes.subarray(start)), { status: range ? 206 : 200 }));
  };
  const verify = (signed: Uint8Array) => {
    const text = Buffer.from(signed).toString();
    return text.startsWith("signed\n") ? Promise.resolve(text.slice(7)) : Promise.reject(new Error("bad signature"));
  };
  return new MirrorSource({ suite: "trixie", architecture: "riscv64" }, "http://mirror.example/debian/", {
    fetch: answer as typeof fetch,
    verify,
  });
}

const whole = {
  "dists/trixie/InRelease": Buffer.from(`signed\n${release}`),
  "dists/trixie/main/binary-riscv64/Packages.gz": index,
  "pool/t/tool.deb": deb,
};

test("a package is found through the signed index and fetched", async () => {
  const source = mirror(whole);
  await source.update(quiet);
  const record = await source.find("tool");
  expect(record).toMatchObject({ version: "1", byteLength: deb.length, sha256: sum(deb) });
  expect(await source.find("other")).toBeUndefined();
  if (record) await source.download(record, join(folder, "tool.deb"), quiet);
  expect(readFileSync(join(folder, "tool.deb"))).toEqual(deb);
});

test("a download goes on where it was cut", async () => {
  const asked: string[] = [];
  const source = mirror(whole, asked);
  await source.update(quiet);
  const record = await source.find("tool");
  writeFileSync(join(folder, "tool.deb.partial"), deb.subarray(0, 5));
  if (record) await source.download(record, join(folder, "tool.deb"), quiet);
  expect(asked.at(-1)).toBe("pool/t/tool.deb bytes=5-");
  expect(readFileSync(join(folder, "tool.deb"))).toEqual(deb);
  expect(existsSync(join(folder, "tool.deb.partial"))).toBe(false);
});

test("a bad signature, another suite, an altered index and a missing file are refused", async () => {
  const other = Buffer.from(`signed\n${release.replace("trixie", "bookworm")}`);
  await expect(mirror({ ...whole, "dists/trixie/InRelease": Buffer.from(release) }).update(quiet)).rejects.toThrow(
    "bad",
  );
  await expect(mirror({ ...whole, "dists/trixie/InRelease": other }).update(quiet)).rejects.toThrow(
    "not that of Debian",
  );
  const altered = { ...whole, "dists/trixie/main/binary-riscv64/Packages.gz": gzipSync("Package: tool\n") };
  await expect(mirror(altered).update(quiet)).rejects.toThrow("not what its signature says");
  await expect(mirror({}).update(quiet)).rejects.toThrow("answered 404 Not Found");
});
