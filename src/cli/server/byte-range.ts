/** Bytes of a file, both ends included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

const ONE_RANGE = /^bytes=[ \t]*(?<first>\d*)-(?<last>\d*)[ \t]*$/i;

/**
 * The part of a file that a Range header asks for (RFC 9110 §14.1.2). Undefined, so the whole file, where it asks for
 * something else than one range of bytes; "outside" where the file has none of those bytes.
 */
export function parseByteRange(header: string, byteLength: number): ByteRange | "outside" | undefined {
  const { first = "", last = "" } = ONE_RANGE.exec(header)?.groups ?? {};
  if (first === "" && last === "") return undefined;
  const isSuffix = first === "";
  if (!isSuffix && last !== "" && Number(first) > Number(last)) return undefined;
  const from = isSuffix ? Math.max(0, byteLength - Number(last)) : Number(first);
  if (from >= byteLength) return "outside";
  const to = isSuffix || last === "" ? byteLength - 1 : Math.min(Number(last), byteLength - 1);
  return { first: from, last: to };
}
