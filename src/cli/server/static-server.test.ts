import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { contentSecurityPolicy, ISOLATION_HEADERS, SECURITY_HEADERS } from "./http-headers.ts";
import { ask, DIGITS, makeSite, SCRIPT, sendRaw, type RawAnswer, type Site } from "./server.fixture.ts";
import { probePort, startStaticServer, type StaticServer, type StaticServerOptions } from "./static-server.ts";

let site: Site;
let server: StaticServer;

beforeAll(async () => {
  site = makeSite();
  server = await startStaticServer({ folders: site.folders, port: 0 });
});

afterAll(async () => {
  await server.close();
  site.remove();
});

async function other(options: Partial<StaticServerOptions>): Promise<string> {
  const started = await startStaticServer({ folders: site.folders, port: 0, ...options });
  onTestFinished(() => started.close());
  return started.url;
}

function expectOurHeaders({ headers }: RawAnswer): void {
  for (const [name, value] of Object.entries({ ...ISOLATION_HEADERS, ...SECURITY_HEADERS }))
    expect(headers[name.toLowerCase()], name).toBe(value);
}

describe("what is served", () => {
  test.each([
    ["/", "text/html; charset=utf-8", "no-cache", "<!doctype html>"],
    ["/index.html?engine=interpreter", "text/html; charset=utf-8", "no-cache", "<!doctype html>"],
    ["/assets/a-1.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", SCRIPT],
    ["/assets/a%2D1.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", SCRIPT],
    ["/index.json", "application/json; charset=utf-8", "no-cache", "{}"],
    ["/guests/chunks/abc", "application/octet-stream", "public, max-age=31536000, immutable", "chunk"],
    ["/empty.txt", "text/plain; charset=utf-8", "no-cache", ""],
    ["/100%2525.txt", "text/plain; charset=utf-8", "no-cache", "a name with a % in it"],
  ])("%s", async (path, type, caching, content) => {
    const answer = await ask(server.url, path);
    expect(answer).toMatchObject({ status: 200, body: content });
    expect(answer.headers).toMatchObject({ "content-type": type, "cache-control": caching });
    expect(answer.headers["content-length"]).toBe(String(content.length));
    expectOurHeaders(answer);
  });

  test("HEAD has the headers of GET and nothing else", async () => {
    const { status, headers, body } = await ask(server.url, "/digits.txt", {}, "HEAD");
    expect({ status, body, length: headers["content-length"] }).toEqual({ status: 200, body: "", length: "10" });
  });

  test("the policy lets the page run our scripts only, and only from trusted URLs", () => {
    const policy = contentSecurityPolicy();
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval';");
    expect(policy).toContain("require-trusted-types-for 'script'; trusted-types tabvisor-workers");
  });

  test("a caller's headers take the place of ours", async () => {
    const policy = contentSecurityPolicy({ "worker-src": "blob:" });
    const url = await other({ headers: { "Content-Security-Policy": policy } });
    const { headers } = await ask(url, "/");
    expect(headers["content-security-policy"]).toBe(policy);
    expect(policy).toContain("worker-src blob:; ");
    expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval'; ");
    expect(headers["cross-origin-embedder-policy"]).toBe("require-corp");
  });

  test("without isolation the page's own policy stays", async () => {
    const { headers } = await ask(await other({ isolated: false }), "/");
    expect(headers["cross-origin-embedder-policy"]).toBeUndefined();
    expect(headers["content-security-policy"]).toBe(contentSecurityPolicy());
  });
});

describe("what is not there", () => {
  test.each([
    "/nothing",
    "/assets",
    "/assets/",
    "/../secret.json",
    "/%2e%2e/secret.json",
    "/.%2e/secret.json",
    "/assets/../../secret.json",
    "/assets/../index.html",
    "/./index.html",
    "//index.html",
    "//secret.json",
    "/assets//a-1.js",
    "/.built-from",
    "/%2ebuilt-from",
    "/index.html.",
    "/index.html%20",
    "/index.html::$DATA",
    "/index.html/",
    "/C:/secret.json",
    "/100%25.txt",
    `/${"long".repeat(70)}`,
  ])("nothing for %s", async (path) => {
    const answer = await ask(server.url, path);
    expect(answer).toMatchObject({ status: 404, body: "There is no such file.\n" });
    expectOurHeaders(answer);
  });

  test.each(["/file-link.json", "/folder-link/secret.json", "/absolute-link.json", "/hidden-link", "/inner-link.html"])(
    "a symbolic link is not followed: %s",
    async (path) => {
      expect((await ask(server.url, path)).status).toBe(404);
    },
  );

  test("a folder that is itself reached by a link is served", async () => {
    const url = await other({ folders: [`${site.folders[0]}/folder-link`] });
    expect((await ask(url, "/secret.json")).status).toBe(200);
  });
});

describe("what is no request of ours", () => {
  test.each([
    "/%",
    "/%zz",
    "/%e0%a4",
    "/%00",
    "/index.html%00.js",
    "/..%2fsecret.json",
    "/..%5csecret.json",
    "/..\\secret.json",
    "/index.html%0d%0aX:y",
    "*",
    "http://localhost/index.html",
  ])("400 for %s", async (target) => {
    const answer = await ask(server.url, target);
    expect(answer.status).toBe(400);
    expect(answer.body).not.toBe("");
    expectOurHeaders(answer);
  });

  test.each(["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])(
    "405 for %s, with what is allowed",
    async (method) => {
      const answer = await ask(server.url, "/", {}, method);
      expect(answer).toMatchObject({ status: 405, body: "Only GET and HEAD are answered.\n" });
      expect(answer.headers["allow"]).toBe("GET, HEAD");
      expectOurHeaders(answer);
    },
  );

  test.each([
    ["no HTTP", "hello\r\n\r\n", 400],
    ["no path", "GET index.html HTTP/1.1\r\nHost: localhost\r\n\r\n", 400],
    ["no host", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400],
    ["two hosts", "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 400],
    ["a tunnel", "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n", 400],
    ["too many headers", `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"y".repeat(20_000)}\r\n\r\n`, 431],
    ["an expectation", "GET / HTTP/1.1\r\nHost: localhost\r\nExpect: cake\r\nConnection: close\r\n\r\n", 417],
    ["asking first", "GET / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n", 417],
  ])("%s", async (_, request, status) => {
    const answer = await sendRaw(server.url, request);
    expect(answer.status).toBe(status);
    expectOurHeaders(answer);
  });

  test.each([
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "127.evil.example",
    "10.0.0.1",
    "",
    "[::2]",
    "a b",
  ])("a stranger's name for this server: %s", async (host) => {
    const answer = await ask(server.url, "/", { Host: host });
    expect(answer.status).toBe(421);
    expect(answer.body).toContain("--allow-host");
    expectOurHeaders(answer);
  });

  test.each(["localhost", "LOCALHOST:80", "localhost:5173", "127.0.0.1", "127.8.9.1:8080", "[::1]:5173"])(
    "loopback by any of its names: %s",
    async (host) => {
      expect((await ask(server.url, "/", { Host: host })).status).toBe(200);
    },
  );

  test("a name that the owner allowed", async () => {
    const url = await other({ allowedHosts: ["lab.example"] });
    expect((await ask(url, "/", { Host: "Lab.example:443" })).status).toBe(200);
    expect((await ask(url, "/", { Host: "evil.lab.example" })).status).toBe(421);
  });
});

describe("parts and conditions", () => {
  test.each([
    ["bytes=0-0", "0-0", "0"],
    ["bytes=3-5", "3-5", "345"],
    ["bytes=7-", "7-9", "789"],
    ["bytes=7-100", "7-9", "789"],
    ["bytes=-3", "7-9", "789"],
    ["bytes=-100", "0-9", DIGITS],
  ])("%s", async (range, sent, content) => {
    const answer = await ask(server.url, "/digits.txt", { Range: range });
    expect(answer).toMatchObject({ status: 206, body: content });
    expect(answer.headers).toMatchObject({
      "content-range": `bytes ${sent}/10`,
      "content-length": `${content.length}`,
    });
    expectOurHeaders(answer);
  });

  test.each(["bytes=10-", "bytes=20-30", "bytes=-0"])("%s is outside of the file", async (range) => {
    const answer = await ask(server.url, "/digits.txt", { Range: range });
    expect(answer).toMatchObject({ status: 416, body: "The file has no such range.\n" });
    expect(answer.headers["content-range"]).toBe("bytes */10");
    expect(answer.headers["etag"]).toBeUndefined();
    expectOurHeaders(answer);
  });

  test.each(["lines=0-1", "bytes=0-1,4-5", "bytes 0-1"])("%s is answered with the whole", async (range) => {
    expect(await ask(server.url, "/digits.txt", { Range: range })).toMatchObject({ status: 200, body: DIGITS });
  });

  test("a range of what the reader has already, else the whole", async () => {
    const { headers } = await ask(server.url, "/digits.txt");
    const ranged = (condition: string) => ask(server.url, "/digits.txt", { Range: "bytes=0-1", "If-Range": condition });
    expect(headers).toMatchObject({ "accept-ranges": "bytes" });
    expect((await ranged(headers["etag"] ?? "")).status).toBe(206);
    expect((await ranged(headers["last-modified"] ?? "")).status).toBe(206);
    expect((await ranged('"another"')).status).toBe(200);
    expect((await ranged("Thu, 01 Jan 1970 00:00:00 GMT")).status).toBe(200);
  });

  test("what has not changed is not sent again", async () => {
    const { headers } = await ask(server.url, "/digits.txt");
    const unchanged = await ask(server.url, "/digits.txt", { "If-None-Match": `"another", ${headers["etag"]}` });
    expect(unchanged).toMatchObject({ status: 304, body: "" });
    expectOurHeaders(unchanged);
    const since = headers["last-modified"] ?? "";
    expect((await ask(server.url, "/digits.txt", { "If-Modified-Since": since })).status).toBe(304);
    expect((await ask(server.url, "/digits.txt", { "If-None-Match": '"another"' })).status).toBe(200);
    const changed = await ask(server.url, "/digits.txt", { "If-Match": '"another"' });
    expect(changed.status).toBe(412);
    expectOurHeaders(changed);
  });
});

test("a taken port is said with what to do", async () => {
  const port = Number(new URL(server.url).port);
  await expect(probePort(port)).rejects.toThrow(`PORT=${port + 1} npm start`);
});
