import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { ISOLATION_HEADERS, SECURITY_HEADERS } from "./http-headers.ts";
import { DIGITS, makeSite, SECRET, sendRaw, type RawAnswer } from "./server.fixture.ts";
import { startStaticServer } from "./static-server.ts";

const REQUESTS = Number(process.env["SERVER_FUZZ_REQUESTS"] ?? 2000);
const SEED = Number(process.env["SERVER_FUZZ_SEED"] ?? 1);

const piece = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom("/", "//", "\\", "..", ".", "%2e", "%2E%2e", "%2f", "%5c", "%00", "%", "%c0%ae"),
  },
  { weight: 3, arbitrary: fc.constantFrom("index.html", "digits.txt", "assets", "a-1.js", "guests/chunks/abc") },
  {
    weight: 3,
    arbitrary: fc.constantFrom("file-link.json", "folder-link", "secret.json", ".built-from", "hidden-link"),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("?", "#", ":", ";", "*", "http://", "localhost", "~", "CON", "::$DATA"),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 6 }).map(encodeURI) },
  { weight: 1, arbitrary: fc.constantFrom(" ", "\t", "\u0000", "\u007f", "é", "你", "\ud800") },
);

const target = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("/", "/digits.txt", "/assets/a-1.js", "/file-link.json") },
  { weight: 3, arbitrary: fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => `/${pieces.join("")}`) },
  { weight: 2, arbitrary: fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => `/${pieces.join("/")}`) },
  { weight: 1, arbitrary: fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join("")) },
);

const position = fc.oneof(
  { weight: 2, arbitrary: fc.constant("") },
  { weight: 6, arbitrary: fc.nat({ max: 12 }) },
  { weight: 1, arbitrary: fc.constantFrom("-1", "1e3", "x", "4294967296", "9".repeat(400)) },
);
const range = fc.tuple(position, position).map(([first, last]) => `${first}-${last}`);

const header = fc.oneof(
  fc.constantFrom("localhost", "[::1]", "127.0.0.1:80", "evil.example", "").map((host) => ["Host", host]),
  fc
    .tuple(
      fc.constantFrom("bytes=", "bytes=", "bytes=", "bytes ", "lines=", ""),
      fc.array(range, { minLength: 1, maxLength: 2 }),
    )
    .map(([unit, ranges]) => ["Range", unit + ranges.join(",")]),
  fc.tuple(
    fc.constantFrom("If-Match", "If-None-Match", "If-Range", "If-Modified-Since", "If-Unmodified-Since"),
    fc.oneof(
      fc.constantFrom("*", '"x"', 'W/"x"', "Thu, 01 Jan 1970 00:00:00 GMT", "never"),
      fc.string({ maxLength: 9 }),
    ),
  ),
  fc.constantFrom(
    ["Expect", "100-continue"],
    ["Upgrade", "websocket"],
    ["If-None-Match", "*"],
    ["Transfer-Encoding", "chunked"],
    ["Content-Length", "5"],
  ),
  fc.tuple(fc.constantFrom("X", "Cookie", "Accept-Encoding", "Connection"), fc.string({ maxLength: 20 })),
);

const method = fc.oneof(
  { weight: 6, arbitrary: fc.constant("GET") },
  { weight: 2, arbitrary: fc.constantFrom("HEAD", "POST", "OPTIONS", "CONNECT", "TRACE", "get", "PRI", "") },
);

const request = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .tuple(
        method,
        target,
        fc.array(header, { maxLength: 4 }),
        fc.constantFrom("1.1", "1.1", "1.1", "1.1", "1.0", "2.0"),
      )
      .map(([verb, path, headers, version]) => {
        const host = headers.some(([name]) => name === "Host") ? [] : [["Host", "localhost"]];
        const lines = [...host, ...headers, ["Connection", "close"]].map(([name, value]) => `${name}: ${value}\r\n`);
        return Buffer.from(`${verb} ${path} HTTP/${version}\r\n${lines.join("")}\r\n`, "utf8");
      }),
  },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.concat([bytes, END])) },
);

const END = Buffer.from("\r\n\r\n");
const HEADERS = Object.entries({ ...ISOLATION_HEADERS, ...SECURITY_HEADERS });

function expectHarmless({ status, headers, body }: RawAnswer, sent: Buffer): void {
  const about = JSON.stringify(sent.toString("latin1"));
  expect(status, about).toBeGreaterThanOrEqual(200);
  expect(status, about).toBeLessThan(500);
  for (const [name, value] of HEADERS) expect(headers[name.toLowerCase()], `${name} after ${about}`).toBe(value);
  expect(body, about).not.toContain(SECRET);
  const [, first, last] = /^bytes (\d+)-(\d+)\/10$/.exec(headers["content-range"] ?? "") ?? [];
  if (status === 206 && first !== undefined && body !== "" && headers["content-type"]?.startsWith("text/plain"))
    expect(body, about).toBe(DIGITS.slice(Number(first), Number(last) + 1));
}

test(`${REQUESTS} hostile requests get no secret, no failure, and our headers`, { timeout: 300_000 }, async () => {
  const site = makeSite();
  const server = await startStaticServer({ folders: site.folders, port: 0 });
  onTestFinished(async () => {
    await server.close();
    site.remove();
  });
  const statuses = new Map<number, number>();
  const property = fc.asyncProperty(request, async (sent) => {
    const answer = await sendRaw(server.url, sent);
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    expectHarmless(answer, sent);
  });
  await fc.assert(property, { numRuns: REQUESTS, seed: SEED });
  console.log(`answers by status: ${JSON.stringify(Object.fromEntries([...statuses].toSorted(([a], [b]) => a - b)))}`);
  // Each kind of answer was come by.
  for (const status of [200, 206, 304, 400, 404, 405, 412, 416, 417, 421])
    expect(statuses.get(status), `${status}`).toBeGreaterThan(0);
  expect((await fetch(server.url)).status).toBe(200);
});
