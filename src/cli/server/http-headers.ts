/** Headers that give the page shared memory: without all three there is no SharedArrayBuffer. */
export const ISOLATION_HEADERS: Readonly<Record<string, string>> = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

const POLICY: Readonly<Record<string, string>> = {
  "default-src": "'none'",
  "script-src": "'self' 'wasm-unsafe-eval'",
  "worker-src": "'self'",
  // xterm sizes its cells with style elements of its own.
  "style-src": "'self' 'unsafe-inline'",
  "img-src": "'self' data: blob:",
  "font-src": "'self' data:",
  "connect-src": "'self'",
  "manifest-src": "'self'",
  "base-uri": "'none'",
  "form-action": "'none'",
  "frame-ancestors": "'self'",
  // No string becomes markup or code; the one policy is the one in workers/worker-urls.ts.
  "require-trusted-types-for": "'script'",
  "trusted-types": "tabvisor-workers",
};

/** Our content security policy, with these directives in place of its own; what is undefined is left out. */
export function contentSecurityPolicy(changes: Readonly<Record<string, string | undefined>> = {}): string {
  return Object.entries({ ...POLICY, ...changes })
    .filter(([, sources]) => sources !== undefined)
    .map(([directive, sources]) => `${directive} ${sources}`)
    .join("; ");
}

/** The policy as the page's own meta tag has it, for hosts that send no such header; framing is not its to rule (CSP 3 §3.3). */
export function policyInPage(): string {
  return contentSecurityPolicy()
    .split("; ")
    .filter((directive) => !directive.startsWith("frame-ancestors "))
    .join("; ");
}

/** What every answer of the production server carries. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy": contentSecurityPolicy(),
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
};

/** As in production, but for what Vite's development client needs: an inline script and a web socket. */
export const DEVELOPMENT_HEADERS: Readonly<Record<string, string>> = {
  ...ISOLATION_HEADERS,
  ...SECURITY_HEADERS,
  "Content-Security-Policy": contentSecurityPolicy({
    "script-src": `${POLICY["script-src"]} 'unsafe-inline'`,
    "connect-src": "'self' ws: wss:",
  }),
};
