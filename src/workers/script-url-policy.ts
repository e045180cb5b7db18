/** What this asks of the browser's `trustedTypes`. */
export interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): unknown };
}

/**
 * Passes the given URLs, as they are spelled, in the form in which a content security policy with
 * `require-trusted-types-for 'script'` lets them become code; throws for any other. Browsers without Trusted Types get
 * the string.
 */
export function createScriptUrlPolicy(
  name: string,
  urls: readonly string[],
  trustedTypes = (globalThis as { readonly trustedTypes?: TrustedTypes }).trustedTypes,
): (url: string) => string {
  const createScriptURL = (url: string): string => {
    if (urls.includes(url)) return url;
    throw new TypeError(`"${url}" is no code of this page.`);
  };
  const policy = trustedTypes?.createPolicy(name, { createScriptURL }) ?? { createScriptURL };
  // `Worker` takes it, though the compiler's library for workers does not know of Trusted Types.
  return (url) => policy.createScriptURL(url) as string;
}
