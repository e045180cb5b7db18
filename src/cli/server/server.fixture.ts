import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const SCRIPT = "export {};";
export const DIGITS = "0123456789";

/** What stands beside the served folders, and in hidden files inside: no answer may have it. */
export const SECRET = "not for the world";

export interface Site {
  readonly folders: readonly string[];
  remove(): void;
}

/** Two folders to serve, with links to what may not be read. */
export function makeSite(): Site {
  const scratch = mkdtempSync(join(tmpdir(), "tabvisor-server-"));
  const page = join(scratch, "page");
  const shared = join(scratch, "public");
  mkdirSync(join(page, "assets"), { recursive: true });
  mkdirSync(join(shared, "guests/chunks"), { recursive: true });
  mkdirSync(join(scratch, "outside"));
  writeFileSync(join(scratch, "secret.json"), SECRET);
  writeFileSync(join(scratch, "outside/secret.json"), SECRET);
  writeFileSync(join(page, ".built-from"), SECRET);
  writeFileSync(join(page, "index.html"), "<!doctype html>");
  writeFileSync(join(page, "assets/a-1.js"), SCRIPT);
  writeFileSync(join(shared, "index.json"), "{}");
  writeFileSync(join(shared, "digits.txt"), DIGITS);
  writeFileSync(join(shared, "empty.txt"), "");
  writeFileSync(join(shared, "100%25.txt"), "a name with a % in it");
  writeFileSync(join(shared, "guests/chunks/abc"), "chunk");
  symlinkSync("../secret.json", join(page, "file-link.json"));
  symlinkSync("../outside", join(page, "folder-link"));
  symlinkSync(join(scratch, "secret.json"), join(shared, "absolute-link.json"));
  symlinkSync(".built-from", join(page, "hidden-link"));
  symlinkSync("index.html", join(page, "inner-link.html"));
  return { folders: [page, shared], remove: () => rmSync(scratch, { recursive: true }) };
}

export interface RawAnswer {
  /** NaN where the bytes are no answer. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function parseAnswer(text: string): RawAnswer {
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const [statusLine = "", ...lines] = head.split("\r\n");
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
  return { status, headers: Object.fromEntries(headers), body: rest.join("\r\n\r\n") };
}

/** Sends bytes as they are on a connection of their own and resolves with what came until the server closed it. */
export function sendRaw(url: string, request: string | Uint8Array): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(request));
    socket
      .setEncoding("latin1")
      .on("data", (piece) => {
        text += String(piece);
      })
      .once("close", () => resolve(parseAnswer(text)))
      .once("error", reject);
  });
}

/** A request as it is written: `fetch` would tidy its path and refuse some of its headers. */
export function ask(
  url: string,
  target: string,
  headers: Readonly<Record<string, string>> = {},
  method = "GET",
): Promise<RawAnswer> {
  const all = { Host: new URL(url).host, ...headers, Connection: "close" };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return sendRaw(url, `${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`);
}
