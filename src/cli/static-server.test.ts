import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { contentSecurityPolicy } from "./http-headers.ts";
import { probePort, startStaticServer, type StaticServer } from "./static-server.ts";

let scratch: string;
let server: StaticServer;

beforeEach(async () => {
  scratch = mkdtempSync(join(tmpdir(), "tabvisor-server-"));
  mkdirSync(join(scratch, "page/assets"), { recursive: true });
  mkdirSync(join(scratch, "public"));
  writeFileSync(join(scratch, "page/index.html"), "<!doctype html>");
  writeFileSync(join(scratch, "page/.built-from"), "secret");
  writeFileSync(join(scratch, "page/assets/a-1.js"), "export {};");
  writeFileSync(join(scratch, "public/index.json"), "{}");
  writeFileSync(join(scratch, "secret.json"), "secret");
  server = await startStaticServer({ folders: [join(scratch, "page"), join(scratch, "public")], port: 0 });
});

afterEach(async () => {
  await server.close();
  rmSync(scratch, { recursive: true });
});

/** The status for a path sent as it is: `fetch` would tidy it first. */
function statusOf(path: string, method = "GET"): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(server.url, { path, method }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once("error", reject)
      .end();
  });
}

test("a caller's headers take the place of ours", async () => {
  const policy = contentSecurityPolicy({ "worker-src": "blob:" });
  const other = await startStaticServer({
    folders: [join(scratch, "page")],
    port: 0,
    headers: { "Content-Security-Policy": policy },
  });
  const { headers } = await fetch(other.url);
  await other.close();
  expect(headers.get("content-security-policy")).toBe(policy);
  expect(policy).toContain("worker-src blob:; ");
  expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval'; ");
  expect(headers.get("cross-origin-embedder-policy")).toBe("require-corp");
});

test("the page comes with the headers that give it shared memory", async () => {
  const response = await fetch(server.url);
  expect(await response.text()).toBe("<!doctype html>");
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "content-type": "text/html; charset=utf-8",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
  });
  const policy = response.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval';");
  expect(policy).toContain("default-src 'none'");
});

test("files with a hash in their name may be kept for ever, others are asked for again", async () => {
  const script = await fetch(`${server.url}/assets/a-1.js`);
  expect(script.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  expect(script.headers.get("cache-control")).toContain("immutable");
  const etag = (await fetch(`${server.url}/index.json`)).headers.get("etag") ?? "";
  expect((await fetch(`${server.url}/index.json`, { headers: { "if-none-match": etag } })).status).toBe(304);
});

test.each([
  "/../secret.json",
  "/%2e%2e/secret.json",
  "/..%2fsecret.json",
  "/..%5csecret.json",
  "/assets/../../secret.json",
  "/.built-from",
  "/%00",
  "/%",
  "/assets",
  "//secret.json",
  "/nothing",
])("there is nothing for %s", async (path) => {
  expect(await statusOf(path)).toBe(404);
});

test("only reading is answered", async () => {
  expect(await statusOf("/", "POST")).toBe(405);
  expect(await statusOf("/", "HEAD")).toBe(200);
});

test("without isolation the page's own policy stays", async () => {
  const bare = await startStaticServer({ folders: [join(scratch, "page")], port: 0, isolated: false });
  const { headers } = await fetch(bare.url);
  await bare.close();
  expect(headers.get("cross-origin-embedder-policy")).toBeNull();
  expect(headers.get("content-security-policy")).not.toBeNull();
});

test("a taken port is said with what to do", async () => {
  const port = Number(new URL(server.url).port);
  await expect(probePort(port)).rejects.toThrow(`PORT=${port + 1} npm start`);
});
