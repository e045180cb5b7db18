import type { Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { extname } from "node:path";
import { pipeline } from "node:stream/promises";
import { isAllowedHost } from "./allowed-host.ts";
import { parseByteRange } from "./byte-range.ts";
import { judgeConditions, mayAnswerRange, type Validators } from "./conditions.ts";
import { ISOLATION_HEADERS, SECURITY_HEADERS } from "./http-headers.ts";
import { Refusal } from "./refusal.ts";
import { openFile, requestedPath } from "./requested-file.ts";

const MIME_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
};

export interface StaticServerOptions {
  /** Absolute paths; the first folder that has the file answers. */
  readonly folders: readonly string[];
  /** 0 takes any free port. */
  readonly port: number;
  readonly hostname?: string;
  /** Names, in lower case, that a Host header may have beside loopback's and the address reached. */
  readonly allowedHosts?: readonly string[];
  /** False leaves out the headers that give the page shared memory, to see what the page then says. */
  readonly isolated?: boolean;
  /** Sent with every answer, in place of ours of the same names. */
  readonly headers?: Headers;
}

export interface StaticServer {
  readonly url: string;
  close(): Promise<void>;
}

type Headers = Readonly<Record<string, string>>;

/** Names with a hash of their content never change their meaning. */
function cacheControl([first, second]: readonly string[]): string {
  const immutable = first === "assets" || (first === "guests" && second === "chunks");
  return immutable ? "public, max-age=31536000, immutable" : "no-cache";
}

function validatorsOf({ size, mtimeMs, mtime }: Stats): Validators {
  return { etag: `"${size.toString(36)}-${mtimeMs.toString(36)}"`, lastModified: mtime.toUTCString() };
}

/** Throws a `Refusal` for what is not a request to read from this server. */
function check(request: IncomingMessage, allowedHosts: readonly string[]): void {
  const [host, ...others] = request.headersDistinct["host"] ?? [];
  if (host === undefined || others.length > 0) throw new Refusal(400, "A request names its host, once.");
  if (!isAllowedHost(host, request.socket.localAddress, allowedHosts)) {
    throw new Refusal(
      421,
      "This server does not go by the name in the request's Host header. Open it as localhost, or start it with --allow-host NAME.",
    );
  }
  if (request.method !== "GET" && request.method !== "HEAD")
    throw new Refusal(405, "Only GET and HEAD are answered.", { Allow: "GET, HEAD" });
  if (request.headers.expect !== undefined) throw new Refusal(417, "A request to read has nothing to expect.");
}

const STATUS_OF_ERROR: Headers = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/** Answers requests with files or refusals; all that leaves it has the same headers. */
class Answerer {
  readonly #folders: readonly string[];
  readonly #allowedHosts: readonly string[];
  readonly #headers: Headers;

  constructor({ folders, allowedHosts = [], isolated = true, headers }: StaticServerOptions) {
    this.#folders = folders;
    this.#allowedHosts = allowedHosts;
    this.#headers = { ...SECURITY_HEADERS, ...(isolated ? ISOLATION_HEADERS : {}), ...headers };
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let file: FileHandle | undefined;
    try {
      check(request, this.#allowedHosts);
      const path = requestedPath(request.url ?? "");
      file = await openFile(this.#folders, path);
      await this.#send(request, response, file, path);
    } catch (error) {
      // Once its beginning is out, a refusal would be read as the file's content.
      if (response.headersSent) response.destroy();
      else this.#refuse(response, error instanceof Refusal ? error : new Refusal(500, "The file cannot be read."));
    } finally {
      await file?.close().catch(() => {});
    }
  }

  async #send(request: IncomingMessage, response: ServerResponse, file: FileHandle, path: readonly string[]) {
    const stats = await file.stat();
    const validators = validatorsOf(stats);
    const verdict = judgeConditions(request.headers, validators);
    if (verdict === "failed") throw new Refusal(412, "The file is not the one that the request's conditions name.");
    const headers = {
      ...this.#headers,
      ETag: validators.etag,
      "Last-Modified": validators.lastModified,
      "Cache-Control": cacheControl(path),
    };
    if (verdict === "not modified") return void response.writeHead(304, headers).end();

    const wanted = mayAnswerRange(request.headers, validators) ? (request.headers.range ?? "") : "";
    const range = parseByteRange(wanted, stats.size);
    if (range === "outside")
      throw new Refusal(416, "The file has no such range.", { "Content-Range": `bytes */${stats.size}` });
    const { first, last } = range ?? { first: 0, last: stats.size - 1 };
    response.writeHead(range ? 206 : 200, {
      ...headers,
      ...(range ? { "Content-Range": `bytes ${first}-${last}/${stats.size}` } : {}),
      "Accept-Ranges": "bytes",
      "Content-Type": MIME_TYPES[extname(path.at(-1) ?? "")] ?? "application/octet-stream",
      "Content-Length": last - first + 1,
    });
    if (request.method === "HEAD" || last < first) return void response.end();
    await pipeline(file.createReadStream({ start: first, end: last, autoClose: false }), response);
  }

  #refuse(response: ServerResponse, { status, message, headers }: Refusal): void {
    const body = Buffer.from(`${message}\n`);
    response.writeHead(status, {
      ...this.#headers,
      ...headers,
      "Content-Type": "text/plain; charset=utf-8",
      "Content-Length": body.length,
    });
    response.end(body);
  }

  /** What is not HTTP, or too much of it, gets the same headers and no more of the connection. */
  refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
    if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy();
    const status = STATUS_OF_ERROR[error.code ?? ""] ?? "400 Bad Request";
    const headers = { ...this.#headers, "Content-Length": "0", Connection: "close" };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status}\r\n${lines.join("")}\r\n`);
  }
}

function listen(server: Server, port: number, hostname: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      reject(taken ? new Error(`Port ${port} is taken. Choose another: PORT=${port + 1} npm start`) : error);
    });
    server.listen(port, hostname, () => resolve(server.address() as AddressInfo));
  });
}

/** Rejects when the port is taken, before long work is done for it. */
export async function probePort(port: number): Promise<void> {
  const server = createServer();
  await listen(server, port, "localhost");
  await new Promise((resolve) => server.close(resolve));
}

/** Serves folders over HTTP with the headers of `http-headers.ts`; resolves once it answers. */
export async function startStaticServer(options: StaticServerOptions): Promise<StaticServer> {
  const answerer = new Answerer(options);
  const answer = (request: IncomingMessage, response: ServerResponse) => void answerer.answer(request, response);
  const refuse = (error: Error, socket: unknown) => answerer.refuseConnection(error, socket as Socket);
  // Each of these events would otherwise be answered by Node itself, without our headers.
  const server = createServer({ requireHostHeader: false }, answer)
    .on("checkContinue", answer)
    .on("checkExpectation", answer)
    .on("connect", (_request, socket) => refuse(new Error("CONNECT is for proxies"), socket))
    .on("clientError", refuse);
  const { port } = await listen(server, options.port, options.hostname ?? "localhost");
  return {
    url: `http://localhost:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
