import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { ISOLATION_HEADERS, SECURITY_HEADERS } from "./http-headers.ts";

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
  /** False leaves out the headers that give the page shared memory, to see what the page then says. */
  readonly isolated?: boolean;
  /** Sent with every answer, in place of ours of the same names. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface StaticServer {
  readonly url: string;
  close(): Promise<void>;
}

/** The path below a folder that a request names, or undefined when it names none or climbs out. */
function requestedPath(url: string): string | undefined {
  let path: string;
  try {
    path = decodeURIComponent(url.split("?", 1)[0] as string);
  } catch {
    return undefined;
  }
  if (path.includes("\0") || path.split(/[/\\]/).some((part) => part.startsWith("."))) return undefined;
  return path.endsWith("/") ? `${path}index.html` : path;
}

interface FoundFile {
  readonly path: string;
  readonly byteLength: number;
  readonly etag: string;
}

async function findFile(folders: readonly string[], path: string): Promise<FoundFile | undefined> {
  for (const folder of folders) {
    const candidate = join(folder, path);
    if (!candidate.startsWith(folder + sep)) continue;
    const found = await stat(candidate).catch(() => undefined);
    if (!found?.isFile()) continue;
    return {
      path: candidate,
      byteLength: found.size,
      etag: `"${found.size.toString(36)}-${found.mtimeMs.toString(36)}"`,
    };
  }
  return undefined;
}

/** Names with a hash of their content never change their meaning. */
function cacheControl(path: string): string {
  const immutable = path.startsWith("/assets/") || path.startsWith("/guests/chunks/");
  return immutable ? "public, max-age=31536000, immutable" : "no-cache";
}

async function answer(request: IncomingMessage, response: ServerResponse, options: StaticServerOptions): Promise<void> {
  const isolation = options.isolated === false ? {} : ISOLATION_HEADERS;
  const headers = { ...SECURITY_HEADERS, ...isolation, ...options.headers };
  const refuse = (status: number, text: string): void => {
    response.writeHead(status, { ...headers, "Content-Type": "text/plain; charset=utf-8" }).end(`${text}\n`);
  };
  if (request.method !== "GET" && request.method !== "HEAD") return refuse(405, "Only GET and HEAD are answered.");
  const path = requestedPath(request.url ?? "/");
  const file = path === undefined ? undefined : await findFile(options.folders, path);
  if (path === undefined || !file) return refuse(404, "There is no such file.");
  const validators = { ...headers, ETag: file.etag, "Cache-Control": cacheControl(path) };
  if (request.headers["if-none-match"] === file.etag) {
    response.writeHead(304, validators).end();
    return;
  }
  response.writeHead(200, {
    ...validators,
    "Content-Type": MIME_TYPES[extname(path)] ?? "application/octet-stream",
    "Content-Length": file.byteLength,
  });
  if (request.method === "HEAD") response.end();
  else await pipeline(createReadStream(file.path), response);
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
  const server = createServer((request, response) => {
    // A reader that goes away in the middle is no fault of ours; the answer ends with its connection.
    answer(request, response, options).catch(() => response.destroy());
  });
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
