import { isIPv4 } from "node:net";

const HOST = /^(?<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/;

/** The name or address in a Host header, or undefined where that is none. */
function hostName(header: string): string | undefined {
  return HOST.exec(header.toLowerCase())?.groups?.["name"];
}

function isLoopback(name: string): boolean {
  return name === "localhost" || name === "[::1]" || (isIPv4(name) && name.startsWith("127."));
}

/** A socket's address as a URL writes it. */
function inUrl(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, "");
  return plain.includes(":") ? `[${plain}]` : plain;
}

/**
 * Whether a Host header means this server: loopback, the address that the request came to, or a name its owner allowed.
 * Any other name may be a stranger's that was made to point here, whose page would then read what this one may (DNS rebinding).
 */
export function isAllowedHost(header: string, reachedAt: string | undefined, allowed: readonly string[]): boolean {
  const name = hostName(header);
  if (name === undefined) return false;
  return isLoopback(name) || (reachedAt !== undefined && name === inUrl(reachedAt)) || allowed.includes(name);
}
